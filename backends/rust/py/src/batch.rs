//! The Python class of a batch that holds its own state.

use crate::arrays::{empty, flags, readonly, readwrite, refuse_overlap, span, Input, Output};
use crate::envs;
use numpy::{PyArray1, PyArray2, PyArrayMethods};
use pyo3::exceptions::{PyRuntimeError, PyTypeError, PyValueError};
use pyo3::prelude::*;
use pyo3::types::{PyBool, PyDict, PyFloat, PyInt, PyString};
use samestep_core::driver::Out;
use samestep_core::guard::guarded;
use samestep_core::rules::{ActionLayout, Dtype, Info};
use samestep_core::threefry::root_key;
use samestep_core::{BatchEnv, Env, Error, Isa, Params, Value};
use std::sync::{Mutex, MutexGuard, TryLockError};

/// N instances of one environment, stepped in one call into arrays that the caller owns.
#[pyclass(frozen, module = "samestep_rust._core")]
pub struct Batch {
    env: Mutex<Held>,
    shapes: Shapes,
}

/// What a `Batch` holds.
enum Held {
    Open(Box<dyn BatchEnv>),
    Closed,
    /// A call broke off half-way: a defect, after which the states are of no use.
    Broken,
}

/// Shapes and types of the arrays of a whole batch.
#[derive(Clone)]
struct Shapes {
    obs_dtype: Dtype,
    reward_dtype: Dtype,
    action_dtype: Dtype,
    obs: Vec<usize>,
    actions: Vec<usize>,
    reward: Vec<usize>,
    flags: Vec<usize>,
    legal: Vec<usize>,
    acting: Vec<usize>,
    state_bytes: usize,
}

impl Shapes {
    fn new(env: &dyn Env, num_envs: usize) -> Self {
        let info = env.info();
        let mut players = vec![num_envs];
        if info.players > 1 {
            players.push(info.players);
        }
        let with = |more: &[usize]| [&players, more].concat();
        let (action_dtype, actions) = match info.action {
            ActionLayout::Discrete { .. } => (Dtype::I32, players.clone()),
            ActionLayout::Box { len, .. } => (Dtype::F32, with(&[len])),
        };
        Shapes {
            obs_dtype: env.obs_dtype(),
            reward_dtype: env.reward_dtype(),
            action_dtype,
            obs: with(&info.obs_shape),
            actions,
            reward: players.clone(),
            flags: vec![num_envs],
            legal: with(&[info.action.num_actions()]),
            acting: vec![num_envs, info.players],
            state_bytes: info.state_bytes,
        }
    }
}

#[pymethods]
impl Batch {
    /// A batch of `num_envs` instances; `reset` it before the first step.
    #[new]
    #[pyo3(signature = (name, num_envs, threads, params, isa=None, first_index=None))]
    fn new(
        name: &str,
        num_envs: &Bound<'_, PyAny>,
        threads: &Bound<'_, PyAny>,
        params: &Bound<'_, PyDict>,
        isa: Option<&str>,
        first_index: Option<&Bound<'_, PyAny>>,
    ) -> PyResult<Self> {
        let num_envs = count("num_envs", num_envs)?;
        let threads = count("threads", threads)?;
        let (env, limit) = envs::make(name, to_params(params)?).map_err(to_py)?;
        let isa = chosen_isa(isa)?;
        let shapes = Shapes::new(env.as_ref(), num_envs);
        let first_index = match first_index {
            None => 0,
            Some(index) => index.extract().map_err(|_| {
                PyValueError::new_err(format!(
                    "first_index is {index}; accepted: an integer from 0 to {}",
                    u32::MAX as usize + 1 - num_envs.min(1 << 24)
                ))
            })?,
        };
        let env = called(|| env.batch_from(first_index, num_envs, threads, limit, isa))?;
        Ok(Batch {
            env: Mutex::new(Held::Open(env)),
            shapes,
        })
    }

    /// Names, layouts and sizes.
    fn info<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyDict>> {
        let guard = self.lock()?;
        let env = guard.get()?;
        let dict = info_dict(py, env.info(), env.obs_dtype(), env.reward_dtype())?;
        dict.set_item("num_envs", env.num_envs())?;
        dict.set_item("threads", env.threads())?;
        dict.set_item("max_episode_steps", env.max_episode_steps())?;
        Ok(dict)
    }

