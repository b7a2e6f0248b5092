//! One rule at a time (L1): boundary values worked out by hand from docs/envs/pong.md.
#![allow(missing_docs)]

mod common;

use common::{step, step_continuous, State};
use proptest::prelude::*;

const STAY: i32 = 0;
const UP: i32 = 1;
const DOWN: i32 = 2;

#[test]
fn agent_paddle_moves_by_eight_and_stays_within_bounds() {
    let from = |paddle_yr, action| {
        let state = State {
            paddle_yr,
            ..State::default()
        };
        step(state, action, 1).state.paddle_yr
    };
    assert_eq!(
        [from(100.0, STAY), from(100.0, UP), from(100.0, DOWN)],
        [100.0, 108.0, 92.0]
    );
    assert_eq!([from(604.0, UP), from(605.0, UP)], [605.0, 605.0]);
    assert_eq!([from(-30.0, DOWN), from(-35.0, DOWN)], [-35.0, -35.0]);
}

#[test]
fn opponent_follows_the_balls_lower_edge_by_at_most_eight() {
    let from = |paddle_yl, ball_y| {
        let state = State {
            paddle_yl,
            ball_y,
            ..State::default()
        };
        step(state, STAY, 1).state.paddle_yl
    };
    assert_eq!(from(285.0, 400.0), 293.0);
    assert_eq!(from(285.0, 200.0), 277.0);
    assert_eq!(from(285.0, 323.0), 288.0); // 3 above its middle at 320
    assert_eq!(from(285.0, 320.0), 285.0);
    assert_eq!(from(602.0, 640.0), 605.0);
    assert_eq!(from(-33.0, -12.0), -35.0);
}

#[test]
fn ball_flies_and_bounces_off_bottom_and_top() {
    let from = |ball_y, ball_vy| {
        let state = State {
            ball_y,
            ball_vy,
            ..State::default()
        };
        let after = step(state, STAY, 1).state;
        [after.ball_x, after.ball_y, after.ball_vx, after.ball_vy]
    };
    assert_eq!(from(300.0, 7.0), [250.0, 307.0, 10.0, 7.0]);
    assert_eq!(from(5.0, -6.0), [250.0, -1.0, 10.0, 6.0]); // outside by one, turned
    assert_eq!(from(6.0, -6.0), [250.0, 0.0, 10.0, -6.0]); // on the edge, not turned
    assert_eq!(from(600.0, 9.0), [250.0, 609.0, 10.0, -9.0]);
    assert_eq!(from(600.0, 8.0), [250.0, 608.0, 10.0, 8.0]);
}

/// A ball one frame away from the right end, at the given height, the agent's paddle at 300.
fn at_right_end(ball_y: f32, ball_vy: f32) -> State {
    State {
        paddle_yr: 300.0,
        ball_x: 460.0,
        ball_y,
        ball_vy,
        ..State::default()
    }
}

#[test]
fn agent_returns_the_ball() {
    let after = step(at_right_end(310.0, 1.0), STAY, 1);
    assert_eq!(after.reward, 0.1);
    assert_eq!(after.state.ball_vx, -10.0);
    assert_eq!(after.state.ball_x, 468.0); // put back from 470
    assert_eq!([after.state.ball_y, after.state.ball_vy], [311.0, 1.0]);
}

#[test]
fn ball_reaches_the_right_end_only_past_it() {
    let mut state = at_right_end(310.0, 1.0);
    state.ball_x = 458.0; // then exactly 468 + 32 = 500
    let after = step(state, STAY, 1);
    assert_eq!([after.state.ball_x, after.state.ball_vx], [468.0, 10.0]);
    assert_eq!(after.reward, 0.0);
}

#[test]
fn agent_hits_within_its_height_only() {
    // The ball spans y to y + 32, the paddle 300 to 370; touching edges do not count.
    let reward = |ball_y| step(at_right_end(ball_y, 0.0), STAY, 1).reward;
    assert_eq!([reward(268.0), reward(269.0)], [-1.0, 0.1]);
    assert_eq!([reward(369.0), reward(370.0)], [0.1, -1.0]);
}

