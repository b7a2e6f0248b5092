"""The bench as a whole, with implementations that are fast, missing, wrong, hanging or dying."""

from __future__ import annotations

import dataclasses
import io
import json
import os
import signal
import subprocess
import sys
import time
import types
from collections.abc import Iterator
from pathlib import Path

import pytest
from rich.console import Console

from harness import bench, fingerprint, registry
from harness.baselines import BASELINES, Baseline, Unavailable
from harness.benching import ours, plan
from harness.benching.job import Job, Refused
from harness.benching.measure import Timing
from harness.benching.pool import Worker
from harness.errors import UserError
from references.contract import Field

ROOT = Path(__file__).resolve().parents[2]
FAST = Timing(repeats=3, seconds=0.02, prepare_limit=20, grace=20)
FIELDS = [
    *("env", "impl", "kind", "variant", "params"),
    *("batch", "threads", "frame_skip", "precision"),
    *("sps_median", "sps_iqr", "cv", "repeats", "seconds_each", "compile_s"),
    *("check", "build", "commit", "dirty", "time", "fingerprint"),
]


@pytest.fixture
def results(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("SAMESTEP_RESULTS", str(tmp_path / "results"))
    return tmp_path / "results"


@pytest.fixture
def fakes(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Pong with peers of these tests' own; `steady` runs a process for every core."""
    names = {
        "steady": "Steady",
        "double": "Double",
        "slow": "Slow",
        "differs": "Differs",
        "missing": "Missing",
        "debug": "Debug",
        "breaks": "Breaks",
        "dies": "Dies",
        "hangs": "Hangs",
        "hangs-later": "HangsLater",
    }
    for name, fake in names.items():
        baseline = Baseline(f"tests.harness.bench_fakes:{fake}", processes=name == "steady")
        monkeypatch.setitem(BASELINES, name, baseline)
    monkeypatch.setattr(plan, "available_cores", lambda: (0, 0))
    pong = registry.get("pong")
    registry.register(dataclasses.replace(pong, baselines=tuple(names)))
    yield
    registry.register(pong)


def run(baselines: str, timing: Timing = FAST, **more: object) -> tuple[int, str]:
    """The exit status and what was printed."""
    args = bench.Args(
        env="pong",
        batch="10",
        backends="none",
        baselines=baselines,
        variant="skip8",
        **more,  # type: ignore[arg-type]
    )
    out = io.StringIO()
    status = bench.run(args, timing, Console(file=out, width=100))
    return status, out.getvalue()


def lines(results: Path) -> list[dict[str, object]]:
    path = results / "bench" / "pong.jsonl"
    return [json.loads(line) for line in path.read_text().splitlines()]


@pytest.mark.usefixtures("fakes")
def test_a_line_has_exactly_the_documented_fields(results: Path) -> None:
    status, _ = run("steady")
    assert status == 0
    records = lines(results)
    assert [list(record) for record in records] == [FIELDS] * 3
    assert [(r["impl"], r["threads"]) for r in records] == [
        ("reference", 1),
        ("steady", 1),
        ("steady", 2),
    ]
    one, two = records[1:]
    assert one["batch"] == two["batch"] == 10
    assert one["sps_median"] == pytest.approx(100_000)
    assert two["sps_median"] == pytest.approx(200_000)  # two processes, rates added
    assert one["repeats"] == 3
    assert one["check"] == "ok: 0badcafe"
    assert one["compile_s"] == 0.5
    assert one["frame_skip"] == 8
    assert (one["kind"], one["precision"], one["build"]) == ("random", "f32", "release")
    assert (one["variant"], one["params"]) == ("skip8", {"frame_skip": 8})
    fingerprint = one["fingerprint"]
    assert isinstance(fingerprint, dict)
    assert {"cpu", "cores", "gpu", "memory", "python", "numpy", "cc", "isa"} <= set(fingerprint)
    run("steady")
    assert len(lines(results)) == 6  # appended


@pytest.mark.usefixtures("fakes", "results")
def test_the_reference_carries_a_checksum_of_its_own_trace(results: Path) -> None:
    run("none")
    run("none")
    first, second = (record["check"] for record in lines(results))
    assert isinstance(first, str)
    assert first.startswith("ok: ")
    assert first == second


@pytest.mark.usefixtures("fakes")
def test_repeats_are_interleaved_and_never_overlap(
    results: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    log = tmp_path / "log"
    monkeypatch.setenv("FAKE_LOG", str(log))
    BASELINES["breaks"] = Baseline("tests.harness.bench_fakes:Steady")
    BASELINES["dies"] = Baseline("tests.harness.bench_fakes:Steady")
    monkeypatch.setattr(plan, "available_cores", lambda: (0,))
    run("breaks,dies")
    spans = [line.split() for line in log.read_text().splitlines()]
    assert [name for name, *_ in spans] == ["breaks", "dies"] * FAST.repeats
    ends = [float(end) for *_, end in spans]
    assert all(float(span[2]) >= end for span, end in zip(spans[1:], ends, strict=False))


@pytest.mark.usefixtures("fakes")
def test_what_needs_far_longer_than_asked_is_measured_twice_and_flagged(results: Path) -> None:
    _, out = run("slow,double")
    repeats = {record["impl"]: record["repeats"] for record in lines(results)}
    assert (repeats["slow"], repeats["double"]) == (2, 3)
    cells = [line.split("|") for line in out.splitlines() if line.count("|") > 6]
    shown = {row[2].strip(): row[5].strip() for row in cells}
    assert (shown["slow"], shown["double"]) == ("10.0 K*", "100 K")
    assert "*: the median of 2 repeats alone, each far longer than asked for." in out


@pytest.mark.usefixtures("fakes")
def test_a_precision_is_the_implementations_own(results: Path) -> None:
    _, out = run("double")
    precisions = {record["impl"]: record["precision"] for record in lines(results)}
    assert precisions == {"reference": "f32", "double": "f64"}
    assert sum("f64" in line for line in out.splitlines()) == 2  # on one thread and on two
    spec = registry.get("pong").spec
    assert ours.precision_of(spec, {}) == ours.reference_precision(spec) == "f32"
    wide = dataclasses.replace(spec, state=(*spec.state, Field("qpos", "f8", (9,))))
    assert ours.precision_of(wide, {}) == ours.reference_precision(wide) == "f64"


def test_the_fingerprint_has_compiler_and_instruction_set(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rust = types.SimpleNamespace(available_isas=lambda: ["baseline", "best"])
    monkeypatch.setitem(sys.modules, "samestep_rust", rust)
    compiler = tmp_path / "cc"
    compiler.write_text("#!/bin/sh\necho some-cc 1.2.3\necho more\n")
    compiler.chmod(0o755)
    monkeypatch.setenv("CC", str(compiler))
    told = fingerprint.fingerprint.__wrapped__()
    assert (told["cc"], told["isa"]) == ("some-cc 1.2.3", "best")
    monkeypatch.setenv("CC", "no-such-compiler")
    monkeypatch.setenv("PATH", str(tmp_path / "nothing"))
    monkeypatch.setitem(sys.modules, "samestep_rust", None)
    told = fingerprint.fingerprint.__wrapped__()
    assert (told["cc"], told["isa"]) == ("", "")


@pytest.mark.usefixtures("fakes")
def test_the_shares_of_several_processes_make_up_the_batch() -> None:
    entry = registry.get("pong")
    (group,) = plan.groups(entry, ["skip8"], [11], [], ["steady"], quick=False)
    assert [[job.batch for job in row.jobs] for row in group.rows[1:]] == [[11], [6, 5]]


@pytest.mark.usefixtures("fakes")
@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("missing", "peerlib is not installed: pip install peerlib"),
        ("breaks", "failed: ZeroDivisionError: of its own making"),
        ("dies", "failed: worker exited with status 3: a last word"),
    ],
)
def test_what_cannot_run_is_a_row_and_fails_nothing(name: str, said: str, results: Path) -> None:
    status, out = run(f"{name},steady")
    assert status == 0
    assert f"{name}: {said}" in out.splitlines()
    assert {record["impl"] for record in lines(results)} == {"reference", "steady"}


@pytest.mark.usefixtures("fakes")
@pytest.mark.parametrize("name", ["hangs", "hangs-later"])
def test_what_hangs_is_ended(name: str, results: Path) -> None:
    limit = dataclasses.replace(FAST, prepare_limit=5, grace=2)
    status, out = run(f"{name},steady", limit)
    assert status == 0
    assert f"{name}: failed: timed out after" in out
    assert {record["impl"] for record in lines(results)} == {"reference", "steady"}


@pytest.mark.usefixtures("fakes")
@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("differs", "check failed: reward differs from the reference at step 3, lane 1"),
        ("debug", "refused: a debug build: make setup"),
    ],
)
def test_speed_without_agreement_is_not_shown(name: str, said: str, results: Path) -> None:
    status, out = run(name)
    assert status == 1
    assert f"{name}: {said}" in out.splitlines()
    assert {record["impl"] for record in lines(results)} == {"reference"}


