//! Replays traces of the reference on an environment, without Python.
//!
//! `python -m harness verify --env ENV --export-traces FOLDER` writes them;
//! harness/verifying/traces.py describes the format.

mod arrays;
mod compare;
mod replay;
mod trace;

pub use compare::Closeness;

use compare::Compare;
use samestep_core::rules::Dtype;
use samestep_core::{Env, Error, Isa, Params};
use std::path::Path;

/// Replays every `.trace` file of a folder, on every instruction set that this processor has,
/// with all lanes and with fewer, so that the last block is not full. All must be equal bit for
/// bit.
///
/// # Panics
/// At the first value that differs, saying where; and if there are no traces.
pub fn replay_folder(folder: &Path, make: impl Fn(&mut Params) -> Result<Box<dyn Env>, Error>) {
    replay_all(folder, make, |_| Compare::bits());
}

/// The same for an environment whose STATE is all f64 and that is close to its reference, not
/// equal: every step starts from the trace's state, rounded to f32 as it was when the trace was
/// made, and numbers are as close as `closeness` says for the type of its observations.
///
/// # Panics
/// As [`replay_folder`].
pub fn replay_folder_closely(
    folder: &Path,
    make: impl Fn(&mut Params) -> Result<Box<dyn Env>, Error>,
    closeness: impl Fn(Dtype) -> Closeness,
) {
    replay_all(folder, make, |dtype| Compare::closely(closeness(dtype)));
}

fn replay_all(
    folder: &Path,
    make: impl Fn(&mut Params) -> Result<Box<dyn Env>, Error>,
    comparison: impl Fn(Dtype) -> Compare,
) {
    let entries = std::fs::read_dir(folder).expect("a folder of traces");
    let mut count = 0;
    for entry in entries {
        let path = entry.expect("a folder entry").path();
        if path
            .extension()
            .is_none_or(|extension| extension != "trace")
        {
            continue;
        }
        count += 1;
        let bytes = std::fs::read(&path).expect("a readable trace");
        for isa in Isa::available() {
            for fewer in [0, 1, 11] {
                let name = format!("{} on {} without {fewer}", path.display(), isa.name());
                replay::replay(&name, &bytes, isa, fewer, &make, &comparison);
            }
        }
    }
    assert!(count > 0, "no traces in {}", folder.display());
}
