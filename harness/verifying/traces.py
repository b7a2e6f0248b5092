"""Traces of the reference in a plain binary form, which `cargo test` replays without Python.

A file holds a batch of lanes that all start from imported states and take the same number of
steps. Lanes start shortly before something rare happens, so that few steps cover all events.
Where backends are close to the reference and not equal, every step starts from the state before
it with f8 fields rounded to f32, which all can hold. Little-endian, without padding:

    magic           8 bytes, "SSTRACE1"
    layout          u4, EnvSpec.layout_id
    sizes           u4 each: lanes N, steps T, state_bytes, obs_bytes, players P, actions A
                    (A is 0 where actions are continuous), action_bytes
    params          u4 length, then as many bytes of lines such as "int frame_skip 8"
    start           N rows of state_bytes
    start masks     legal N*P*A u1, then acting N*P u1 if P > 1
    T times         actions N*action_bytes (i4, or f4 if continuous)
                    state rows N*state_bytes
                    obs N*obs_bytes
                    reward N*P of the spec's dtype
                    terminated N u1, truncated N u1
                    final_obs obs_bytes for each lane whose episode ended
                    legal N*P*A u1, then acting N*P u1 if P > 1
"""

from __future__ import annotations

from collections import defaultdict
from pathlib import Path
from typing import Any

import numpy as np

from harness import implementations
from harness.errors import UserError
from harness.registry import Entry, Variant
from harness.verifying.actions import ActionSource
from harness.verifying.compare import Snapshot, snapshot_reset, snapshot_step
from references.contract import HEADER, DiscreteAction, EnvSpec

MAGIC = b"SSTRACE1"
SEED = 2026
SEARCH_LANES, SEARCH_STEPS = 32, 4000
"""The rollout in which events are looked for."""
LANES, STEPS = 32, 16
"""What a file holds. Half of the steps lead up to the event that a lane was chosen for."""
SEARCH_BYTES, FILE_BYTES = 2**26, 2**20
"""What the search may keep of rows, and a file of rows and observations."""
LEAST_STEPS = 4
"""A file of large states has fewer lanes, then fewer steps than STEPS, down to this."""
WIDE = 64
"""Elements from which a field's changes are told apart by their number alone."""


