"""The page says what the records say, and needs nothing but itself."""

from __future__ import annotations

import json
import re
import shlex
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from harness import report
from harness.errors import UserError
from tests.report import made_up
from tests.report.dom import Dom

ROOT = Path(__file__).resolve().parents[2]
SECTIONS = ("speed", "verification", "mutants", "training-speed", "learning", "transfer")
COMMANDS = {
    "speed": "make bench ENV=pong",
    "verification": "make verify ENV=pong",
    "mutants": "make mutants ENV=pong",
    "training-speed": "make bench ENV=pong KIND=ppo",
    "learning": "make train ENV=pong BACKEND=rust",
    "transfer": "make transfer ENV=pong",
}


@pytest.fixture
def results(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    root = tmp_path / "results"
    root.mkdir()
    monkeypatch.setenv("SAMESTEP_RESULTS", str(root))
    return root


@pytest.fixture
def full(results: Path) -> Path:
    made_up.write(results)
    return results


@pytest.fixture(scope="module")
def shown(tmp_path_factory: pytest.TempPathFactory) -> Dom:
    """The page of `full`, drawn once for all that only read it."""
    root = tmp_path_factory.mktemp("shown") / "results"
    made_up.write(root)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SAMESTEP_RESULTS", str(root))
        return page(root)


def html(results: Path, env: str = "pong") -> str:
    assert report.run(report.Args(env=env, wandb=False)) == 0
    return (results / "report" / "index.html").read_text()


def page(results: Path, env: str = "pong") -> Dom:
    return Dom(html(results, env))


def row(dom: Dom, section: str, *first: str) -> list[str]:
    """The row of a section that begins so."""
    found = [r for r in dom.rows[f"pong-{section}"] if r[: len(first)] == list(first)]
    assert len(found) == 1, dom.rows[f"pong-{section}"]
    return found[0]


def test_every_section_is_there_and_says_where_it_comes_from(shown: Dom) -> None:
    for section in SECTIONS:
        text = shown.text[f"pong-{section}"]
        assert "makes it" not in text.replace("makes it anew", "")
        if section != "mutants":  # whose record carries neither
            assert "commit 0123456789" in text
            assert "2026-03-02 10:20 UTC" in text
            assert "A <Fast> Processor & Sons, 4 cores" in text
    assert "results/bench/pong.jsonl" in shown.text["pong-speed"]
    assert "results/mutants/pong.json" in shown.text["pong-mutants"]
    assert "A <Fast> Processor & Sons" in shown.text["machines"]
    assert len(shown.ids) == len(set(shown.ids))


def test_a_missing_section_says_what_makes_it(results: Path) -> None:
    dom = page(results)
    for section, command in COMMANDS.items():
        line = " ".join(dom.text[f"pong-{section}"].split())
        assert line.endswith(f": {command} makes it.")
    assert "machines" not in dom.text


def test_all_environments_are_there_unless_told(full: Path) -> None:
    text = html(full, env="")
    assert '<article id="halfcheetah">' in text
    assert '<article id="halfcheetah">' not in html(full, env="pong")
    with pytest.raises(UserError, match=r"unknown ENV 'pnog'; accepted: pong"):
        report.run(report.Args(env="pnog", wandb=False))


def test_speeds_and_ratios_are_the_records(shown: Dom) -> None:
    assert row(shown, "speed", "rust", "107 M 14.4\N{MULTIPLICATION SIGN}") == [
        *("rust", "107 M 14.4\N{MULTIPLICATION SIGN}", "178 M!"),
    ]
    whole = row(shown, "speed", "jax", "64", "1")
    assert whole == [
        *("jax", "64", "1", "26,200,000", "524 K", "1.0 %", "5", "12.2 s", "ok: 18d0f78a"),
    ]
    assert "987,654,321" not in shown.text["pong-speed"], "a line of an older commit"
    assert row(shown, "speed", "puffer", "7.45 M* 1.00\N{MULTIPLICATION SIGN}")


def test_training_speeds_have_their_shares(shown: Dom) -> None:
    assert row(shown, "training-speed", "rust-ffi") == [
        *("rust-ffi", "1.23 M", "3.00\N{MULTIPLICATION SIGN}", "12.5 %", "25.0 %", "62.5 %"),
    ]
    assert "6,020 parameters, batch 64, 1 thread" in shown.text["pong-training-speed"]


def test_verification_tells_counts_errors_and_that_the_sources_changed(shown: Dom) -> None:
    assert row(shown, "verification", "rust", "41") == ["rust", "41", "52,431", "0", "0", "skip8"]
    assert row(shown, "verification", "rust skip8", "1,234") == [
        *("rust skip8", "1,234", "5.5e-08", "1.2e-07", "3"),
    ]
    text = shown.text["pong-verification"]
    assert "the proof does not hold" in text
    assert "rust (median 21.5)" in text, "the picture of free runs"


def test_a_proof_of_these_sources_is_said_to_be_one(full: Path) -> None:
    from harness import registry
    from harness.proof_hash import proof_hash

    record = made_up.verify() | {"hash": proof_hash(registry.get("pong"))}
    (full / "verify" / "pong.json").write_text(json.dumps(record))
    assert "as they are here" in page(full).text["pong-verification"]


def test_planted_bugs_and_survivors(shown: Dom) -> None:
    assert row(shown, "mutants", "sampled", "2") == ["sampled", "2", "1", "50.0 %"]
    survivor = row(shown, "mutants", "src/rules.rs:1:2: replace > with >= in clip")
    assert survivor[1] == "at equality both are the same <number>"


def test_learning_has_a_line_a_run(shown: Dom) -> None:
    assert row(shown, "learning", "rust", "1") == [
        *("rust", "1", "2,555,904", "44.0 s", "65.5 K", "12.5 %"),
        *("19.75 \N{PLUS-MINUS SIGN} 1.25", "15.00 to 21.00", "100"),
    ]
    assert "mean score after 43.0 s: PPO over jax" in shown.text["pong"], "the faster of equals"
    assert len([r for r in shown.rows["pong-learning"] if r[0] in ("rust", "jax")]) == 3


def test_transfer_has_verdicts_tests_and_means(shown: Dom) -> None:
    record = made_up.transfer()
    mean = sum(record["returns"]["rust-s0"]["rust"]) / 200
    assert row(shown, "transfer", "rust-s0", "rust, seed 0")[4] == f"{mean:,.0f}"
    assert row(shown, "transfer", "reference", "noise floor 200 of 200 equal") == [
        *("reference", "noise floor 200 of 200 equal", "equivalent p = 0.00025"),
    ]
    whole = row(shown, "transfer", "rust-s0", "reference", "rust")
    assert whole[3:] == [
        *("200", "3,002", "3,000", "-1.25", "9.00", "-2.50 to 0.50", "0.00025", "0", "equivalent"),
    ]
    assert "2 % of trained minus random return" in shown.text["pong-transfer"]
    assert "trained on reference" in shown.text["pong-transfer"]
    assert row(shown, "transfer", "rust", "3") == ["rust", "3", "2,953", "2,905 to 3,000"]
    difference = row(shown, "transfer", "rust less reference")
    assert difference[1:] == ["-10.00", "-95.50 to 80.25"]
    assert "Trained anew at commit cccccccccc, 2026-03-02" in shown.text["pong-transfer"]


def test_text_is_escaped(full: Path) -> None:
    text = html(full)
    assert "A &lt;Fast&gt; Processor &amp; Sons" in text
    assert "<Fast>" not in text
    own = made_up.line("<script>alert(1)</script>", 5e5, check='"><b>')
    rows = [*made_up.bench(), own]
    (full / "bench" / "pong.jsonl").write_text(made_up.lines_of(rows))
    dom = page(full)
    assert "script" not in dom.tags
    assert row(dom, "speed", "<script>alert(1)</script>", "64", "1")[-1] == '"><b>'


def test_nothing_is_fetched(full: Path) -> None:
    text = html(full)
    dom = Dom(text)
    assert all(each.startswith(("#", "data:")) for each in dom.addresses), dom.addresses
    outside = re.findall(r"url\(([^)]*)\)", text)
    assert all(each.startswith("#") for each in outside)
    assert "@import" not in text
    assert {"script", "iframe", "object"}.isdisjoint(dom.tags)


def test_the_newest_record_is_shown(full: Path) -> None:
    published = full / "published"
    published.mkdir()
    later = made_up.transfer() | {"time": made_up.LATE, "episodes": 777}
    (published / "transfer-pong.json").write_text(json.dumps(later))
    older = made_up.verify() | {"time": made_up.OLD, "commit": "e" * 40}
    (published / "verify-pong.json").write_text(json.dumps(older))
    runs = [made_up.summary(seed) | {"curve": made_up.curve(seed)} for seed in range(2)]
    record = {"env": "pong", "runs": runs}
    (published / "train-pong.json").write_text(json.dumps(record))
    shutil.rmtree(full / "train")
    text = page(full).text
    assert "results/published/transfer-pong.json" in text["pong-transfer"]
    assert "777 paired episodes" in text["pong-transfer"]
    assert "passed over: results/transfer/pong.json" in text["pong-transfer"]
    assert "passed over: results/published/verify-pong.json" in text["pong-verification"]
    assert "e" * 10 not in text["pong-verification"]
    assert "results/published/train-pong.json" in text["pong-learning"]


@pytest.mark.parametrize("suffix", ["webp", "gif"])
def test_the_animated_picture_is_inside(full: Path, suffix: str) -> None:
    (full / "published").mkdir()
    frames = [Image.new("RGB", (40, 20), color) for color in ("red", "blue")]
    path = full / "published" / f"policy-pong.{suffix}"
    frames[0].save(path, save_all=True, append_images=frames[1:])
    moving = [each for each in page(full).addresses if each.startswith(f"data:image/{suffix}")]
    assert len(moving) == {"webp": 2, "gif": 1}[suffix]  # the still one is WebP as well


DAMAGE: dict[str, tuple[str, str, str]] = {
    "cut off": ("verify/pong.json", '{"env": "pong", "ok": tr', "not JSON"),
    "not an object": ("mutants/pong.json", "[1, 2]", "no JSON object"),
    "lacks a field": ("transfer/pong.json", '{"env": "pong"}', "lacks 'episodes'"),
    "another kind of value": ("verify/pong.json", '{"summary": 3, "rollouts": 1}', "not as it was"),
    "not text": ("mutants/pong.json", "\udcff\udcfe", "cannot be read (not text)"),
    "a run": ("train/pong-rust-s0/summary.json", '{"env": "pong"', "not JSON"),
}


@pytest.mark.parametrize("what", DAMAGE)
def test_a_damaged_file_is_one_line_and_the_rest_is_shown(
    full: Path, what: str, capsys: pytest.CaptureFixture[str]
) -> None:
    name, content, told = DAMAGE[what]
    (full / name).write_bytes(content.encode("utf-8", "surrogateescape"))
    text = html(full)
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith(f"harness report: results/{name}: ")
    assert told in line
    assert "Not all of the results could be read" in text
    assert f"results/{name}: " in text
    dom = Dom(text)
    assert row(dom, "training-speed", "rust-ffi")
    assert len(dom.rows["pong-speed"]) > 9


def test_damaged_lines_are_left_out(full: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = full / "bench" / "pong.jsonl"
    unusable: list[Any] = [
        made_up.line("rust", 0.0),
        made_up.line("rust", float("nan")),
        {**made_up.line("rust", 3.0), "batch": None},
    ]
    path.write_text(path.read_text() + made_up.lines_of(unusable) + '{"env": "pong", "im')
    dom = page(full)
    assert row(dom, "speed", "rust", "64", "1")[3] == "107,000,000"
    one, other = sorted(capsys.readouterr().err.splitlines())
    assert one.endswith("results/bench/pong.jsonl: 3 lines lack a setting or a speed; left out")
    assert re.search(r"results/bench/pong.jsonl: line \d+ is damaged; left out$", other)


def test_a_page_that_cannot_be_written_is_one_line(full: Path) -> None:
    (full / "report").write_text("in the way")
    with pytest.raises(UserError, match=r"^cannot write .*; set SAMESTEP_RESULTS to a folder"):
        html(full)


def test_the_page_before_stays_until_the_new_one_is_whole(
    full: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    html(full)
    path = full / "report" / "index.html"
    before = path.read_text()

    def cut_off(self: Path, text: str, **_: Any) -> int:
        with self.open("w") as file:
            file.write(text[:100])
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "write_text", cut_off)
    with pytest.raises(UserError, match="No space left on device"):
        html(full)
    assert path.read_text() == before


def test_the_command_line(full: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert report.main(["--env", "pong", "--no-wandb"]) == 0
    assert capsys.readouterr().out == f"wrote {full / 'report' / 'index.html'}\n"


@pytest.mark.parametrize(
    ("variables", "flags"),
    [
        ((), []),
        (("ENV=pong", "OPEN=1"), ["--env=pong", "--open"]),
        (("WANDB=0", "OPEN=0"), ["--no-wandb"]),
        (("WANDB=1",), []),
    ],
)
def test_the_make_target(variables: tuple[str, ...], flags: list[str]) -> None:
    make = shutil.which("make")
    assert make is not None
    done = subprocess.run(
        [make, "--dry-run", "report", *variables], cwd=ROOT, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    command = shlex.split(done.stdout.splitlines()[-1])
    assert command[command.index("report") + 1 :] == flags
