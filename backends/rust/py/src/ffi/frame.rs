//! A call from XLA as safe slices. All that is unsafe about the FFI is here.
//!
//! XLA's side of the bargain, from its header: while a handler runs, everything that the call
//! frame points to is valid and nobody else touches it; a result has memory of its own, but for
//! one that is aliased to an argument, which then starts at the same address.

use super::api;
use samestep_core::guard::guarded;
use samestep_core::Error;
use std::ffi::CString;
use std::mem::offset_of;
use std::slice;

/// Answers a call of XLA's: its question about versions, or `work` on the call's buffers.
///
/// # Safety
/// `frame` comes from XLA and is used for the duration of this call only.
pub unsafe fn answer(
    frame: *mut api::CallFrame,
    work: fn(&mut Frame<'_>) -> Result<(), Error>,
) -> *mut api::Error {
    // SAFETY: XLA passes a valid frame; every version of it starts with the fields read here.
    let (extension, api) = unsafe { ((*frame).extension_start, (*frame).api) };
    // SAFETY: XLA's list of extensions and its table of functions are valid.
    if unsafe { answer_metadata(extension, api) } {
        return std::ptr::null_mut();
    }
    let result = guarded(|| {
        // SAFETY: as above; the size is the first field of every version.
        let size = unsafe { (*frame).struct_size };
        let known = offset_of!(api::CallFrame, future);
        if size < known {
            return Err(Error::new(format!(
                "XLA's call frame has {size} bytes; accepted: {known} or more (another jaxlib?)"
            )));
        }
        // SAFETY: the frame is large enough for every field that is read.
        let mut frame = unsafe { Frame::new(frame) };
        if frame.stage != api::STAGE_EXECUTE {
            return Ok(());
        }
        work(&mut frame)
    });
    match result {
        Ok(()) => std::ptr::null_mut(),
        // SAFETY: `api` is XLA's, valid for the call.
        Err(error) => unsafe { create_error(api, &error) },
    }
}

/// Tells XLA the version of its API that the handlers keep to, if it asks. That is an older
/// XLA's own, for what is used here has not changed since; the oldest do not say which they are.
///
/// # Safety
/// `extension` is null or the valid start of a call frame's list, `api` null or XLA's table.
unsafe fn answer_metadata(extension: *mut api::ExtensionBase, api: *const api::Api) -> bool {
    // SAFETY: by the function's condition.
    if extension.is_null() || unsafe { (*extension).kind } != api::EXTENSION_METADATA {
        return false;
    }
    let mut minor = api::OLDEST_MINOR;
    if !api.is_null() {
        // SAFETY: by the function's condition.
        minor = unsafe { (*api).api_version.minor_version }.clamp(minor, api::MINOR);
    }
    // SAFETY: an extension of this kind is the start of a MetadataExtension with metadata to
    // write to. Fields are written one by one, for the struct may be longer than ours.
    unsafe {
        let metadata = (*extension.cast::<api::MetadataExtension>()).metadata;
        (*metadata).api_version.major_version = api::MAJOR;
        (*metadata).api_version.minor_version = minor;
        (*metadata).traits = 0;
    }
    true
}

/// An error of XLA's with this message.
///
/// # Safety
/// `api` is XLA's table of functions.
unsafe fn create_error(api: *const api::Api, error: &Error) -> *mut api::Error {
    let message = CString::new(error.to_string().replace('\0', " ")).unwrap_or_default();
    let mut args = api::ErrorCreateArgs {
        struct_size: offset_of!(api::ErrorCreateArgs, errc) + size_of_val(&api::INVALID_ARGUMENT),
        extension_start: std::ptr::null_mut(),
        message: message.as_ptr(),
        errc: api::INVALID_ARGUMENT,
    };
    // SAFETY: by the function's condition; XLA copies the message.
    unsafe {
        match (*api).error_create {
            Some(create) => create(&mut args),
            None => std::process::abort(),
        }
    }
}

/// One call: its arguments and results in order, each given out once, and its attributes.
pub struct Frame<'a> {
    stage: i32,
    args: slice::Iter<'a, *mut std::ffi::c_void>,
    rets: slice::Iter<'a, *mut std::ffi::c_void>,
    attrs: &'a api::Attrs,
}

impl<'a> Frame<'a> {
    /// # Safety
    /// `frame` is valid for 'a, with all fields up to `attrs`.
    unsafe fn new(frame: *const api::CallFrame) -> Self {
        // SAFETY: by the function's condition; the arrays have the lengths that come with them.
        unsafe {
            Frame {
                stage: (*frame).stage,
                args: array((*frame).args.args, (*frame).args.size).iter(),
                rets: array((*frame).rets.args, (*frame).rets.size).iter(),
                attrs: &(*frame).attrs,
            }
        }
    }

