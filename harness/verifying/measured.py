"""Level 3 of an environment with a measure: one-step errors, then free runs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from harness.registry import Variant
from harness.verifying import bundle, horizon, onestep, plot, showing
from harness.verifying.measure import measure
from harness.verifying.record import HORIZON, ONE_STEP, Row
from harness.verifying.rollout import WHOLE, Plan
from harness.verifying.session import Batches, Rollouts, progress_bar


class Measured(Rollouts):
    """Steps from the measure's states; the first shard runs freely, too."""

    kind = ONE_STEP

    def instances(self, plan: Plan) -> int:
        """As many as a unit has states."""
        return measure(self.entry).unit

    def run(self, variant: Variant, plan: Plan, into: list[Row]) -> None:
        """Compare all backends under one variant and seed; the rows are recorded and added.

        Raises:
            KeyboardInterrupt: after what was finished has been recorded.
        """
        before = len(into)
        super().run(variant, plan, into)
        if plan.shard.index == 1:
            able = [row["backend"] for row in into[before:] if row["status"] != "unavailable"]
            rows = self._horizons(variant, plan.seed, able)
            self.record.add(rollouts=rows)
            into += rows
            plot.draw_horizons(self.entry, self.record)

    def _compare(self, variant: Variant, plan: Plan, batches: Batches) -> list[Row]:
        title = f"{self.entry.name} {variant.name} seed {plan.seed}, one step: {', '.join(batches)}"
        units = onestep.unit_source(self.entry, variant.params, plan.seed)
        total = len(plan.shard.of(range(plan.episodes)))
        with progress_bar(self.console, title, total) as advance:
            outcomes, seconds = onestep.run(
                self.entry, variant.params, plan, batches, units, advance
            )
        for batch in batches.values():
            batch.close()
        rows = []
        for outcome in outcomes:
            if not outcome.complete:
                continue
            row = self._row(outcome.backend, variant, plan)
            row |= {"episodes": outcome.units, "steps": outcome.states, "status": "equal"}
            row |= {"seconds": round(seconds, 2), "classes": outcome.classes}
            row |= self._found(variant, plan, outcome, units)
            rows.append(row)
        return rows

    def _found(
        self, variant: Variant, plan: Plan, outcome: onestep.Outcome, units: onestep.Units
    ) -> Row:
        """Write a bundle of every missed bar, and print how to reproduce it."""
        told = []
        if outcome.raised is not None:
            unit = units(outcome.raised_in)
            shown = showing.show_raised(
                self.entry, outcome.backend, variant.params, unit, outcome.raised
            )
            told.append(_Told(f"unit {outcome.raised_in}", outcome.raised.describe(), shown))
        for violation in outcome.violations:
            unit = units(violation.unit)
            shown = showing.show(self.entry, outcome.backend, variant.params, unit, violation)
            case = f"{violation.kind} {violation.index}"
            told.append(_Told(case, violation.why, shown))
        if not told:
            return {}
        paths = [self._tell(variant, plan, outcome.backend, each) for each in told]
        first = told[0]
        more = f" (and {len(told) - 1} more)" if len(told) > 1 else ""
        return {
            "status": "differs",
            "differences": len(told),
            "reason": f"{first.case}: {first.shown.difference.describe()}; {first.why}{more}",
            "bundle": paths[0],
            "bundles": paths,
        }

    def _tell(self, variant: Variant, plan: Plan, backend: str, told: _Told) -> str:
        shown = told.shown
        failure = bundle.Bundle(
            entry=self.entry,
            variant=variant.name,
            params=variant.params,
            backend=backend,
            seed=plan.seed,
            env_index=0,
            episode=0,
            start=shown.start,
            actions=shown.actions,
            difference=shown.difference,
            reproduced=shown.reproduced,
            case=told.case,
        )
        path = bundle.write(failure, self.record.folder / "failures")
        print(
            f"{self.entry.name} {variant.name} on {backend} differs: seed {plan.seed}, "
            f"state {told.case}: {told.why}\n  {shown.difference.describe()}"
            + ("" if shown.reproduced else "\n  NOT REPRODUCED in a second run")
            + f"\n  python -m harness replay {path}"
        )
        return str(path)

    def _horizons(self, variant: Variant, seed: int, backends: list[str]) -> list[Row]:
        chosen = measure(self.entry)
        plan = Plan(chosen.episodes, seed, WHOLE)
        rows: list[Row] = []
        for name in backends:
            kept = self.record.finished(self._horizon(name, variant, plan)) if self.keep else None
            if kept is not None:
                rows.append({**kept, "reason": "kept: finished on the same sources"})
        left = [name for name in backends if name not in {row["backend"] for row in rows}]
        if not left:
            return rows
        title = f"{self.entry.name} {variant.name} seed {seed}, free runs: {', '.join(left)}"
        with progress_bar(self.console, title, chosen.episodes) as advance:
            found = horizon.run(self.entry, variant.params, seed, left, advance)
        distance = chosen.apart(variant.params)
        for name in left:
            reason = horizon.judged(found, name, distance)
            own: dict[str, Any] = {
                "off": chosen.off,
                "apart": distance,
                **horizon.described(found.backends[name]),
                "reference": {
                    f"{each:g}": horizon.described(lengths)
                    for each, lengths in found.nearby.items()
                },
            }
            row = self._horizon(name, variant, plan)
            row |= {"episodes": chosen.episodes, "steps": int(found.backends[name].sum())}
            row |= {"status": "differs" if reason else "equal", "reason": reason}
            row |= {"differences": int(bool(reason)), "seconds": round(found.seconds, 2)}
            rows.append({**row, "horizon": own})
        return rows

    def _horizon(self, backend: str, variant: Variant, plan: Plan) -> Row:
        return self._row(backend, variant, plan) | {"kind": HORIZON}


@dataclass(frozen=True)
class _Told:
    """A missed bar, in words, and what shows it."""

    case: str
    why: str
    shown: showing.Shown
