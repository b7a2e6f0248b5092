//! Duel, a two-player environment that only tests know; reference/spec.py specifies it.

#[allow(missing_docs)]
pub mod consts;
pub mod rules;

pub use rules::Duel;