def test_a_worker_is_confined_and_given_its_environment() -> None:
    (core, *_) = plan.available_cores()
    job = Job("pong", "fake", "tests.harness.bench_fakes:Steady", 1, 1, cores=(core,))
    worker = Worker(job.cores, (("FAKE_NOTE", "told"),))
    worker.ask({"do": "prepare", "job": job.to_json(), "expected": __file__})
    answer = worker.receive(time.monotonic() + 30)
    worker.kill()
    assert answer["ready"]["note"] == f"cores {core}, told"


@pytest.mark.parametrize("impl", ["rust", "jax", "rust-ffi"])
def test_our_backends_carry_the_references_checksum(impl: str, results: Path) -> None:
    timing = Timing(repeats=1, seconds=0.01)
    args = bench.Args(env="pong", batch="70", backends=impl, baselines="none", variant="skip8")
    out = io.StringIO()
    status = bench.run(args, timing, Console(file=out, width=100))
    if "is not installed" in out.getvalue():
        pytest.skip(f"{impl} is not installed")
    assert status == 0, out.getvalue()
    reference, *measured = lines(results)
    assert measured, out.getvalue()
    assert {record["impl"] for record in measured} == {impl}
    assert {record["check"] for record in measured} == {reference["check"]}
    assert {record["batch"] for record in measured} == {70}
    assert all(record["repeats"] == 1 for record in measured)


