"""poke-env on Showdown's own server, and the same battles in the environment."""

from __future__ import annotations

import asyncio
import dataclasses
import importlib.util
import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from harness import registry
from harness.errors import UserError
from harness.implementations import make_batch
from references.pokemon import observation
from references.pokemon.data import package

pytest.importorskip("samestep_rust")
if importlib.util.find_spec("poke_env") is None:
    pytest.skip("poke-env is not installed; `make setup-trainers` does it", allow_module_level=True)

from poke_env.player import RandomPlayer, SimpleHeuristicsPlayer

from extras.pokemon.pokeenv import compare, requests
from extras.pokemon.pokeenv.players import PolicyPlayer, online, reproducible
from extras.pokemon.pokeenv.server import Seeds, Server
from tests.examples.run import ROOT

HEURISTICS = reproducible(SimpleHeuristicsPlayer)


@pytest.fixture(scope="module", autouse=True)
def needed() -> None:
    if shutil.which("node") is None:
        pytest.skip("needs Node.js")
    try:
        package.folder()
    except package.ShowdownMissingError as error:
        pytest.skip(str(error))


def served(number: int, battles: int) -> list[compare.Served]:
    begun = compare.starts(number, battles, seed=3)
    return compare.serve(number, begun, compare.witness(HEURISTICS))


def replayed(number: int, battles: list[compare.Served], seed: int) -> compare.Tally:
    batch = make_batch(registry.get("pokemon"), "rust", len(battles), {"format": number})
    batch.reset(seed)
    tally = compare.replay(battles, batch, HEURISTICS, number)
    batch.close()
    return tally


@pytest.mark.parametrize("number", [0, 1])
def test_choices_and_observations_are_the_servers(number: int) -> None:
    battles = served(number, 3)
    tally = replayed(number, battles, seed=3)
    assert tally.equal, tally.differences
    assert tally.same_observations == tally.decisions > 60, tally.differences
    wrong = replayed(number, battles, seed=4)  # other teams and seeds: that must not be equal
    assert not wrong.equal
    assert wrong.differences


@pytest.mark.parametrize(
    ("given", "complaint"),
    [
        ({"battles": 1}, r"battles is 1; accepted: 2 or more"),
        ({"player": "Ash"}, r"player is 'Ash'; accepted: SimpleHeuristicsPlayer, "),
        ({"impl": "fortran"}, r"pokemon has no implementation 'fortran'; accepted: reference, "),
    ],
)
def test_what_cannot_be_compared_is_refused(given: dict[str, Any], complaint: str) -> None:
    with pytest.raises(UserError, match=complaint):
        compare.compare(compare.Args(**given))


class Noted:
    """Acts by a fixed rule of what it sees, and keeps what it saw."""

    def __init__(self) -> None:
        self.seen: list[tuple[np.ndarray, np.ndarray, int]] = []

    def __call__(self, obs: np.ndarray, legal: np.ndarray, memory: Any) -> tuple[int, Any]:
        options = np.flatnonzero(legal)
        action = int(options[int(obs.sum()) % len(options)])
        self.seen.append((obs, legal, action))
        return action, (memory or 0) + 1


