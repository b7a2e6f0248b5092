//! Whatever the bytes of a row are: they are refused with a line, or play on without a panic.

mod common;

use common::Games;
use proptest::prelude::*;
use samestep_pokemon::consts::STATE_BYTES;
use samestep_pokemon::{Battle, View, FULL_OBS_SIZE, STATE_SIZE};

const HEADER: usize = STATE_BYTES - STATE_SIZE;

/// STATE of battles in all kinds of moments.
fn states() -> Vec<Vec<u8>> {
    let mut games = Games::new(16, 1, &[("format", samestep_core::Value::Int(2))]);
    let mut states = Vec::new();
    for _ in 0..60 {
        let actions = games.choose();
        games.step(&actions);
        let rows = games.rows(STATE_BYTES);
        states.extend(
            rows.chunks_exact(STATE_BYTES)
                .map(|row| row[HEADER..].to_vec()),
        );
    }
    states
}

/// Plays on, looks and packs.
fn play(mut battle: Battle, actions: &[(i32, i32)]) {
    let mut view = View::of(&battle);
    for &(first, second) in actions {
        let fronts = [0, 1].map(|side| battle.sides[side].front());
        battle.commit([first, second]);
        view.follow(&battle, fronts);
        let mut obs = [0; FULL_OBS_SIZE];
        battle.observe(&view, 0, &mut obs);
        battle.pack(&mut [0; STATE_SIZE]);
    }
}

#[test]
fn every_state_of_a_battle_is_accepted_and_comes_back() {
    for state in states() {
        let battle = Battle::unpack(&state).unwrap();
        let mut back = vec![0; STATE_SIZE];
        battle.pack(&mut back);
        assert_eq!(back, state);
        let mut saved = [0xA5; STATE_SIZE];
        battle.save(&mut saved);
        let mut loaded = Battle::default();
        loaded.load(&saved);
        assert_eq!(loaded, battle);
    }
}

#[test]
fn refusals_are_one_line_that_names_the_field() {
    let state = &states()[500];
    // Offsets in STATE: level, status, order, boosts, turn, winner.
    for (at, value, word) in [
        (12, 101, "level is 101; accepted: 1 to 100"),
        (108, 7, "status is 7; accepted: 0 to 6"),
        (276, 6, "order is 6; accepted: 0 to 5"),
        (332, 7, "boosts is 7; accepted: -6 to 6"),
        (442, 0, "turn"),
        (456, 1, "winner is not 0: that battle is over"),
        (410, 2, "a flag is neither 0 nor 1"),
    ] {
        let mut wrong = state.clone();
        wrong[at] = value;
        if at == 442 {
            wrong[443] = 0;
        }
        let error = Battle::unpack(&wrong).unwrap_err().to_string();
        assert!(
            error.contains(word) && !error.contains('\n'),
            "{at}: {error}"
        );
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn random_bytes(
        bytes in prop::collection::vec(any::<u8>(), STATE_SIZE),
        actions in prop::collection::vec((-2..12i32, -2..12i32), 1..20),
    ) {
        let _ = Battle::unpack(&bytes);
        play(Battle::read(&bytes).0, &actions);
        let mut battle = Battle::default();
        battle.load(&bytes);
        play(battle, &actions);
    }

    #[test]
    fn a_battle_with_some_bytes_wrong(
        index in 0..960usize,
        wrong in prop::collection::vec((0..STATE_SIZE, any::<u8>()), 1..12),
        actions in prop::collection::vec((0..10i32, 0..10i32), 1..40),
    ) {
        thread_local!(static STATES: Vec<Vec<u8>> = states());
        let mut state = STATES.with(|states| states[index].clone());
        for (at, value) in wrong {
            state[at] = value;
        }
        play(Battle::read(&state).0, &actions);
        if let Ok(battle) = Battle::unpack(&state) {
            play(battle, &actions);
        }
    }
}