def test_a_debug_build_of_ours_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    debug = types.SimpleNamespace(build_profile=lambda: "debug")
    monkeypatch.setitem(sys.modules, "samestep_rust", debug)
    job = Job("pong", "rust", plan.OURS["rust"], 8, 1)
    with pytest.raises(Refused, match=r"samestep_rust is a debug build, .*: make setup"):
        ours.RustRunner(job)
    with pytest.raises(Refused, match="debug build"):
        ours.ScanRunner(dataclasses.replace(job, impl="rust-ffi"))


@pytest.mark.parametrize(
    ("impl", "module"),
    [("rust", "samestep_rust"), ("rust-ffi", "samestep_rust"), ("jax", "samestep_jax")],
)
def test_a_missing_backend_says_how_to_get_it(
    impl: str, module: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, module, None)
    job = Job("pong", impl, plan.OURS[impl], 8, 1)
    runner = ours.RustRunner if impl == "rust" else ours.ScanRunner
    with pytest.raises(Unavailable, match=f"^{module} is not installed .*: make setup$"):
        runner(job)


@pytest.mark.usefixtures("fakes")
def test_publish_copies_the_runs_own_lines_and_a_table(results: Path) -> None:
    run("steady")
    run("steady", publish=True)
    published = (results / "published" / "bench-pong.jsonl").read_text()
    everything = (results / "bench" / "pong.jsonl").read_text()
    assert published == "".join(everything.splitlines(keepends=True)[3:])
    page = (results / "published" / "bench-pong.md").read_text()
    assert (
        "| variant | impl | batch | thr | steps/s | IQR | cv | x steady | compile | check |" in page
    )
    assert "| skip8 | steady | 10 | 2 | 200 K |" in page
    assert "- commit: " in page