    /// The next argument. Arguments and results of the handlers are arrays, never tokens.
    pub fn arg(&mut self) -> Result<Buffer<'a>, Error> {
        let next = self.args.next();
        // SAFETY: a valid argument, given out once.
        next.map(|buffer| unsafe { Buffer::new(buffer.cast()) })
            .ok_or_else(|| Error::new("an argument is missing in XLA's call"))
    }

    /// The next result.
    pub fn ret(&mut self) -> Result<Buffer<'a>, Error> {
        let next = self.rets.next();
        // SAFETY: a valid result, given out once.
        next.map(|buffer| unsafe { Buffer::new(buffer.cast()) })
            .ok_or_else(|| Error::new("a result is missing in XLA's call"))
    }

    /// Whether all results were given out.
    pub fn is_done(&self) -> bool {
        self.rets.len() == 0
    }

    /// An attribute that is a string.
    pub fn string(&self, name: &str) -> Result<&'a str, Error> {
        let attrs = self.attrs;
        // SAFETY: three arrays of `size` entries each; names are byte spans, and so is what an
        // attribute of this type points to.
        let found = unsafe {
            let types = array(attrs.types, attrs.size);
            let names = array(attrs.names, attrs.size);
            let values = array(attrs.attrs, attrs.size);
            let index = (0..names.len()).find(|&index| {
                types[index] == api::ATTR_STRING && bytes(names[index]) == name.as_bytes()
            });
            index.map(|index| bytes(values[index].cast::<api::ByteSpan>()))
        };
        found
            .and_then(|bytes| std::str::from_utf8(bytes).ok())
            .ok_or_else(|| Error::new(format!("the attribute '{name}' is missing in XLA's call")))
    }
}

/// An array of a call.
pub struct Buffer<'a> {
    dtype: api::DataType,
    data: *mut u8,
    dims: &'a [i64],
}

impl<'a> Buffer<'a> {
    /// # Safety
    /// `buffer` is valid for 'a and given out once.
    unsafe fn new(buffer: *const api::Buffer) -> Self {
        // SAFETY: by the function's condition.
        unsafe {
            Buffer {
                dtype: (*buffer).dtype,
                data: (*buffer).data.cast(),
                dims: array((*buffer).dims, (*buffer).rank),
            }
        }
    }

    /// Its shape.
    pub fn dims(&self) -> Result<Vec<usize>, Error> {
        let size = |&size| usize::try_from(size).map_err(|_| Error::new("a negative dimension"));
        self.dims.iter().map(size).collect()
    }

    /// Its elements, which XLA calls `dtype`.
    pub fn read<T: bytemuck::AnyBitPattern>(self, dtype: api::DataType) -> Result<&'a [T], Error> {
        let (data, len) = self.checked::<T>(dtype)?;
        // SAFETY: `len` aligned elements of a type that takes any bits, which nobody changes
        // during the call.
        Ok(unsafe { slice::from_raw_parts(data, len) })
    }

    /// The same, to write.
    pub fn write<T: bytemuck::Pod>(self, dtype: api::DataType) -> Result<&'a mut [T], Error> {
        let (data, len) = self.checked::<T>(dtype)?;
        // SAFETY: as in `read`; a result's memory is its own, and it was given out once.
        Ok(unsafe { slice::from_raw_parts_mut(data, len) })
    }

    /// The bytes of `result`, which start as those of the argument `self`: the same memory, as
    /// a rule, for the handlers' callers alias the two.
    pub fn write_in_place(self, result: Buffer<'a>) -> Result<&'a mut [u8], Error> {
        let (from, len) = self.checked::<u8>(api::U8)?;
        let (to, result_len) = result.checked::<u8>(api::U8)?;
        if len != result_len {
            return Err(Error::new(format!(
                "an argument of {len} bytes is aliased to a result of {result_len}"
            )));
        }
        // SAFETY: both are `len` bytes long; `copy` allows them to overlap. The argument is not
        // read again, so the result's memory is nobody else's from here.
        unsafe {
            if from != to {
                std::ptr::copy(from, to, len);
            }
            Ok(slice::from_raw_parts_mut(to, len))
        }
    }

    /// Address and number of elements, after checks of type and alignment; never null.
    fn checked<T>(&self, dtype: api::DataType) -> Result<(*mut T, usize), Error> {
        if self.dtype != dtype {
            return Err(Error::new(format!(
                "an array has XLA's data type {}; accepted: {dtype}",
                self.dtype
            )));
        }
        let len = self.dims()?.iter().product();
        let data = self.data.cast::<T>();
        if len == 0 {
            return Ok((std::ptr::NonNull::dangling().as_ptr(), 0));
        }
        if data.is_null() || !data.is_aligned() {
            return Err(Error::new(format!("XLA passed an array at {data:?}")));
        }
        Ok((data, len))
    }
}

/// An array of the call frame; empty ones may be null.
///
/// # Safety
/// `data` is valid for 'a and `size` elements.
unsafe fn array<'a, T>(data: *const T, size: i64) -> &'a [T] {
    let size = usize::try_from(size).unwrap_or(0);
    if size == 0 || data.is_null() {
        return &[];
    }
    // SAFETY: by the function's condition.
    unsafe { slice::from_raw_parts(data, size) }
}

/// The bytes of a span.
///
/// # Safety
/// `span` and what it points to are valid for 'a.
unsafe fn bytes<'a>(span: *const api::ByteSpan) -> &'a [u8] {
    // SAFETY: by the function's condition.
    unsafe { array((*span).ptr.cast::<u8>(), (*span).len as i64) }
}
