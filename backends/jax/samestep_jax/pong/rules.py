"""The rules of Pong, one instance, without branches.

Semantics of PufferLib 3.0.0's `pong.h`, quirks included; docs/envs/pong.md lists them. The field
is 500 x 640 pixels with its origin at the bottom left. The agent's paddle is on the right
(`yr`), the opponent's on the left (`yl`). All arithmetic is in float32, and is written so that a
compiler that contracts a product and a sum into one operation changes nothing: no product that
could be inexact is added to anything.
"""

from __future__ import annotations

from typing import NamedTuple

import jax
import jax.numpy as jnp

from samestep_jax.core.threefry import Key, below, draw
from samestep_jax.pong import consts

f32 = jnp.float32
HALF_PADDLE = consts.PADDLE_HEIGHT / 2


class Flight(NamedTuple):
    """What moves in a frame."""

    paddle_yl: jax.Array  # () f32, bottom of the opponent's paddle (left), pixels
    paddle_yr: jax.Array  # () f32, bottom of the agent's paddle (right), pixels
    ball_x: jax.Array  # () f32, left edge of the ball, pixels
    ball_y: jax.Array  # () f32, bottom edge of the ball, pixels
    ball_vx: jax.Array  # () f32, pixels a frame
    ball_vy: jax.Array  # () f32, pixels a frame


class Round(NamedTuple):
    """The frames of one step so far."""

    flight: Flight  # after the last frame without a point; a point freezes it
    reward: jax.Array  # () f32
    playing: jax.Array  # () bool, no point was made yet


def clip(value: jax.Array, low: float, high: float) -> jax.Array:
    """`value` held between two bounds; a zero keeps its sign, as comparisons leave it."""
    value = jnp.where(value < low, f32(low), value)
    return jnp.where(value > high, f32(high), value)


def direction_of(action: jax.Array) -> jax.Array:
    """0 stay, 1 up, 2 down as () f32 0, 1, -1; any other number acts as stay."""
    return jnp.where(action == 1, f32(1), jnp.where(action == 2, f32(-1), f32(0)))


def serve(key: Key, t: jax.Array) -> Flight:
    """Both paddles to the middle, the ball towards the agent, level or downwards."""
    bit = below(draw(key, t, consts.SLOT_SERVE), 2)
    return Flight(
        paddle_yl=f32(consts.PADDLE_START_Y),
        paddle_yr=f32(consts.PADDLE_START_Y),
        ball_x=f32(consts.BALL_START_X),
        ball_y=f32(consts.BALL_START_Y),
        ball_vx=f32(consts.BALL_SPEED_X),
        ball_vy=jnp.where(bit == 1, f32(0), f32(-consts.BALL_SERVE_SPEED_Y)),
    )


def move_paddles(flight: Flight, direction: jax.Array) -> Flight:
    """The agent's goes where it is told, the opponent's towards the ball's lower edge."""
    to_ball = flight.ball_y - (flight.paddle_yl + HALF_PADDLE)
    yr = flight.paddle_yr + consts.PADDLE_SPEED * direction  # times 8 is exact
    yl = flight.paddle_yl + clip(to_ball, -consts.PADDLE_SPEED, consts.PADDLE_SPEED)
    return flight._replace(
        paddle_yl=clip(yl, consts.MIN_PADDLE_Y, consts.MAX_PADDLE_Y),
        paddle_yr=clip(yr, consts.MIN_PADDLE_Y, consts.MAX_PADDLE_Y),
    )


def move_ball(flight: Flight) -> Flight:
    """One frame of flight; bottom and top walls turn the vertical speed around."""
    x = flight.ball_x + flight.ball_vx
    y = flight.ball_y + flight.ball_vy
    at_wall = (y < 0) | (y + consts.BALL_HEIGHT > consts.HEIGHT)
    vy = jnp.where(at_wall, -flight.ball_vy, flight.ball_vy)
    return flight._replace(ball_x=x, ball_y=y, ball_vy=vy)


def ball_meets(flight: Flight, paddle_y: jax.Array) -> jax.Array:
    """Whether the ball's height overlaps the paddle's."""
    above = flight.ball_y + consts.BALL_HEIGHT > paddle_y
    below_top = flight.ball_y < paddle_y + consts.PADDLE_HEIGHT
    return above & below_top