    /// Starts instances (all if `indices` is None) at episode 0 of `seed`; writes their rows of
    /// `obs`, which is that of the whole batch.
    #[pyo3(signature = (seed, obs, indices=None))]
    fn reset(
        &self,
        py: Python<'_>,
        seed: &Bound<'_, PyAny>,
        obs: &Bound<'_, PyAny>,
        indices: Option<&Bound<'_, PyAny>>,
    ) -> PyResult<()> {
        let seed: u64 = seed.extract().map_err(|_| {
            PyValueError::new_err(format!(
                "seed is {seed}; accepted: an integer from 0 to 2**64 - 1"
            ))
        })?;
        let mut guard = self.lock()?;
        let held = &mut *guard;
        let indices = places(indices, held.get()?.num_envs())?;
        let mut obs = Output::new("obs", obs, self.shapes.obs_dtype, &self.shapes.obs)?;
        let obs = obs.array()?;
        py.detach(|| held.change(|env| env.reset(root_key(seed), indices.as_deref(), obs)))
    }

    /// One step of every instance. Arrays are C-contiguous; `obs` is the new episode's first
    /// observation where one ended, and `final_obs`, written only there, the old one's last.
    /// Without `obs`, where the environment can leave it out, neither is written.
    #[pyo3(signature = (actions, obs, final_obs, reward, terminated, truncated, legal=None, acting=None))]
    #[allow(clippy::too_many_arguments)]
    fn step_into(
        &self,
        py: Python<'_>,
        actions: &Bound<'_, PyAny>,
        obs: Option<&Bound<'_, PyAny>>,
        final_obs: &Bound<'_, PyAny>,
        reward: &Bound<'_, PyAny>,
        terminated: &Bound<'_, PyAny>,
        truncated: &Bound<'_, PyAny>,
        legal: Option<&Bound<'_, PyAny>>,
        acting: Option<&Bound<'_, PyAny>>,
    ) -> PyResult<()> {
        let shapes = &self.shapes;
        let mut guard = self.lock()?;
        let held = &mut *guard;
        let actions = Input::new("actions", actions, shapes.action_dtype, &shapes.actions)?;
        let mut obs = obs
            .map(|obs| Output::new("obs", obs, shapes.obs_dtype, &shapes.obs))
            .transpose()?;
        let mut final_obs = Output::new("final_obs", final_obs, shapes.obs_dtype, &shapes.obs)?;
        let mut reward = Output::new("reward", reward, shapes.reward_dtype, &shapes.reward)?;
        let mut terminated = readwrite("terminated", terminated, "bool", &shapes.flags)?;
        let mut truncated = readwrite("truncated", truncated, "bool", &shapes.flags)?;
        let mut legal = legal
            .map(|legal| readwrite("legal", legal, "bool", &shapes.legal))
            .transpose()?;
        let mut acting = acting
            .map(|acting| readwrite("acting", acting, "bool", &shapes.acting))
            .transpose()?;
        refuse_overlap(&[
            ("actions", actions.span()),
            ("obs", obs.as_ref().map_or(0..0, Output::span)),
            ("final_obs", final_obs.span()),
            ("reward", reward.span()),
            ("terminated", span(&terminated)),
            ("truncated", span(&truncated)),
            ("legal", legal.as_ref().map_or(0..0, span)),
            ("acting", acting.as_ref().map_or(0..0, span)),
        ])?;
        let out = Out {
            obs: match &mut obs {
                Some(obs) => obs.array()?,
                None => empty(shapes.obs_dtype),
            },
            final_obs: final_obs.array()?,
            reward: reward.array()?,
            terminated: flags(&mut terminated)?,
            truncated: flags(&mut truncated)?,
            legal: legal.as_mut().map(flags).transpose()?.unwrap_or_default(),
            acting: acting.as_mut().map(flags).transpose()?.unwrap_or_default(),
        };
        let actions = actions.array()?;
        py.detach(|| held.change(|env| env.step(actions, out)))
    }

    /// Writes the masks as they are now.
    #[pyo3(signature = (legal=None, acting=None))]
    fn masks(
        &self,
        legal: Option<&Bound<'_, PyAny>>,
        acting: Option<&Bound<'_, PyAny>>,
    ) -> PyResult<()> {
        let guard = self.lock()?;
        let env = guard.get()?;
        let mut legal = legal
            .map(|legal| readwrite("legal", legal, "bool", &self.shapes.legal))
            .transpose()?;
        let mut acting = acting
            .map(|acting| readwrite("acting", acting, "bool", &self.shapes.acting))
            .transpose()?;
        refuse_overlap(&[
            ("legal", legal.as_ref().map_or(0..0, span)),
            ("acting", acting.as_ref().map_or(0..0, span)),
        ])?;
        let legal = legal.as_mut().map(flags).transpose()?.unwrap_or_default();
        let acting = acting.as_mut().map(flags).transpose()?.unwrap_or_default();
        called(|| env.masks(legal, acting))
    }

