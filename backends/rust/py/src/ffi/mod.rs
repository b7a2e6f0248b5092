//! Rust inside `jax.jit`: handlers for XLA's foreign-function interface, and what the Python
//! face needs around them.

mod api;
mod frame;
mod handlers;
mod key;

use crate::batch::{called, info_dict, to_py, to_values};
use numpy::{PyArray1, PyArray2, PyArrayMethods, PyReadonlyArray2};
use pyo3::prelude::*;
use pyo3::types::PyDict;
use samestep_core::rows::saved_bytes;

/// An environment's key, which handlers take as their attribute `env`, and its description.
#[pyfunction]
fn ffi_env<'py>(
    py: Python<'py>,
    name: &str,
    params: &Bound<'py, PyDict>,
) -> PyResult<(String, Bound<'py, PyDict>)> {
    let mut values = to_values(params)?;
    let key = key::write(name, &mut values);
    let made = key::resolve(&key).map_err(to_py)?;
    let info = made.env.info();
    let dict = info_dict(py, &info, made.env.obs_dtype(), made.env.reward_dtype())?;
    dict.set_item("lanes", made.env.lanes())?;
    dict.set_item("saved_bytes", saved_bytes(&info))?;
    dict.set_item("max_episode_steps", made.max_episode_steps)?;
    Ok((key, dict))
}

/// Saved blocks (padded instances, saved_bytes) uint8 as packed rows (num_envs, state_bytes).
#[pyfunction]
fn ffi_export<'py>(
    py: Python<'py>,
    key: &str,
    saved: PyReadonlyArray2<'py, u8>,
    num_envs: usize,
) -> PyResult<Bound<'py, PyArray2<u8>>> {
    let made = key::resolve(key).map_err(to_py)?;
    let rows = called(|| made.env.load_rows(saved_slice(&saved)?, num_envs))?;
    PyArray1::from_vec(py, rows).reshape([num_envs, made.env.info().state_bytes])
}

/// Packed rows (n, state_bytes) uint8 as saved blocks (padded instances, saved_bytes).
#[pyfunction]
fn ffi_import<'py>(
    py: Python<'py>,
    key: &str,
    rows: PyReadonlyArray2<'py, u8>,
) -> PyResult<Bound<'py, PyArray2<u8>>> {
    let made = key::resolve(key).map_err(to_py)?;
    let saved = called(|| made.env.save_rows(saved_slice(&rows)?))?;
    let width = saved_bytes(&made.env.info());
    let instances = saved.len() / width;
    PyArray1::from_vec(py, saved).reshape([instances, width])
}

fn saved_slice<'a>(rows: &'a PyReadonlyArray2<'_, u8>) -> Result<&'a [u8], samestep_core::Error> {
    rows.as_slice()
        .map_err(|_| samestep_core::Error::new("state rows are not contiguous"))
}

/// Addresses of the handlers, by the names to register them under.
#[pyfunction]
fn ffi_handlers(py: Python<'_>) -> PyResult<Bound<'_, PyDict>> {
    let dict = PyDict::new(py);
    for (name, handler) in handlers::HANDLERS {
        dict.set_item(name, handler as usize)?;
    }
    Ok(dict)
}

/// Sizes, offsets and constants of XLA's C API as this module was compiled with them.
#[pyfunction]
fn ffi_layout(py: Python<'_>) -> PyResult<Bound<'_, PyDict>> {
    let dict = PyDict::new(py);
    for (name, value) in api::layout() {
        dict.set_item(name, value)?;
    }
    Ok(dict)
}

/// Adds the functions above to the module.
pub fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_function(wrap_pyfunction!(ffi_env, module)?)?;
    module.add_function(wrap_pyfunction!(ffi_export, module)?)?;
    module.add_function(wrap_pyfunction!(ffi_import, module)?)?;
    module.add_function(wrap_pyfunction!(ffi_handlers, module)?)?;
    module.add_function(wrap_pyfunction!(ffi_layout, module)?)?;
    Ok(())
}