def bounce_off_opponent(flight: Flight, bounced: jax.Array) -> Flight:
    """The opponent's paddle only turns the ball around, where it `bounced`."""
    return flight._replace(ball_vx=jnp.where(bounced, -flight.ball_vx, flight.ball_vx))


def bounce_off_agent(flight: Flight, bounced: jax.Array, direction: jax.Array) -> Flight:
    """A moving paddle drags the ball along; the ball is put back. Only where it `bounced`."""
    # BALL_SPEED_Y_INCREMENT * direction, rounded before it is added.
    drag = (direction + direction) + direction
    vy = clip(flight.ball_vy + drag, -consts.BALL_MAX_SPEED_Y, consts.BALL_MAX_SPEED_Y)
    vy = jnp.where(jnp.abs(vy) <= consts.HORIZONTAL_SPEED_Y, f32(consts.BALL_SPEED_Y_INCREMENT), vy)
    returned = flight._replace(
        ball_vx=-flight.ball_vx,
        ball_vy=vy,
        ball_x=clip(flight.ball_x, 0.0, consts.WIDTH - consts.BALL_WIDTH),
        ball_y=clip(flight.ball_y, 0.0, consts.HEIGHT - consts.BALL_HEIGHT),
    )
    return choose(bounced, returned, flight)


def choose(condition: jax.Array, yes: Flight, no: Flight) -> Flight:
    """`yes` where the condition holds, else `no`."""
    return Flight(*(jnp.where(condition, a, b) for a, b in zip(yes, no, strict=True)))


def play_frame(before: Round, direction: jax.Array) -> Round:
    """One frame; none after a point. A point's reward overwrites that of a bounce."""
    moved = move_ball(move_paddles(before.flight, direction))
    at_left = before.playing & (moved.ball_x < 0)
    at_right = before.playing & (moved.ball_x + consts.BALL_WIDTH > consts.WIDTH)
    meets_left = ball_meets(moved, moved.paddle_yl)
    meets_right = ball_meets(moved, moved.paddle_yr)
    won, lost = at_left & ~meets_left, at_right & ~meets_right
    bounced = at_right & meets_right

    after = bounce_off_opponent(moved, at_left & meets_left)
    after = bounce_off_agent(after, bounced, direction)
    reward = jnp.where(bounced, f32(consts.REWARD_BOUNCE), before.reward)
    reward = jnp.where(won, f32(consts.REWARD_WIN_POINT), reward)
    reward = jnp.where(lost, f32(consts.REWARD_LOSE_POINT), reward)
    playing = before.playing & ~won & ~lost
    return Round(choose(playing, after, before.flight), reward, playing)


def play_round(flight: Flight, direction: jax.Array, frame_skip: int) -> Round:
    """`frame_skip` frames, fewer if a point is made."""
    start = Round(flight, jnp.zeros_like(flight.ball_x), jnp.ones_like(flight.ball_x, jnp.bool_))
    # A loop, never unrolled: XLA on the CPU would recompute all earlier frames for each output.
    played: Round = jax.lax.fori_loop(
        0, frame_skip, lambda _, before: play_frame(before, direction), start
    )
    return played


def leave_field(frozen: Flight, direction: jax.Array) -> Flight:
    """The flight after the frame that made the point, from the one before it."""
    return move_ball(move_paddles(frozen, direction))


def observe(flight: Flight) -> jax.Array:
    """(8,) float32: positions and speeds scaled into about [0, 1], and two zeros.

    The last two are the scores divided by 21 as integers, so they stay 0 all through a game.
    """
    zero = f32(0)
    return jnp.stack(
        [
            (flight.paddle_yl - consts.MIN_PADDLE_Y) * consts.OBS_PADDLE_SCALE,
            (flight.paddle_yr - consts.MIN_PADDLE_Y) * consts.OBS_PADDLE_SCALE,
            flight.ball_x * consts.OBS_X_SCALE,
            flight.ball_y * consts.OBS_Y_SCALE,
            (flight.ball_vx + consts.BALL_SPEED_X) * consts.OBS_VX_SCALE,
            (flight.ball_vy + consts.BALL_MAX_SPEED_Y) * consts.OBS_VY_SCALE,
            zero,
            zero,
        ]
    )
