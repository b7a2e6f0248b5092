//! Traces that were exported from MuJoCo, one step at a time, on every instruction set.

use samestep_core::{rules::Dtype, Env};
use samestep_halfcheetah::HalfCheetah;
use samestep_testing::Closeness;
use std::path::Path;

#[test]
fn traces_of_the_reference() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/traces");
    samestep_testing::replay_folder_closely(
        &folder,
        |params| {
            Ok(if params.bool("double_precision", false)? {
                Box::new(HalfCheetah::<f64>::new(params)?) as Box<dyn Env>
            } else {
                Box::new(HalfCheetah::<f32>::new(params)?)
            })
        },
        |dtype| match dtype {
            Dtype::F64 => Closeness {
                most: 1e-8,
                all: 1e-5,
            },
            _ => Closeness {
                most: 1e-4,
                all: 1e-3,
            },
        },
    );
}
