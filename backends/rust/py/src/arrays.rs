//! NumPy arrays as flat slices: types, sizes, contiguity and writability checked once.

use numpy::{
    Element, PyArrayDescrMethods, PyArrayDyn, PyArrayMethods, PyReadonlyArrayDyn,
    PyReadwriteArrayDyn, PyUntypedArray, PyUntypedArrayMethods,
};
use pyo3::exceptions::{PyTypeError, PyValueError};
use pyo3::prelude::*;
use samestep_core::rules::{Array, ArrayMut, Dtype};
use std::ops::Range;

/// An array to read.
pub enum Input<'py> {
    /// Of 32-bit floats.
    F32(PyReadonlyArrayDyn<'py, f32>),
    /// Of 64-bit floats.
    F64(PyReadonlyArrayDyn<'py, f64>),
    /// Of 16-bit signed integers.
    I16(PyReadonlyArrayDyn<'py, i16>),
    /// Of 32-bit signed integers.
    I32(PyReadonlyArrayDyn<'py, i32>),
    /// Of unsigned bytes.
    U8(PyReadonlyArrayDyn<'py, u8>),
}

impl<'py> Input<'py> {
    /// Takes `object`, an array of this shape and type, contiguous.
    pub fn new(
        name: &str,
        object: &Bound<'py, PyAny>,
        dtype: Dtype,
        shape: &[usize],
    ) -> PyResult<Self> {
        Ok(match dtype {
            Dtype::F32 => Input::F32(readonly(name, object, "float32", shape)?),
            Dtype::F64 => Input::F64(readonly(name, object, "float64", shape)?),
            Dtype::I16 => Input::I16(readonly(name, object, "int16", shape)?),
            Dtype::I32 => Input::I32(readonly(name, object, "int32", shape)?),
            Dtype::U8 => Input::U8(readonly(name, object, "uint8", shape)?),
        })
    }

    /// Where it lies.
    pub fn span(&self) -> Span {
        let (first, bytes) = match self {
            Input::F32(array) => (array.data() as usize, array.len() * 4),
            Input::F64(array) => (array.data() as usize, array.len() * 8),
            Input::I16(array) => (array.data() as usize, array.len() * 2),
            Input::I32(array) => (array.data() as usize, array.len() * 4),
            Input::U8(array) => (array.data() as usize, array.len()),
        };
        first..first + bytes
    }

    /// Its elements.
    pub fn array(&self) -> PyResult<Array<'_>> {
        Ok(match self {
            Input::F32(array) => Array::F32(array.as_slice()?),
            Input::F64(array) => Array::F64(array.as_slice()?),
            Input::I16(array) => Array::I16(array.as_slice()?),
            Input::I32(array) => Array::I32(array.as_slice()?),
            Input::U8(array) => Array::U8(array.as_slice()?),
        })
    }
}

/// An array to write.
pub enum Output<'py> {
    /// Of 32-bit floats.
    F32(PyReadwriteArrayDyn<'py, f32>),
    /// Of 64-bit floats.
    F64(PyReadwriteArrayDyn<'py, f64>),
    /// Of 16-bit signed integers.
    I16(PyReadwriteArrayDyn<'py, i16>),
    /// Of 32-bit signed integers.
    I32(PyReadwriteArrayDyn<'py, i32>),
    /// Of unsigned bytes.
    U8(PyReadwriteArrayDyn<'py, u8>),
}

impl<'py> Output<'py> {
    /// Takes `object`, a writable array of this shape and type, contiguous.
    pub fn new(
        name: &str,
        object: &Bound<'py, PyAny>,
        dtype: Dtype,
        shape: &[usize],
    ) -> PyResult<Self> {
        Ok(match dtype {
            Dtype::F32 => Output::F32(readwrite(name, object, "float32", shape)?),
            Dtype::F64 => Output::F64(readwrite(name, object, "float64", shape)?),
            Dtype::I16 => Output::I16(readwrite(name, object, "int16", shape)?),
            Dtype::I32 => Output::I32(readwrite(name, object, "int32", shape)?),
            Dtype::U8 => Output::U8(readwrite(name, object, "uint8", shape)?),
        })
    }

    /// Where it lies.
    pub fn span(&self) -> Span {
        match self {
            Output::F32(array) => span(array),
            Output::F64(array) => span(array),
            Output::I16(array) => span(array),
            Output::I32(array) => span(array),
            Output::U8(array) => span(array),
        }
    }

    /// Its elements.
    pub fn array(&mut self) -> PyResult<ArrayMut<'_>> {
        Ok(match self {
            Output::F32(array) => ArrayMut::F32(array.as_slice_mut()?),
            Output::F64(array) => ArrayMut::F64(array.as_slice_mut()?),
            Output::I16(array) => ArrayMut::I16(array.as_slice_mut()?),
            Output::I32(array) => ArrayMut::I32(array.as_slice_mut()?),
            Output::U8(array) => ArrayMut::U8(array.as_slice_mut()?),
        })
    }
}

/// No elements, of this type.
pub fn empty(dtype: Dtype) -> ArrayMut<'static> {
    match dtype {
        Dtype::F32 => ArrayMut::F32(&mut []),
        Dtype::F64 => ArrayMut::F64(&mut []),
        Dtype::I16 => ArrayMut::I16(&mut []),
        Dtype::I32 => ArrayMut::I32(&mut []),
        Dtype::U8 => ArrayMut::U8(&mut []),
    }
}

/// A contiguous, writable array of another element type.
pub fn readwrite<'py, T: Element>(
    name: &str,
    object: &Bound<'py, PyAny>,
    dtype: &str,
    shape: &[usize],
) -> PyResult<PyReadwriteArrayDyn<'py, T>> {
    let array = checked::<T>(name, object, dtype, shape)?;
    array.try_readwrite().map_err(|error| match error {
        numpy::BorrowError::NotWriteable => {
            PyValueError::new_err(format!("{name} is read-only; accepted: a writable array"))
        }
        _ => overlaps(name),
    })
}

/// A contiguous array to read.
pub fn readonly<'py, T: Element>(
    name: &str,
    object: &Bound<'py, PyAny>,
    dtype: &str,
    shape: &[usize],
) -> PyResult<PyReadonlyArrayDyn<'py, T>> {
    let array = checked::<T>(name, object, dtype, shape)?;
    array.try_readonly().map_err(|_| overlaps(name))
}

/// The truth values of a bool array as bytes, to be written.
pub fn flags<'a>(array: &'a mut PyReadwriteArrayDyn<'_, bool>) -> PyResult<&'a mut [u8]> {
    let (first, len) = (array.data().cast::<u8>(), array.len());
    // SAFETY: the array is contiguous, writable and borrowed for 'a, and bool has the size and
    // alignment of u8. No reference to bool is made, for what the caller left in it may be any
    // byte; this module writes only 0 and 1.
    Ok(unsafe { std::slice::from_raw_parts_mut(first, len) })
}

/// Addresses of an array's first byte and of the one after its last.
pub type Span = Range<usize>;

/// Where a contiguous array lies.
pub fn span<T: Element>(array: &PyReadwriteArrayDyn<'_, T>) -> Span {
    let first = array.data() as usize;
    first..first + array.len() * size_of::<T>()
}

/// Refuses arrays that share memory, by whatever way their owners came by it: NumPy's own borrow
/// flags know only arrays that are views of one another.
pub fn refuse_overlap(spans: &[(&str, Span)]) -> PyResult<()> {
    for (index, (name, one)) in spans.iter().enumerate() {
        for (_, other) in &spans[..index] {
            if one.start < other.end && other.start < one.end {
                return Err(overlaps(name));
            }
        }
    }
    Ok(())
}

fn overlaps(name: &str) -> PyErr {
    PyValueError::new_err(format!(
        "{name} overlaps another argument; accepted: arrays of their own"
    ))
}

fn checked<'a, 'py, T: Element>(
    name: &str,
    object: &'a Bound<'py, PyAny>,
    dtype: &str,
    shape: &[usize],
) -> PyResult<&'a Bound<'py, PyArrayDyn<T>>> {
    let accepted = || format!("accepted: a NumPy array of {dtype} {}", written(shape));
    let Ok(untyped) = object.cast::<PyUntypedArray>() else {
        let kind = object.get_type().name()?;
        return Err(PyTypeError::new_err(format!(
            "{name} is a {kind}; {}",
            accepted()
        )));
    };
    let right_type = untyped.dtype().is_equiv_to(&numpy::dtype::<T>(object.py()));
    if !right_type || untyped.shape() != shape {
        return Err(PyValueError::new_err(format!(
            "{name} is {} {}; {}",
            untyped.dtype(),
            written(untyped.shape()),
            accepted()
        )));
    }
    if !untyped.is_c_contiguous() {
        return Err(PyValueError::new_err(format!(
            "{name} is not contiguous; {} in C order",
            accepted()
        )));
    }
    if !untyped.is_aligned() {
        return Err(PyValueError::new_err(format!(
            "{name} is not aligned in memory; {}",
            accepted()
        )));
    }
    object
        .cast::<PyArrayDyn<T>>()
        .map_err(|_| PyTypeError::new_err(format!("{name}: {}", accepted())))
}

/// A shape as Python writes it.
fn written(shape: &[usize]) -> String {
    match shape {
        [one] => format!("({one},)"),
        _ => {
            let sizes: Vec<String> = shape.iter().map(ToString::to_string).collect();
            format!("({})", sizes.join(", "))
        }
    }
}
