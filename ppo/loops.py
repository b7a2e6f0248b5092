"""Collects rollouts and learns from them: compiled into one program, or stepped from Python.

Both offer the same: `update` does one update, `arrays` and `restore` are what a checkpoint keeps of
a run, `split` is where the time goes.
"""

from __future__ import annotations

import functools
import time
from typing import Any, NamedTuple, Protocol

import jax
import jax.numpy as jnp
import numpy as np

from harness.errors import UserError
from ppo.envs import FusedEnv, HostEnv, root_of
from ppo.ppo import Agent, Learned, Rollout, TrainState, rollout_key

Metrics = dict[str, Any]
PROBES = 15
"""Times that a rollout's environment steps are taken alone, to see what share they have..."""
PROBE_SECONDS = 2.0
"""...unless that takes longer."""


class Split(NamedTuple):
    """Seconds of one update."""

    environment: float
    inference: float
    update: float


class Loop(Protocol):
    """A run's state, and how it goes on."""

    compile_s: float

    def update(self, number: int) -> Metrics:
        """One update: its metrics, (S,) each with S seeds."""

    def learned(self, index: int) -> Learned:
        """Weights of the seed at that place."""

    def arrays(self) -> dict[str, Any] | None:
        """All that decides the rest of the run; None where it cannot be saved."""

    def restore(self, arrays: dict[str, Any]) -> None:
        """Go on from there."""

    def prepare_split(self) -> None:
        """Compile now what `split` needs."""

    def split(self) -> Split:
        """Mean seconds of an update so far."""

    def close(self) -> None:
        """Release what is held."""


class FusedLoop:
    """Over an environment that is traced; several seeds at once are vmapped.

    Args:
        agent: its configuration says which seeds.
        env: the environment.
    """

    def __init__(self, agent: Agent, env: FusedEnv) -> None:
        args = agent.args
        self.agent, self.env = agent, env
        self.many = args.num_seeds > 1
        self.compile_s = 0.0
        self._rollouts = self._learning = 0.0
        self._count = 0
        numbers = range(args.seed, args.seed + args.num_seeds)
        seeds, roots = np.array(numbers, np.uint32), np.stack([root_of(each) for each in numbers])
        self.seeds: Any = seeds if self.many else seeds[0]
        roots = roots if self.many else roots[0]
        self.env_state, seen = jax.jit(self._mapped(env.reset))(roots)
        self.state: TrainState = jax.jit(self._mapped(agent.begin))(self.seeds, seen)
        collect = self._mapped(functools.partial(agent.collect, env), (0, 0, 0, None))
        given = (self.state, self.env_state, self.seeds, jnp.uint32(0))
        self._collect = self._compiled(collect, given, donate=(1,))
        self._alone: Any = None
        rollout = self._shapes = jax.eval_shape(collect, *given)[2]
        learn = self._mapped(agent.learn, (0, 0, 0, 0, None))
        self._learn = self._compiled(
            learn, (self.state, self.state.hidden, rollout, self.seeds, jnp.uint32(0)), donate=()
        )

    def update(self, number: int) -> Metrics:
        """See Loop."""
        before, start = self.state.hidden, time.perf_counter()
        at = jnp.uint32(number)
        state, self.env_state, rollout = self._collect(self.state, self.env_state, self.seeds, at)
        jax.block_until_ready(rollout)
        middle = time.perf_counter()
        self.state, metrics = self._learn(state, before, rollout, self.seeds, at)
        fetched: Metrics = jax.device_get(metrics)
        self._rollouts += middle - start
        self._learning += time.perf_counter() - middle
        self._count += 1
        return {name: np.atleast_1d(values) for name, values in fetched.items()}

    def learned(self, index: int) -> Learned:
        """See Loop."""
        return self._of_seed(self.state.learned, index)  # type: ignore[no-any-return]

    def arrays(self) -> dict[str, Any] | None:
        """See Loop."""
        if self.env.save is None:
            return None
        each = [self._of_seed(self.env_state, i) for i in range(self.agent.args.num_seeds)]
        return {"state": self.state, "env": np.stack([self.env.save(state) for state in each])}

    def restore(self, arrays: dict[str, Any]) -> None:
        """See Loop."""
        assert self.env.load is not None
        each = [
            self.env.load(self._of_seed(self.env_state, index), rows)
            for index, rows in enumerate(arrays["env"])
        ]
        self.env_state = jax.tree.map(lambda *leaves: jnp.stack(leaves), *each)
        self.env_state = self.env_state if self.many else each[0]
        self.state = arrays["state"]

    def rollout(self, number: int) -> Rollout:
        """What an update would collect; the run stays where it is."""
        copy = jax.tree.map(jnp.copy, self.env_state)
        rollout: Rollout = self._collect(self.state, copy, self.seeds, jnp.uint32(number))[2]
        return rollout

    def prepare_split(self) -> None:
        """See Loop: the environment's steps alone, with a rollout's actions."""

        def steps(env_state: Any, actions: Any) -> Any:
            def body(env_state: Any, action: Any) -> Any:
                env_state, out = self.env.step(env_state, self.agent.clipped(action))
                return env_state, (out.seen.obs.sum(), out.final_obs.sum(), out.reward.sum())

            return jax.lax.scan(body, env_state, actions)

        given = (self.env_state, self._shapes.action)
        self._alone = jax.jit(self._mapped(steps)).lower(*given).compile()

    def split(self) -> Split:
        """See Loop; the environment's part is its steps alone, with a rollout's actions."""
        rollout, learning = self._rollouts / self._count, self._learning / self._count
        environment = rollout * self._environment_share()
        return Split(environment, rollout - environment, learning)

    def close(self) -> None:
        """Nothing is held."""

    def _environment_share(self) -> float:
        """Of a rollout's time, what its environment steps take without a policy.

        The two are timed in turns, from the same state and with the same actions.
        """
        if self._alone is None:
            self.prepare_split()
        times: list[tuple[float, float]] = []
        while len(times) < PROBES and np.sum(times) < PROBE_SECONDS:
            copy = jax.block_until_ready(jax.tree.map(jnp.copy, self.env_state))
            begun = time.perf_counter()
            at = jnp.uint32(self._count)
            rollout = jax.block_until_ready(self._collect(self.state, copy, self.seeds, at)[2])
            middle = time.perf_counter()
            jax.block_until_ready(self._alone(self.env_state, rollout.action))
            times.append((middle - begun, time.perf_counter() - middle))
        whole, alone = np.median(times, axis=0)
        return min(1.0, float(alone / whole))

    def _mapped(self, function: Any, axes: Any = 0) -> Any:
        return jax.vmap(function, in_axes=axes) if self.many else function

    def _of_seed(self, tree: Any, index: int) -> Any:
        return jax.tree.map(lambda leaf: leaf[index], tree) if self.many else tree

    def _compiled(self, function: Any, given: Any, donate: tuple[int, ...]) -> Any:
        start = time.perf_counter()
        program = jax.jit(function, donate_argnums=donate).lower(*given).compile()
        self.compile_s += time.perf_counter() - start
        return program