def export(entry: Entry, variants: list[Variant], folder: Path) -> int:
    """Write one file a variant; the command's exit status.

    Raises:
        UserError: if the folder cannot be written to.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for variant in variants:
            path = folder / f"{variant.name}.trace"
            path.write_bytes(trace(entry, variant))
            print(f"wrote {path}, {path.stat().st_size} bytes")
    except OSError as error:
        raise UserError(
            f"cannot write to {folder}: {error.strerror}; accepted: a writable folder"
        ) from None
    return 0


def trace(entry: Entry, variant: Variant) -> bytes:
    """The contents of one file, with starts and actions chosen anew."""
    return render(entry, variant, *_windows(entry, variant.params))


def render(entry: Entry, variant: Variant, rows: np.ndarray, actions: np.ndarray) -> bytes:
    """The contents of a file of these starts and actions, with all else from the reference.

    Args:
        rows: (N, state_bytes) u8, where the lanes start.
        actions: (T, N, ...).
    """
    batch = implementations.make_batch(entry, "reference", len(rows), variant.params)
    batch.import_state(rows)
    start = snapshot_reset(batch, None)
    parts = [_header(entry, variant.params, len(rows), len(actions)), rows.tobytes()]
    parts += _masks(start)
    for action in actions:
        if entry.mode == "one-step":
            batch.import_state(entry.spec.in_single(batch.export_state()))
        parts += [action.astype(action.dtype.newbyteorder("<")).tobytes()]
        parts += _step(snapshot_step(batch, batch.step(action)))
    return b"".join(parts)


def inputs(entry: Entry, variant: Variant, data: bytes) -> tuple[np.ndarray, np.ndarray]:
    """The starts and actions of a file's contents, as `render` takes them.

    Raises:
        ValueError: if it was written for another layout or other parameters.
    """
    numbers = np.frombuffer(data, "<u4", 8, len(MAGIC)).tolist()
    _, lanes, steps, state_bytes, obs_bytes, players, num_actions, action_bytes = numbers
    header = _header(entry, variant.params, lanes, steps)
    if data[: len(header)] != header:
        raise ValueError("the trace was written for another layout or other parameters")
    masks = lanes * players * (num_actions + (players > 1))
    rows = np.frombuffer(data, np.uint8, lanes * state_bytes, len(header))
    reward_bytes = np.dtype(entry.spec.under(variant.params).reward_dtype).itemsize * players
    at = len(header) + lanes * state_bytes + masks
    actions = []
    for _ in range(steps):
        actions.append(np.frombuffer(data, np.uint8, lanes * action_bytes, at))
        at += lanes * (action_bytes + state_bytes + obs_bytes + reward_bytes)
        ended = np.frombuffer(data, np.uint8, 2 * lanes, at).reshape(2, lanes).any(0)
        at += 2 * lanes + int(ended.sum()) * obs_bytes + masks
    layout = entry.spec.action(entry.spec.check_params(variant.params))
    axes = () if players == 1 else (players,)
    if isinstance(layout, DiscreteAction):
        taken = np.stack(actions).view("<i4").reshape(steps, lanes, *axes)
    else:
        taken = np.stack(actions).view("<f4").reshape(steps, lanes, *axes, *layout.shape)
    return rows.reshape(lanes, state_bytes), taken


def _header(entry: Entry, params: dict[str, Any], lanes: int, steps: int) -> bytes:
    spec = entry.spec.under(params)
    checked = spec.check_params(params)
    layout = spec.action(checked)
    obs_bytes = np.dtype(spec.obs.dtype).itemsize * int(np.prod(spec.obs.shape))
    action_size = 1 if isinstance(layout, DiscreteAction) else int(np.prod(layout.shape))
    numbers = (
        spec.layout_id,
        lanes,
        steps,
        spec.state_bytes,
        obs_bytes * spec.num_players,
        spec.num_players,
        layout.n if isinstance(layout, DiscreteAction) else 0,
        4 * action_size * spec.num_players,
    )
    lines = (f"{type(value).__name__} {name} {value}\n" for name, value in checked.items())
    text = "".join(lines).encode()
    return MAGIC + np.array([*numbers, len(text)], "<u4").tobytes() + text


def _masks(snapshot: Snapshot) -> list[bytes]:
    return [
        mask.astype(np.uint8).tobytes()
        for mask in (snapshot.legal, snapshot.acting)
        if mask is not None
    ]


def _step(snapshot: Snapshot) -> list[bytes]:
    obs, reward, final_obs = snapshot.obs, snapshot.reward, snapshot.final_obs
    terminated, truncated = snapshot.terminated, snapshot.truncated
    assert obs is not None and reward is not None and final_obs is not None
    assert terminated is not None and truncated is not None
    return [
        snapshot.rows.tobytes(),
        obs.tobytes(),
        reward.tobytes(),
        terminated.tobytes(),
        truncated.tobytes(),
        final_obs[snapshot.ended].tobytes(),
        *_masks(snapshot),
    ]


def sizes(spec: EnvSpec) -> tuple[int, int, int, int]:
    """Lanes and steps of the search, and of a file: fewer where states are large.

    The search gives up lanes first, since an event needs time to come about.
    """
    kept = max(SEARCH_BYTES // spec.state_bytes, LEAST_STEPS)
    search_lanes = min(SEARCH_LANES, max(kept // SEARCH_STEPS, 1))
    search_steps = min(SEARCH_STEPS, kept // search_lanes)
    obs_bytes = np.dtype(spec.obs.dtype).itemsize * int(np.prod(spec.obs.shape)) * spec.num_players
    held = FILE_BYTES // (spec.state_bytes + obs_bytes)
    steps = min(STEPS, max(held // 4 - 1, LEAST_STEPS))
    lanes = max(min(LANES, held // (steps + 1)), 1)
    return search_lanes, search_steps, lanes, steps


def _windows(entry: Entry, params: dict[str, Any]) -> tuple[np.ndarray, np.ndarray]:
    """Start rows (N, state_bytes) and actions (T, N, ...) around the rarest events."""
    spec = entry.spec.under(params)
    search_lanes, search_steps, lanes, steps = sizes(spec)
    batch = implementations.make_batch(entry, "reference", search_lanes, params)
    layout = spec.action(spec.check_params(params))
    env_index = np.arange(search_lanes)
    source = ActionSource(layout, spec.num_players, SEED, env_index)
    now = snapshot_reset(batch, batch.reset(SEED))
    rows, actions = [now.rows], []
    events: dict[tuple[Any, ...], list[tuple[int, int]]] = defaultdict(list)
    for step in range(search_steps):
        action = source(step, now.legal, now.acting)
        actions.append(action)
        now = snapshot_step(batch, batch.step(action))
        rows.append(now.rows)
        for lane, kind in enumerate(_kinds(entry, rows[-2], now)):
            if len(events[kind]) < lanes:
                events[kind].append((step, lane))
    # The first lane starts at a reset. Then some in which an episode ends, which where states are
    # floats is lost among kinds that all happen once; then rare kinds first, then a second example
    # of each, and on.
    rarest = sorted(events, key=lambda kind: len(events[kind]))
    ending = [kind for kind in rarest if kind[_ENDED]][: lanes // 4]
    chosen = [(0, 0)]
    for nth in range(lanes):
        for kind in (*ending, *rarest):
            if nth < len(events[kind]):
                step, lane = events[kind][nth]
                chosen.append((min(max(step - steps // 2, 0), search_steps - steps), lane))
    chosen = list(dict.fromkeys(chosen))[:lanes]
    start = np.stack([rows[step][lane] for step, lane in chosen])
    taken = [np.stack([actions[step + i][lane] for step, lane in chosen]) for i in range(steps)]
    return start, np.stack(taken)


_ENDED = 1
"""Which element of a kind says whether an episode ended."""


def _kinds(entry: Entry, before: np.ndarray, after: Snapshot) -> list[tuple[Any, ...]]:
    """What happened to each lane, coarsely: flags, rewards' signs, and how each field changed."""
    dtype = entry.spec.row_dtype
    old, new = before.view(dtype)[:, 0], after.rows.view(dtype)[:, 0]
    assert after.reward is not None and after.terminated is not None
    lanes = len(before)
    columns = [
        after.terminated.reshape(lanes, 1),
        after.ended.reshape(lanes, 1),
        np.round(after.reward.reshape(lanes, -1), 2),
    ]
    for name in (field.name for field in entry.spec.state if field not in HEADER):
        was, now = (array[name].reshape(lanes, -1) for array in (old, new))
        if was.shape[1] > WIDE:  # 0, 1, 2 to 3, 4 to 7, ... elements
            changed = (was != now).sum(1, keepdims=True)
            columns.append(np.ceil(np.log2(changed + 1.0)))
            continue
        was, now = was.astype(np.float64), now.astype(np.float64)
        columns += [np.sign(now - was), np.sign(now) != np.sign(was)]
    joined = np.concatenate([column.astype(np.float64) for column in columns], axis=1)
    return [tuple(row) for row in joined]