def test_a_policy_plays_as_a_poke_env_player() -> None:
    """On the server it sees what the environment shows, and its choices are the ones made there."""
    begun = compare.starts(0, 2, seed=9)
    policy = Noted()
    seeds = [Seeds(one.seed, compare.generator_seeds(one.pair)) for one in begun]
    with Server(seeds) as server:
        server.check()
        url = server.websocket_url
        ours = online(PolicyPlayer, "samestep", url, "gen1randombattle", policy=policy)
        theirs = online(reproducible(RandomPlayer), "poke env", url, "gen1randombattle")
        battles = ours.battle_against(theirs, n_battles=2)
        asyncio.run(compare.ended(battles, (ours, theirs), 60))
        records = server.records()
        process = server._process
        process.kill()
        process.wait()
        with pytest.raises(UserError, match=r"Showdown's server has ended \(-9\)"):
            server.check()
    batch = make_batch(registry.get("pokemon"), "rust", 2, {})
    batch.reset(9)
    saw = iter(policy.seen)
    for lane, record in enumerate(records):
        assert record.names == ("samestep", "poke env")
        sent = [iter([c for n, c in record.choices if n == side]) for side in (0, 1)]
        done = False
        while not done:
            row = batch.spec.unpack(batch.export_state())[lane]
            legal = batch.legal()
            assert legal is not None
            actions = legal.argmax(-1).astype(np.int32)
            for side in np.flatnonzero(row["request"]):
                request = requests.request_of(row, int(side))
                team = requests.team_of(row, int(side))
                actions[lane, side] = requests.action_of(next(sent[side]), request, team)
                if side == 0:
                    obs, mask, action = next(saw)
                    assert (obs == observation.observe(np.array([row]))[0, 0]).all()
                    assert (mask == legal[lane, 0]).all()
                    assert action == actions[lane, 0]
            done = bool(batch.step(actions).terminated[lane])
        batch.reset(9)
    assert next(saw, None) is None
    batch.close()
    assert ours._memories == {} == ours._observers


def test_a_server_says_why_it_does_not_start(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(UserError, match=rf"port {port} is taken; accepted: a free one, or 0"):
            Server(port=port)
    monkeypatch.setenv(package.VARIABLE, str(tmp_path))
    with pytest.raises(UserError, match=r"no pokemon-showdown in .*; run `make setup`"):
        Server()
    monkeypatch.delenv(package.VARIABLE)
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(UserError, match=r"needs Node\.js 20 or later, and there is no `node`"):
        Server()


def test_a_server_ends_with_whoever_started_it(tmp_path: Path) -> None:
    """Even if that one is killed."""
    code = """if True:
        import os, signal
        from extras.pokemon.pokeenv.server import Server
        server = Server()
        print(server.port, flush=True)
        os.kill(os.getpid(), signal.SIGKILL)
    """
    killed = subprocess.run(
        [sys.executable, "-c", code],
        cwd=ROOT,
        env={**os.environ, "TMPDIR": str(tmp_path)},
        capture_output=True,
        text=True,
    )
    assert killed.returncode == -9, killed.stderr
    for _ in range(200):
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", int(killed.stdout))) != 0:
                return
        time.sleep(0.05)
    raise AssertionError("the server is still there")


@pytest.fixture
def checkpoint(tmp_path: Path) -> Iterator[Path]:
    """A policy with fresh weights."""
    pytest.importorskip("jax")
    from ppo.checkpoints import save_policy
    from ppo.envs import layout_of
    from ppo.ppo import Agent, Args

    args = Args(env="pokemon", params={"opponent": 2}, num_envs=1, num_minibatches=1)
    args = dataclasses.replace(args, width=8)
    agent = Agent(args, layout_of(registry.get("pokemon"), args.params))
    path = tmp_path / "policy.ckpt"
    save_policy(path, args, agent.learned(0), {"steps": 0})
    yield path


def example(*options: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, str(ROOT / "examples" / "pokeenv_player.py"), *options]
    return subprocess.run(command, capture_output=True, text=True, timeout=240)


def test_the_example(checkpoint: Path) -> None:
    done = example(f"--policy={checkpoint}", "--battles=2", "--format=gen1ou")
    assert done.returncode == 0, done.stdout + done.stderr
    line = done.stdout.splitlines()[-1]
    assert line.startswith("done: 2 battles of gen1ou against MaxBasePowerPlayer: "), line


def test_the_examples_bad_input_is_one_line() -> None:
    done = example("--opponent=Ash")
    assert done.returncode == 2
    (line,) = done.stderr.splitlines()
    accepted = "RandomPlayer, MaxBasePowerPlayer, SimpleHeuristicsPlayer"
    assert line == f"pokeenv_player: opponent is 'Ash'; accepted: {accepted}"
