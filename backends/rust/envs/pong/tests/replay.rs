//! Replays what the reference did, bit for bit.

use samestep_core::Env;
use samestep_pong::{ContinuousPong, DiscretePong};
use std::path::Path;

#[test]
fn traces_of_the_reference() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/traces");
    samestep_testing::replay_folder(&folder, |params| {
        Ok(if params.bool("continuous", false)? {
            Box::new(ContinuousPong::new(params)?) as Box<dyn Env>
        } else {
            Box::new(DiscretePong::new(params)?)
        })
    });
}