class HostLoop:
    """Over a batch that is stepped from Python.

    Args:
        agent: of one seed.
        env: the batch.
    """

    def __init__(self, agent: Agent, env: HostEnv) -> None:
        args = agent.args
        if args.num_seeds != 1:
            raise UserError(f"{args.backend} trains one seed at a time; accepted: num_seeds 1")
        self.agent, self.env = agent, env
        self.compile_s = 0.0
        self._seconds = np.zeros(3)
        self._count = 0
        seen = env.reset(args.seed)
        self.state: TrainState = jax.jit(agent.begin)(np.uint32(args.seed), seen)
        self._noise = jax.jit(
            lambda update: agent.noise(
                rollout_key(args.seed, update), (args.num_steps, agent.agents)
            )
        )
        self._decide = jax.jit(self._decided)
        self._settle = jax.jit(agent.settle)
        self._learn = jax.jit(functools.partial(agent.learn, seed=np.uint32(args.seed)))
        # One program: stacked one by one, the arrays of a short rollout take as long as its steps.
        self._stacked = jax.jit(lambda *steps: jax.tree.map(lambda *each: jnp.stack(each), *steps))

    def update(self, number: int) -> Metrics:
        """See Loop."""
        marks = [time.perf_counter()]
        before, outside = self.state.hidden, 0.0
        noise = np.asarray(self._noise(jnp.uint32(number)))
        steps: list[Rollout] = []
        for each in noise:
            hidden, decided, actions = self._decide(self.state, each)
            ready = np.asarray(actions)
            begun = time.perf_counter()
            out = self.env.step(ready)
            outside += time.perf_counter() - begun
            self.state, step = self._settle(self.state, hidden, decided, out)
            steps.append(step)
        rollout: Rollout = self._stacked(*steps)
        jax.block_until_ready(rollout)
        marks.append(time.perf_counter())
        self.state, metrics = self._learn(self.state, before, rollout, update=jnp.uint32(number))
        fetched: Metrics = jax.device_get(metrics)
        marks.append(time.perf_counter())
        spent = np.array([outside, marks[1] - marks[0] - outside, marks[2] - marks[1]])
        if number == 0 or self.compile_s == 0.0:  # the first compiles
            self.compile_s = float(spent[1:].sum())
        else:
            self._seconds += spent
            self._count += 1
        return {name: np.atleast_1d(values) for name, values in fetched.items()}

    def learned(self, index: int) -> Learned:
        """See Loop."""
        assert index == 0
        return self.state.learned

    def arrays(self) -> dict[str, Any] | None:
        """See Loop."""
        rows = self.env.save()
        return None if rows is None else {"state": self.state, "env": rows[None]}

    def restore(self, arrays: dict[str, Any]) -> None:
        """See Loop."""
        self.env.load(arrays["env"][0])
        self.state = arrays["state"]

    def prepare_split(self) -> None:
        """Nothing is compiled for it."""

    def split(self) -> Split:
        """See Loop; the first update, which compiles, is left out."""
        return Split(*(self._seconds / max(1, self._count)).tolist())

    def close(self) -> None:
        """See Loop."""
        self.env.close()

    def _decided(self, state: TrainState, noise: jax.Array) -> Any:
        hidden, decided = self.agent.decide(state, noise)
        return hidden, decided, self.agent.clipped(decided["action"])


def make_loop(agent: Agent, env: FusedEnv | HostEnv) -> Loop:
    """The loop for either kind of environment."""
    return FusedLoop(agent, env) if isinstance(env, FusedEnv) else HostLoop(agent, env)
