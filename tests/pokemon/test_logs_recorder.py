"""Recording along with a batch, and the command line over what was recorded."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from extras.pokemon import logs
from extras.pokemon.logs.__main__ import main
from harness import registry
from harness.implementations import Batch, make_batch

ENTRY = registry.get("pokemon")
PAGE = Path(__file__).resolve().parents[2] / "docs/pokemon-logs.md"
KNOWN = 224
"""What is observed without full information comes first."""


def backend(name: str) -> str:
    if name == "rust":
        rust = pytest.importorskip("samestep_rust")
        if "pokemon" not in rust.env_names():
            pytest.skip("samestep_rust was built without pokemon")
    return name


class Played:
    """Instances at random, recorded; beside every record what was observed of it.

    Args:
        twin: tells what a built-in opponent may choose.
    """

    def __init__(self, batch: Batch, recorder: logs.Recorder, opponent: int, twin: Any) -> None:
        self.batch, self.recorder = batch, recorder
        self.opponent, self.twin = opponent, twin
        self.records: list[tuple[logs.Battle, np.ndarray, np.ndarray]] = []

    def run(self, seed: int, steps: int) -> None:
        rng = np.random.default_rng(seed)
        obs, legal = self.batch.reset(seed), self.batch.legal()
        met: list[list[np.ndarray]] = [[one.copy()] for one in obs]
        for _ in range(steps):
            assert legal is not None
            actions = (rng.random(legal.shape) * legal).argmax(-1).astype(np.int32)
            both = actions
            if self.opponent:
                rows = self.batch.export_state()
                both = logs.with_opponent(actions, rows, self.opponent, self.twin)
            step = self.batch.step(actions)
            legal = step.legal
            finished = iter(self.recorder.step(both, step.terminated))
            for index, ended in enumerate(step.terminated):
                met[index].append((step.final_obs if ended else step.obs)[index].copy())
                if ended:
                    record = (next(finished), np.stack(met[index]), step.reward[index].copy())
                    self.records.append(record)
                    met[index] = [step.obs[index].copy()]
            assert next(finished, None) is None


@pytest.mark.parametrize("name", ["reference", "rust"])
@pytest.mark.parametrize("format", [0, 2])
def test_a_record_plays_what_was_played(name: str, format: int, tmp_path: Path) -> None:
    batch = make_batch(ENTRY, backend(name), 4, {"format": format})
    played = Played(batch, logs.Recorder(3, 4, format), 0, None)
    played.run(3, 150)
    assert len(played.records) >= 4
    logs.write(tmp_path / "battles", [battle for battle, _, _ in played.records])
    back = logs.read(tmp_path / "battles")
    for battle, (_, met, reward) in zip(back, played.records, strict=True):
        seen = logs.observe(battle, name)
        assert np.array_equal(seen.observations[..., :KNOWN], met)
        expected = 3 if reward[0] == reward[1] else 1 if reward[0] > reward[1] else 2
        assert seen.winner == expected
    for battle in played.recorder.unfinished():
        assert logs.observe(battle, name).winner == 0


@pytest.mark.parametrize("opponent", [1, 2])
def test_a_built_in_opponents_choices_are_recorded(opponent: int) -> None:
    batch = make_batch(ENTRY, "reference", 3, {"opponent": opponent})
    twin = make_batch(ENTRY, "reference", 3, {})
    twin.reset(0)
    played = Played(batch, logs.Recorder(5, 3), opponent, twin)
    played.run(5, 90)
    assert played.records
    for battle, met, reward in played.records:
        seen = logs.observe(battle, "reference")
        assert np.array_equal(seen.observations[:, 0, :KNOWN], met)
        assert seen.winner == {1.0: 1, -1.0: 2, 0.0: 3}[float(reward)]


def test_a_part_of_a_batch_is_recorded_as_in_the_whole() -> None:
    none, ended = np.zeros((2, 2), np.int32), np.array([True, False])
    whole = logs.Recorder(9, 4)
    part = logs.Recorder(9, 2, first_index=2)
    for _ in range(3):
        expected = whole.step(np.tile(none, (2, 1)), np.tile(ended, 2))
        (found,) = part.step(none, ended)
        assert found.same_as(expected[1])
        assert not found.same_as(expected[0])
    assert [len(battle.actions) for battle in part.unfinished()] == [0, 3]


def test_other_shapes_are_refused() -> None:
    recorder = logs.Recorder(0, 3)
    said = r"^actions are \(3,\), ended \(3,\); accepted: \(3, 2\) and \(3,\)$"
    with pytest.raises(ValueError, match=said):
        recorder.step(np.zeros(3, np.int32), np.zeros(3, np.bool_))


def test_the_page_s_python_runs(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    backend("rust")
    monkeypatch.chdir(tmp_path)
    for block in re.findall(r"^```python\n(.*?)^```$", PAGE.read_text(), re.MULTILINE | re.DOTALL):
        exec(block, {"__name__": "__main__"})
    assert len(logs.read("battles.g1")) >= 10


def run(capsys: pytest.CaptureFixture[str], *arguments: object) -> tuple[int, str, str]:
    status = main([str(argument) for argument in arguments])
    said = capsys.readouterr()
    return status, said.out, said.err


def test_the_commands(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    path = tmp_path / "battles"
    on = ("--backend", "reference")
    status, out, _ = run(capsys, "record", path, "--battles", 2, "--seed", 4, *on)
    assert (status, out.startswith(f"{path}: 2 battles, ")) == (0, True)
    _, listed, _ = run(capsys, "list", path)
    assert re.match(r"1: gen1randombattle, pair \d+ of its pool, seed [0-9A-F]{16}, \d+ ", listed)
    shown = {
        kind: run(capsys, "show", path, "--battle", 2, kind, *on)[1]
        for kind in ("--text", "--protocol", "--raw", "--html")
    }
    assert shown["--text"].splitlines()[0] in listed
    assert "\n|turn|1\n" in shown["--protocol"]
    assert "|split|" not in shown["--protocol"]
    assert "\n|split|p1\n" in shown["--raw"]
    assert "battle-log-data" in shown["--html"]
    _, hidden, _ = run(capsys, "show", path, "--battle", 2, "--protocol", "--viewer", "p1")
    assert re.search(r"^\|switch\|p2a: .*\|\d+/100", hidden, re.MULTILINE)
    assert not re.search(r"^\|switch\|p2a: .*\|\d+/100", shown["--protocol"], re.MULTILINE)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("show", "{there}", "--battle", 3), "{there} holds no battles"),
        (("show", "{one}", "--battle", 3), "--battle 3; accepted: 1 to 1"),
        (("show", "{missing}"), "{missing}: No such file or directory"),
        (("list", "{broken}"), "{broken} is no file of battles: it does not begin with GEN1LOGS"),
        (("record", "{there}", "--battles", 0), "--battles 0; accepted: integers from 1"),
        (("record", "{there}", "--seed", -1), "--seed -1; accepted: integers from 0 to 2**64 - 1"),
        (
            ("record", "{there}", "--backend", "rsut"),
            "pokemon has no implementation 'rsut'; accepted: reference, ",
        ),
    ],
)
def test_bad_input_is_one_line(
    arguments: tuple[Any, ...], said: str, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    places = {name: str(tmp_path / name) for name in ("there", "one", "missing", "broken")}
    logs.write(places["there"], [])
    logs.write(places["one"], [logs.from_key((1, 2), 0, [])])
    Path(places["broken"]).write_text("something else")
    given = [str(argument).format(**places) for argument in arguments]
    status, out, err = run(capsys, *given)
    assert (status, out) == (2, "")
    assert err.startswith(f"error: {said.format(**places)}")
    assert err.count("\n") == 1
