//! Pokemon battles of generation 1 as Showdown 0.11.11 plays them; docs/envs/pokemon.md lists the
//! rules and their quirks.

#![forbid(unsafe_code)]

mod before_move;
mod boosts;
mod check;
mod choices;
#[allow(missing_docs)]
pub mod consts;
mod damage;
mod effects;
mod heuristics;
mod hit;
mod moves;
mod observe;
mod opponents;
mod pools;
mod queue;
mod residual;
mod rng;
mod rows;
pub mod rules;
mod saved;
mod species;
pub mod state;
mod status;
mod switching;
mod turn;
mod use_move;

pub use choices::CHOICES;
pub use observe::{Number, View, FULL_OBS_SIZE, OBS_SIZE};
pub use opponents::Opponent;
pub use pools::Pool;
pub use rng::Rng;
pub use rows::STATE_SIZE;
pub use rules::Pokemon;
pub use state::Battle;
