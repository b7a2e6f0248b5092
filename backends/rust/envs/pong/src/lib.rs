//! Pong as PufferLib 3.0.0 plays it; docs/envs/pong.md lists the rules and their quirks.

#[allow(missing_docs)]
pub mod consts;
pub mod rules;

pub use rules::{ContinuousPong, DiscretePong};