#[test]
fn a_moving_paddle_drags_the_ball() {
    let vy = |ball_vy, action| step(at_right_end(320.0, ball_vy), action, 1).state.ball_vy;
    assert_eq!([vy(1.0, UP), vy(1.0, DOWN)], [4.0, -2.0]);
    assert_eq!([vy(11.0, UP), vy(-12.0, DOWN)], [13.0, -13.0]);
    assert_eq!(
        [vy(3.0, DOWN), vy(-3.0, UP), vy(0.0, STAY)],
        [3.0, 3.0, 3.0]
    );
}

#[test]
fn a_level_ball_is_one_slower_than_a_hundredth() {
    let vy = |direction: f32| {
        step_continuous(at_right_end(320.0, -3.0), direction)
            .state
            .ball_vy
    };
    assert_eq!(vy(0.9970), 3.0); // -3 + 2.991 = -0.009: level
    assert_eq!(vy(0.9960), -3.0 + 3.0 * 0.9960f32); // -0.012: not
    let exactly = step_continuous(at_right_end(320.0, 0.01), 0.0);
    assert_eq!(exactly.state.ball_vy, 3.0);
    let above = step_continuous(at_right_end(320.0, 0.010_000_001), 0.0);
    assert_eq!(above.state.ball_vy, 0.010_000_001);
}

#[test]
fn ball_is_put_back_into_the_field_at_the_right_end_only() {
    let mut state = at_right_end(2.0, -5.0);
    state.paddle_yr = 0.0;
    let after = step(state, STAY, 1).state;
    assert_eq!([after.ball_y, after.ball_vy], [0.0, 5.0]); // from -3
    let mut state = at_right_end(607.0, 5.0);
    state.paddle_yr = 600.0;
    let after = step(state, STAY, 1).state;
    assert_eq!([after.ball_y, after.ball_vy], [608.0, -5.0]); // from 612

    let left = State {
        paddle_yl: 300.0,
        ball_x: 8.0,
        ball_vx: -10.0,
        ball_y: 310.0,
        ..State::default()
    };
    let after = step(left, STAY, 1);
    assert_eq!([after.state.ball_x, after.state.ball_vx], [-2.0, 10.0]);
    assert_eq!(after.reward, 0.0);
}

#[test]
fn opponent_hits_within_its_height_only() {
    // Its paddle is at 300 after this frame, wherever the ball is.
    let reward = |ball_y: f32| {
        let state = State {
            paddle_yl: if ball_y > 335.0 { 292.0 } else { 308.0 },
            ball_x: 5.0,
            ball_vx: -10.0,
            ball_y,
            ..State::default()
        };
        step(state, STAY, 1).reward
    };
    assert_eq!([reward(268.0), reward(269.0)], [1.0, 0.0]);
    assert_eq!([reward(369.0), reward(370.0)], [0.0, 1.0]);
    let mut on_the_edge = State {
        ball_x: 10.0,
        ball_vx: -10.0,
        ball_y: 100.0,
        ..State::default()
    };
    assert_eq!(step(on_the_edge, STAY, 1).reward, 0.0); // at 0, not beyond
    on_the_edge.ball_x = 9.0;
    assert_eq!(step(on_the_edge, STAY, 1).reward, 1.0);
}

/// A game in which the agent's next frame loses the point.
fn about_to_lose() -> State {
    State {
        score_l: 3,
        score_r: 5,
        paddle_yl: 200.0,
        ..at_right_end(100.0, 4.0)
    }
}

#[test]
fn a_point_serves_again() {
    let after = step(about_to_lose(), UP, 1);
    let state = after.state;
    assert_eq!([state.score_l, state.score_r], [4, 5]);
    assert_eq!([state.paddle_yl, state.paddle_yr], [285.0, 285.0]);
    assert_eq!(
        [state.ball_x, state.ball_y, state.ball_vx],
        [100.0, 304.0, 10.0]
    );
    assert!(state.ball_vy == 0.0 || state.ball_vy == -1.0);
    assert_eq!(after.reward, -1.0);
    assert!(!after.terminated);
}