    /// Packed state rows of chosen instances, (n, state_bytes) uint8.
    #[pyo3(signature = (indices=None))]
    fn export_state<'py>(
        &self,
        py: Python<'py>,
        indices: Option<&Bound<'py, PyAny>>,
    ) -> PyResult<Bound<'py, PyArray2<u8>>> {
        let guard = self.lock()?;
        let env = guard.get()?;
        let indices = places(indices, env.num_envs())?;
        let n = indices.as_ref().map_or(env.num_envs(), Vec::len);
        let mut rows = vec![0; n * self.shapes.state_bytes];
        called(|| env.export_state(indices.as_deref(), &mut rows))?;
        PyArray1::from_vec(py, rows).reshape([n, self.shapes.state_bytes])
    }

    /// Restores chosen instances from packed state rows: all of them or, on an error, none.
    #[pyo3(signature = (rows, indices=None))]
    fn import_state(
        &self,
        rows: &Bound<'_, PyAny>,
        indices: Option<&Bound<'_, PyAny>>,
    ) -> PyResult<()> {
        let mut guard = self.lock()?;
        let held = &mut *guard;
        let num_envs = held.get()?.num_envs();
        let indices = places(indices, num_envs)?;
        let n = indices.as_ref().map_or(num_envs, Vec::len);
        let shape = [n, self.shapes.state_bytes];
        let rows = readonly::<u8>("state rows", rows, "uint8", &shape)?;
        let rows = rows.as_slice()?;
        held.change(|env| env.import_state(indices.as_deref(), rows))
    }

    /// An independent copy in the same state.
    fn clone(&self) -> PyResult<Self> {
        let guard = self.lock()?;
        let env = guard.get()?;
        let copy = called(|| env.clone_box())?;
        Ok(Batch {
            env: Mutex::new(Held::Open(copy)),
            shapes: self.shapes.clone(),
        })
    }

    /// Releases everything; any later call but this one is refused.
    fn close(&self) -> PyResult<()> {
        *self.lock()? = Held::Closed;
        Ok(())
    }
}

impl Batch {
    fn lock(&self) -> PyResult<MutexGuard<'_, Held>> {
        match self.env.try_lock() {
            Ok(guard) => Ok(guard),
            Err(TryLockError::WouldBlock) => Err(PyRuntimeError::new_err(
                "the environment is in use by another thread; step it from one at a time",
            )),
            Err(TryLockError::Poisoned(_)) => Err(broken()),
        }
    }
}

impl Held {
    fn get(&self) -> PyResult<&dyn BatchEnv> {
        match self {
            Held::Open(env) => Ok(env.as_ref()),
            Held::Closed => Err(PyRuntimeError::new_err(
                "the environment is closed; make a new one",
            )),
            Held::Broken => Err(broken()),
        }
    }

    /// Runs what changes states. After a panic, which would be a defect, they are given up.
    fn change(
        &mut self,
        call: impl FnOnce(&mut dyn BatchEnv) -> Result<(), Error>,
    ) -> PyResult<()> {
        self.get()?;
        let Held::Open(mut env) = std::mem::replace(self, Held::Broken) else {
            return Err(broken());
        };
        let mut result = Err(Error::new("the call did not end"));
        guarded(|| {
            result = call(env.as_mut());
            Ok(())
        })
        .map_err(|panic| {
            PyRuntimeError::new_err(format!("{panic}; the environment's states are lost"))
        })?;
        *self = Held::Open(env);
        result.map_err(to_py)
    }
}

fn broken() -> PyErr {
    PyRuntimeError::new_err("the environment broke in an earlier call; make a new one")
}

/// Errors as ValueError; a panic too, for where no states are lost by it.
pub fn called<T>(call: impl FnOnce() -> Result<T, Error>) -> PyResult<T> {
    guarded(call).map_err(to_py)
}

pub fn to_py(error: Error) -> PyErr {
    PyValueError::new_err(error.to_string())
}

