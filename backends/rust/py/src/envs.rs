//! The environments in this module, by name.

use samestep_core::{Env, Error, Params};
use samestep_gameboy::GameBoy;
use samestep_halfcheetah::HalfCheetah;
use samestep_pokemon::Pokemon;
use samestep_pong::{ContinuousPong, DiscretePong};

/// Names that [`make`] accepts.
pub const NAMES: &[&str] = &[
    "pong",
    "halfcheetah",
    "pokemon",
    "gameboy",
    #[cfg(feature = "test-envs")]
    "duel",
];

/// An environment under parameters, which may include `max_episode_steps`.
///
/// # Errors
/// For an unknown name, an unknown parameter or an unacceptable value.
pub fn make(name: &str, mut params: Params) -> Result<(Box<dyn Env>, Option<u32>), Error> {
    let env: Box<dyn Env> = match name {
        "pong" => {
            if params.bool("continuous", false)? {
                Box::new(ContinuousPong::new(&mut params)?)
            } else {
                Box::new(DiscretePong::new(&mut params)?)
            }
        }
        "halfcheetah" => {
            if params.bool("double_precision", false)? {
                Box::new(HalfCheetah::<f64>::new(&mut params)?)
            } else {
                Box::new(HalfCheetah::<f32>::new(&mut params)?)
            }
        }
        "pokemon" => Box::new(Pokemon::new(&mut params)?),
        "gameboy" => Box::new(GameBoy::new(&mut params)?),
        #[cfg(feature = "test-envs")]
        "duel" => Box::new(samestep_duel::Duel::new(&mut params)?),
        _ => {
            return Err(Error::new(format!(
                "unknown environment '{name}'; accepted: {}",
                NAMES.join(", ")
            )))
        }
    };
    let limit = params.int("max_episode_steps", -1, 0..=i64::from(i32::MAX))?;
    params.finish(name)?;
    Ok((env, u32::try_from(limit).ok()))
}