def test_an_unwritable_results_folder_is_told_before_anything_runs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("SAMESTEP_RESULTS", str(tmp_path / "file"))
    monkeypatch.setattr(bench, "measure_group", lambda *_: pytest.fail("it measured"))
    with pytest.raises(UserError, match=r"cannot write .*pong.jsonl: .*set SAMESTEP_RESULTS to"):
        bench.main(["--env", "pong"])


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ([], "say which environment with ENV=...: pong"),
        (["--env", "pung"], "unknown ENV 'pung'; accepted: pong"),
        (["--env", "pong", "--batch", "256,-1"], "BATCH has '-1'; accepted: integers from 1 to"),
        (["--env", "pong", "--batch", "many"], "BATCH has 'many'"),
        (["--env", "pong", "--batch", "0"], "BATCH has '0'"),
        (["--env", "pong", "--kind", "slow"], "unknown KIND 'slow'; accepted: random, ppo"),
        (["--env", "pong", "--backends", "go"], "unknown BACKENDS 'go'; accepted: rust, jax"),
        (["--env", "pong", "--baselines", "ale"], "unknown BASELINES 'ale'; accepted: puffer"),
        (["--env", "pong", "--variant", "fast"], "unknown VARIANT 'fast'; accepted: default"),
        (["--env", "pong", "--variant", "none"], "unknown VARIANT 'none'; accepted: default"),
    ],
)
@pytest.mark.usefixtures("results")
def test_bad_arguments(arguments: list[str], said: str) -> None:
    with pytest.raises(UserError) as error:
        bench.main(arguments)
    assert said in str(error.value)
    assert "\n" not in str(error.value)


@pytest.mark.usefixtures("results")
def test_empty_arguments_mean_the_defaults() -> None:
    entry = registry.get("pong")
    given = bench.Args(env="pong", kind="", batch="", backends="", baselines="", variant="")
    groups = bench.make_plan(given, entry)
    assert {group.batch for group in groups} == set(entry.bench_batches)
    assert {group.variant for group in groups} == set(entry.bench_variants)
    impls = {row.impl for group in groups for row in group.rows}
    assert impls == {"reference", *entry.backends, *entry.baselines}


def test_an_interrupt_keeps_what_was_written_and_ends_the_workers(tmp_path: Path) -> None:
    """The first group is measured; the second hangs until the interrupt."""
    script = tmp_path / "script.py"
    script.write_text(
        "import signal, sys\n"
        f"sys.path.insert(0, {str(ROOT)!r})\n"
        # A shell without job control has what it starts with `&` ignore interrupts.
        "signal.signal(signal.SIGINT, signal.default_int_handler)\n"
        "from harness import __main__ as command, bench, registry\n"
        "from harness.baselines import BASELINES, Baseline\n"
        "from harness.benching import measure\n"
        "import dataclasses\n"
        "BASELINES['fake'] = Baseline('tests.harness.bench_fakes:Steady')\n"
        "pong = registry.get('pong')\n"
        "registry.register(dataclasses.replace(pong, baselines=('fake',)))\n"
        "bench.FULL = measure.Timing(repeats=2, seconds=0.02)\n"
        "real = bench.measure_group\n"
        "def group(pool, group, *rest):\n"
        "    if group.variant == 'default':\n"
        "        BASELINES['fake'] = Baseline('tests.harness.bench_fakes:Hangs')\n"
        "        jobs = [dataclasses.replace(j, factory='tests.harness.bench_fakes:Hangs')\n"
        "                for j in group.rows[-1].jobs]\n"
        "        rows = (*group.rows[:-1], dataclasses.replace(group.rows[-1], jobs=tuple(jobs)))\n"
        "        group = dataclasses.replace(group, rows=rows)\n"
        "    return real(pool, group, *rest)\n"
        "bench.measure_group = group\n"
        "sys.exit(command.main(['bench', '--env', 'pong', '--batch', '8', '--backends', 'none',\n"
        "                       '--variant', 'skip8,default']))\n"
    )
    environment = {**os.environ, "SAMESTEP_RESULTS": str(tmp_path / "results")}
    process = subprocess.Popen(
        [sys.executable, str(script)],
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    path = tmp_path / "results" / "bench" / "pong.jsonl"
    try:
        deadline = time.monotonic() + 60
        while not (path.exists() and path.read_text()):
            assert time.monotonic() < deadline
            assert process.poll() is None, process.communicate()
            time.sleep(0.05)
        time.sleep(1)  # into the second group
        workers = _children(process.pid)
        assert workers
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=30)
    finally:
        process.kill()
    assert process.returncode == 130
    assert "interrupted; what was written so far is kept" in err
    assert "skip8" in out  # the table of what was measured
    assert {json.loads(line)["impl"] for line in path.read_text().splitlines()} == {
        "reference",
        "fake",
    }
    assert not any(Path(f"/proc/{pid}").exists() for pid in workers)


def _children(pid: int) -> list[int]:
    listed = Path(f"/proc/{pid}/task/{pid}/children")
    if not listed.exists():
        pytest.skip("this system does not list a process's children")
    return [int(child) for child in listed.read_text().split()]
