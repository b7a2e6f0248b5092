"""Where the records come from: files, commits, machines."""

from __future__ import annotations

from harness.reporting import saying
from harness.reporting.blocks import Cell, Table
from harness.reporting.collect import Found
from harness.reporting.shelf import Record, Shelf

UNTOLD = "a machine that was not recorded"


def brief(machine: Record) -> str:
    """Processor, cores and GPU."""
    if not machine:
        return UNTOLD
    parts = [str(machine.get("cpu", "unknown processor")), f"{machine.get('cores', '?')} cores"]
    return ", ".join([*parts, *([str(machine["gpu"])] if machine.get("gpu") else [])])


def origin(shelf: Shelf, found: Found) -> list[str]:
    """One record's file, commit, time and machine."""
    told = [shelf.shown(found.path)]
    if found.commit:
        told.append(f"commit {found.commit[:10]}" + (" with changes" if found.dirty else ""))
    if found.time:
        told.append(saying.when(found.time))
    if found.machine:
        told.append(brief(found.machine))
    if found.beside is not None:
        told.append(f"passed over: {shelf.shown(found.beside)}")
    return told


def tables(shelf: Shelf, found: list[Found]) -> list[Table]:
    """A column a machine; then every record that the page is made of."""
    machines: list[Record] = []
    for each in found:
        if each.machine and each.machine not in machines:
            machines.append(each.machine)
    made = []
    if machines:
        fields = dict.fromkeys(name for machine in machines for name in machine)
        rows = [[name, *(str(machine.get(name, "")) for machine in machines)] for name in fields]
        header = ["Machine", *(_letter(number) for number in range(len(machines)))]
        made.append(Table(header, rows, numbers=9))
    lines: list[list[Cell | str]] = []
    for each in found:
        letter = _letter(machines.index(each.machine)) if each.machine else ""
        commit = each.commit[:10] + (" with changes" if each.dirty else "")
        lines.append([shelf.shown(each.path), commit, saying.when(each.time), letter])
    made.append(Table(["Record", "commit", "time", "machine"], lines, numbers=9))
    return made


def _letter(number: int) -> str:
    return chr(ord("A") + number % 26)
