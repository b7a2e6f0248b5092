//! What every environment shares: the contract between rules and batch, counter-based
//! randomness, stepping over blocks of lanes and over threads, packed state rows, errors.
//!
//! An environment implements [`Rules`]. [`Driver`] makes a batch of it (autoreset, time limit,
//! threads) and [`rows::step_rows`] steps packed state rows without holding any state.

pub mod block;
pub mod driver;
pub mod env;
pub mod error;
pub mod guard;
pub mod isa;
pub mod params;
mod pool;
pub mod rows;
pub mod rules;
pub mod threefry;

pub use driver::{BatchEnv, Driver};
pub use env::Env;
pub use error::Error;
pub use isa::Isa;
pub use params::{Params, Value};
pub use rules::{ActionLayout, Array, ArrayMut, BlockOut, Draws, Dtype, Info, Rules};
pub use threefry::Key;
