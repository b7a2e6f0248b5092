//! The extension module `samestep_rust._core`.

mod arrays;
mod batch;
mod envs;
mod ffi;

use numpy::{PyArray1, PyArray2, PyArrayMethods, PyReadonlyArray2, PyUntypedArrayMethods};
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use samestep_core::{threefry, Isa};

/// How this module was compiled, "release" or "debug": benchmarks refuse the latter.
#[pyfunction]
fn build_profile() -> &'static str {
    if cfg!(debug_assertions) {
        "debug"
    } else {
        "release"
    }
}

/// The instruction sets that kernels can use on this processor, the best last.
#[pyfunction]
fn available_isas() -> Vec<&'static str> {
    Isa::available().into_iter().map(Isa::name).collect()
}

/// The environments in this module.
#[pyfunction]
fn env_names() -> Vec<&'static str> {
    envs::NAMES.to_vec()
}

/// threefry2x32, 20 rounds: one key (2,), counters (n, 2), both uint32; (n, 2) uint32.
#[pyfunction]
fn threefry2x32<'py>(
    py: Python<'py>,
    key: [u32; 2],
    counters: PyReadonlyArray2<'py, u32>,
) -> PyResult<Bound<'py, PyArray2<u32>>> {
    if counters.shape()[1] != 2 {
        return Err(PyValueError::new_err(format!(
            "counters have {} columns; accepted: 2",
            counters.shape()[1]
        )));
    }
    let counters = counters.as_array();
    let words: Vec<u32> = counters
        .rows()
        .into_iter()
        .flat_map(|row| threefry::threefry2x32(key, [row[0], row[1]]))
        .collect();
    PyArray1::from_vec(py, words).reshape([counters.nrows(), 2])
}

#[pymodule]
fn _core(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_class::<batch::Batch>()?;
    module.add_function(wrap_pyfunction!(build_profile, module)?)?;
    module.add_function(wrap_pyfunction!(available_isas, module)?)?;
    module.add_function(wrap_pyfunction!(env_names, module)?)?;
    module.add_function(wrap_pyfunction!(threefry2x32, module)?)?;
    ffi::register(module)?;
    Ok(())
}
