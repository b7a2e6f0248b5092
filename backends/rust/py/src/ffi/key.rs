//! Environments by a string that names them and their parameters: what a handler is told in an
//! attribute, and what it has made of that before.

use crate::envs;
use samestep_core::{Env, Error, Params, Value};
use std::collections::HashMap;
use std::sync::{Arc, OnceLock, PoisonError, RwLock};

/// An environment and its time limit.
pub struct Resolved {
    pub env: Box<dyn Env>,
    pub max_episode_steps: u32,
}

/// The string of an environment, for example `pong;continuous=false;frame_skip=8`.
pub fn write(name: &str, params: &mut [(String, Value)]) -> String {
    params.sort_by(|(a, _), (b, _)| a.cmp(b));
    let mut key = name.to_owned();
    for (name, value) in params {
        let value = match value {
            Value::Bool(value) => value.to_string(),
            Value::Int(value) => value.to_string(),
            Value::Float(value) => format!("{value:?}"),
            Value::Text(value) => format!("'{}", value.replace('%', "%25").replace(';', "%3B")),
        };
        key.push_str(&format!(";{name}={value}"));
    }
    key
}

fn read(key: &str) -> Result<(&str, Params), Error> {
    let mut parts = key.split(';');
    let name = parts.next().unwrap_or_default();
    let values: Result<Vec<(String, Value)>, Error> = parts
        .map(|part| {
            let wrong = || Error::new(format!("'{key}' does not name an environment"));
            let (name, value) = part.split_once('=').ok_or_else(wrong)?;
            let value = match value {
                "true" => Value::Bool(true),
                "false" => Value::Bool(false),
                _ => match (value.strip_prefix('\''), value.parse()) {
                    (Some(text), _) => Value::Text(text.replace("%3B", ";").replace("%25", "%")),
                    (None, Ok(value)) => Value::Int(value),
                    (None, Err(_)) => Value::Float(value.parse().map_err(|_| wrong())?),
                },
            };
            Ok((name.to_owned(), value))
        })
        .collect();
    Ok((name, Params::new(values?)))
}

/// The environment of this string, made once and kept: there are few, and they are small. A file
/// that a parameter names is read then, and not again.
///
/// # Errors
/// For an unknown environment or parameter, or an unacceptable value.
pub fn resolve(key: &str) -> Result<Arc<Resolved>, Error> {
    static MADE: OnceLock<RwLock<HashMap<String, Arc<Resolved>>>> = OnceLock::new();
    let made = MADE.get_or_init(RwLock::default);
    let read_guard = made.read().unwrap_or_else(PoisonError::into_inner);
    if let Some(resolved) = read_guard.get(key) {
        return Ok(resolved.clone());
    }
    drop(read_guard);
    let (name, params) = read(key)?;
    let (env, limit) = envs::make(name, params)?;
    let resolved = Arc::new(Resolved {
        max_episode_steps: limit.unwrap_or(env.info().default_max_episode_steps),
        env,
    });
    let mut made = made.write().unwrap_or_else(PoisonError::into_inner);
    Ok(made.entry(key.to_owned()).or_insert(resolved).clone())
}
