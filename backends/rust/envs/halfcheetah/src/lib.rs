//! HalfCheetah: MuJoCo's dynamics specialised to this one planar model, eight instances at a time.
//!
//! `substep` is one step of 0.01 s, from kinematics (`dynamics`) by way of contacts and joint
//! limits (`constraint`) to the accelerations that the Newton solver finds (`solver`,
//! `linesearch`); `rules` makes an environment of it. docs/envs/halfcheetah.md derives it all.
#![allow(clippy::needless_range_loop)] // loops over lanes index several arrays alike

pub mod constraint;
#[allow(missing_docs)]
pub mod consts;
pub mod dynamics;
pub mod lanes;
mod linesearch;
mod rules;
pub mod solver;
pub mod substep;
pub mod tree;

pub use rules::{HalfCheetah, Precision};