#[test]
fn after_a_point_the_last_completed_frame_is_observed() {
    let obs = step(about_to_lose(), UP, 8).obs;
    let before = [
        (200.0 + 35.0) * (1.0 / 640.0),
        (300.0 + 35.0) * (1.0 / 640.0),
        460.0 * (1.0 / 500.0),
        100.0 * (1.0 / 640.0),
        20.0 * (1.0 / 20.0),
        17.0 * (1.0 / 26.0),
        0.0,
        0.0,
    ];
    for (seen, expected) in obs.iter().zip(before) {
        assert!((seen - expected).abs() < 1e-6, "{obs:?}");
    }
}

#[test]
fn observations_are_scaled() {
    let state = State {
        paddle_yl: -35.0,
        paddle_yr: 605.0,
        ball_x: 240.0,
        ball_y: 320.0,
        ball_vx: -10.0,
        ball_vy: 13.0,
        score_l: 20,
        score_r: 20,
    };
    let obs = step(state, STAY, 1).obs;
    let expected = [8.0 / 640.0, 1.0, 0.46, 333.0 / 640.0, 0.0, 1.0, 0.0, 0.0];
    for (seen, expected) in obs.iter().zip(expected) {
        assert!((seen - expected).abs() < 1e-6, "{obs:?}");
    }
}

#[test]
fn the_twenty_first_point_ends_the_game() {
    let lost = State {
        score_l: 20,
        score_r: 20,
        ..about_to_lose()
    };
    let after = step(lost, STAY, 1);
    assert!(after.terminated);
    assert_eq!(after.reward, -1.0);
    assert_eq!([after.state.score_l, after.state.score_r], [0, 0]); // the next game

    let won = State {
        score_r: 20,
        ball_x: 5.0,
        ball_vx: -10.0,
        ball_y: 100.0,
        ..State::default()
    };
    let after = step(won, STAY, 1);
    assert!(after.terminated);
    assert_eq!(after.reward, 1.0);
}

#[test]
fn a_point_overwrites_the_reward_of_a_bounce() {
    // Returned from x = 468 with the opponent far away: 48 frames to the left end.
    let state = State {
        paddle_yl: -35.0,
        paddle_yr: 560.0,
        ball_y: 570.0,
        ..at_right_end(570.0, 0.0)
    };
    assert_eq!(step(state, STAY, 8).reward, 0.1);
    let fast = State {
        ball_vx: 300.0,
        ball_x: 400.0,
        ..state
    };
    assert_eq!(step(fast, STAY, 8).reward, 1.0);
}

#[test]
fn a_point_ends_the_step() {
    let state = step(about_to_lose(), STAY, 8).state;
    assert_eq!([state.ball_x, state.ball_y], [100.0, 304.0]); // not yet under way
}

proptest! {
    /// Eight frames in one step are eight steps of one frame, as long as nobody scores.
    #[test]
    fn frame_skip_repeats_frames(
        ball_x in 100u32..380, ball_y in 0u32..608, vy in -13i32..=13,
        yl in -35i32..=605, yr in -35i32..=605, right: bool, action in 0i32..3,
    ) {
        let state = State {
            paddle_yl: yl as f32,
            paddle_yr: yr as f32,
            ball_x: ball_x as f32,
            ball_y: ball_y as f32,
            ball_vx: if right { 10.0 } else { -10.0 },
            ball_vy: vy as f32,
            ..State::default()
        };
        let mut one = state;
        for _ in 0..8 {
            one = step(one, action, 1).state;
        }
        prop_assert_eq!(step(state, action, 8).state, one);
    }

    /// A full push in the continuous game is the discrete move.
    #[test]
    fn continuous_extremes_are_the_discrete_moves(
        ball_x in 0u32..469, ball_y in 0u32..608, vy in -13i32..=13, yr in -35i32..=605,
    ) {
        let state = State {
            paddle_yr: yr as f32,
            ball_x: ball_x as f32,
            ball_y: ball_y as f32,
            ball_vy: vy as f32,
            ..State::default()
        };
        for (action, direction) in [(STAY, 0.0), (UP, 1.0), (DOWN, -1.0)] {
            let discrete = step(state, action, 1);
            let continuous = step_continuous(state, direction);
            prop_assert_eq!(discrete.state, continuous.state);
            prop_assert_eq!(discrete.reward, continuous.reward);
        }
    }
}