/// Keyword arguments as parameters.
pub fn to_params(given: &Bound<'_, PyDict>) -> PyResult<Params> {
    to_values(given).map(Params::new)
}

/// Keyword arguments as named values.
pub fn to_values(given: &Bound<'_, PyDict>) -> PyResult<Vec<(String, Value)>> {
    let mut values = Vec::with_capacity(given.len());
    for (name, value) in given {
        let name: String = name.extract()?;
        // NumPy's scalars, which configuration libraries hand out, become Python's.
        let plain = match value.call_method0("item") {
            Ok(item) => item,
            Err(_) => value.clone(),
        };
        let value = if plain.is_instance_of::<PyBool>() {
            Value::Bool(plain.extract()?)
        } else if plain.is_instance_of::<PyInt>() {
            Value::Int(plain.extract().map_err(|_| {
                PyValueError::new_err(format!(
                    "{name} is {plain}; accepted: integers of at most 64 bits"
                ))
            })?)
        } else if plain.is_instance_of::<PyFloat>() {
            Value::Float(plain.extract()?)
        } else if plain.is_instance_of::<PyString>() {
            Value::Text(plain.extract()?)
        } else {
            return Err(PyTypeError::new_err(format!(
                "{name} is {}; accepted: a number, a truth value or a string",
                value.repr()?
            )));
        };
        values.push((name, value));
    }
    Ok(values)
}

/// What an environment is, for Python.
pub fn info_dict<'py>(
    py: Python<'py>,
    info: &Info,
    obs: Dtype,
    reward: Dtype,
) -> PyResult<Bound<'py, PyDict>> {
    let dict = PyDict::new(py);
    dict.set_item("name", info.name)?;
    dict.set_item("version", info.version)?;
    dict.set_item("layout_id", info.layout_id)?;
    dict.set_item("state_bytes", info.state_bytes)?;
    dict.set_item("players", info.players)?;
    dict.set_item("obs_shape", info.obs_shape.clone())?;
    dict.set_item("obs_dtype", dtype_name(obs))?;
    dict.set_item("obs_low", info.obs_low)?;
    dict.set_item("obs_high", info.obs_high)?;
    dict.set_item("reward_dtype", dtype_name(reward))?;
    dict.set_item("legal_varies", info.legal_varies)?;
    match info.action {
        ActionLayout::Discrete { n } => dict.set_item("num_actions", n)?,
        ActionLayout::Box { len, low, high } => {
            dict.set_item("num_actions", 0)?;
            dict.set_item("action_len", len)?;
            dict.set_item("action_low", low)?;
            dict.set_item("action_high", high)?;
        }
    }
    Ok(dict)
}

fn dtype_name(dtype: Dtype) -> &'static str {
    match dtype {
        Dtype::F32 => "float32",
        Dtype::F64 => "float64",
        Dtype::I16 => "int16",
        Dtype::I32 => "int32",
        Dtype::U8 => "uint8",
    }
}

fn count(name: &str, value: &Bound<'_, PyAny>) -> PyResult<usize> {
    value.extract().map_err(|_| {
        PyValueError::new_err(format!("{name} is {value}; accepted: an integer from 1"))
    })
}

/// Places in the batch; whether they are below its size is the driver's to check.
fn places(indices: Option<&Bound<'_, PyAny>>, num_envs: usize) -> PyResult<Option<Vec<usize>>> {
    let Some(indices) = indices else {
        return Ok(None);
    };
    let refused = || {
        let last = num_envs - 1;
        PyValueError::new_err(format!(
            "indices are {indices}; accepted: a list of integers from 0 to {last}"
        ))
    };
    // Python's truth values are integers: a mask would be taken for places 0 and 1.
    for index in indices.try_iter().map_err(|_| refused())? {
        if index?.is_instance_of::<PyBool>() {
            return Err(refused());
        }
    }
    indices.extract().map(Some).map_err(|_| refused())
}

fn chosen_isa(name: Option<&str>) -> PyResult<Isa> {
    let Some(name) = name else {
        return Ok(Isa::detect());
    };
    let available = Isa::available();
    let found = available.iter().find(|isa| isa.name() == name);
    found.copied().ok_or_else(|| {
        let names: Vec<&str> = available.iter().map(|isa| isa.name()).collect();
        PyValueError::new_err(format!(
            "isa is '{name}'; accepted on this processor: {}",
            names.join(", ")
        ))
    })
}
