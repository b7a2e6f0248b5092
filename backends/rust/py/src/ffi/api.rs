//! The part of XLA's FFI C API that the handlers use, as `xla/ffi/api/c_api.h` lays it out.
//!
//! [`layout`] lists every size, offset and constant below under the header's names, so that a
//! test can hold them against the header of an installed jaxlib.

use std::ffi::{c_char, c_int, c_void};
use std::mem::{offset_of, size_of};

/// Version of the API that this was written to.
pub const MAJOR: c_int = 0;
/// Rises compatibly.
pub const MINOR: c_int = 3;
/// The oldest with the same layout of what is used here (jaxlib 0.8).
pub const OLDEST_MINOR: c_int = 1;

/// `XLA_FFI_Extension_Type`
pub const EXTENSION_METADATA: c_int = 1;
/// `XLA_FFI_ExecutionStage`
pub const STAGE_EXECUTE: c_int = 3;
/// `XLA_FFI_ArgType` and `XLA_FFI_RetType`
pub const BUFFER: c_int = 1;
/// `XLA_FFI_AttrType`
pub const ATTR_STRING: c_int = 4;
/// `XLA_FFI_Error_Code`
pub const INVALID_ARGUMENT: c_int = 3;

/// `XLA_FFI_DataType`
pub type DataType = c_int;
/// bool, a byte that is 0 or 1
pub const PRED: DataType = 1;
/// i16
pub const S16: DataType = 3;
/// i32
pub const S32: DataType = 4;
/// u8
pub const U8: DataType = 6;
/// u32
pub const U32: DataType = 8;
/// f32
pub const F32: DataType = 11;
/// f64
pub const F64: DataType = 12;

#[repr(C)]
pub struct ExtensionBase {
    pub struct_size: usize,
    pub kind: c_int,
    pub next: *mut ExtensionBase,
}

#[repr(C)]
pub struct ApiVersion {
    pub struct_size: usize,
    pub extension_start: *mut ExtensionBase,
    pub major_version: c_int,
    pub minor_version: c_int,
}

#[repr(C)]
pub struct Metadata {
    pub struct_size: usize,
    pub api_version: ApiVersion,
    pub traits: u32,
}

#[repr(C)]
pub struct MetadataExtension {
    pub extension_base: ExtensionBase,
    pub metadata: *mut Metadata,
}

/// `XLA_FFI_Error`, XLA's own.
pub type Error = c_void;

#[repr(C)]
pub struct ErrorCreateArgs {
    pub struct_size: usize,
    pub extension_start: *mut ExtensionBase,
    pub message: *const c_char,
    pub errc: c_int,
}

/// The start of `XLA_FFI_Api`, as far as it is used.
#[repr(C)]
pub struct Api {
    pub struct_size: usize,
    pub extension_start: *mut ExtensionBase,
    pub api_version: ApiVersion,
    pub internal_api: *const c_void,
    pub error_create: Option<unsafe extern "C" fn(*mut ErrorCreateArgs) -> *mut Error>,
}

#[repr(C)]
pub struct Buffer {
    pub struct_size: usize,
    pub extension_start: *mut ExtensionBase,
    pub dtype: DataType,
    pub data: *mut c_void,
    pub rank: i64,
    pub dims: *mut i64,
}

#[repr(C)]
pub struct ByteSpan {
    pub ptr: *const c_char,
    pub len: usize,
}

/// `XLA_FFI_Args` and, alike, `XLA_FFI_Rets`.
#[repr(C)]
pub struct Args {
    pub struct_size: usize,
    pub extension_start: *mut ExtensionBase,
    pub size: i64,
    pub types: *mut c_int,
    pub args: *mut *mut c_void,
}

#[repr(C)]
pub struct Attrs {
    pub struct_size: usize,
    pub extension_start: *mut ExtensionBase,
    pub size: i64,
    pub types: *mut c_int,
    pub names: *mut *mut ByteSpan,
    pub attrs: *mut *mut c_void,
}

#[repr(C)]
pub struct CallFrame {
    pub struct_size: usize,
    pub extension_start: *mut ExtensionBase,
    pub api: *const Api,
    pub ctx: *mut c_void,
    pub stage: c_int,
    pub args: Args,
    pub rets: Args,
    pub attrs: Attrs,
    pub future: *mut c_void,
}

/// What XLA calls: null for success, else an error that XLA then owns.
pub type Handler = unsafe extern "C" fn(*mut CallFrame) -> *mut Error;

macro_rules! structs {
    ($($ours:ident = $theirs:literal { $($field:ident = $name:literal),* })*) => {
        vec![$(
            (concat!("sizeof ", $theirs), size_of::<$ours>()),
            $((concat!("offsetof ", $theirs, " ", $name), offset_of!($ours, $field)),)*
        )*]
    };
}

/// Sizes, offsets and constants under the header's names.
pub fn layout() -> Vec<(&'static str, usize)> {
    let mut layout = structs! {
        ExtensionBase = "XLA_FFI_Extension_Base" {
            struct_size = "struct_size", kind = "type", next = "next"
        }
        ApiVersion = "XLA_FFI_Api_Version" {
            struct_size = "struct_size", extension_start = "extension_start",
            major_version = "major_version", minor_version = "minor_version"
        }
        MetadataExtension = "XLA_FFI_Metadata_Extension" {
            extension_base = "extension_base", metadata = "metadata"
        }
        ErrorCreateArgs = "XLA_FFI_Error_Create_Args" {
            struct_size = "struct_size", extension_start = "extension_start",
            message = "message", errc = "errc"
        }
        Buffer = "XLA_FFI_Buffer" {
            struct_size = "struct_size", extension_start = "extension_start", dtype = "dtype",
            data = "data", rank = "rank", dims = "dims"
        }
        ByteSpan = "XLA_FFI_ByteSpan" { ptr = "ptr", len = "len" }
        Args = "XLA_FFI_Args" {
            struct_size = "struct_size", extension_start = "extension_start", size = "size",
            types = "types", args = "args"
        }
        Args = "XLA_FFI_Rets" {
            struct_size = "struct_size", extension_start = "extension_start", size = "size",
            types = "types", args = "rets"
        }
        Attrs = "XLA_FFI_Attrs" {
            struct_size = "struct_size", extension_start = "extension_start", size = "size",
            types = "types", names = "names", attrs = "attrs"
        }
        CallFrame = "XLA_FFI_CallFrame" {
            struct_size = "struct_size", extension_start = "extension_start", api = "api",
            ctx = "ctx", stage = "stage", args = "args", rets = "rets", attrs = "attrs",
            future = "future"
        }
    };
    // Structs of which only the start is used: their sizes may grow.
    layout.extend([
        (
            "offsetof XLA_FFI_Metadata struct_size",
            offset_of!(Metadata, struct_size),
        ),
        (
            "offsetof XLA_FFI_Metadata api_version",
            offset_of!(Metadata, api_version),
        ),
        (
            "offsetof XLA_FFI_Metadata traits",
            offset_of!(Metadata, traits),
        ),
        (
            "offsetof XLA_FFI_Api struct_size",
            offset_of!(Api, struct_size),
        ),
        (
            "offsetof XLA_FFI_Api api_version",
            offset_of!(Api, api_version),
        ),
        (
            "offsetof XLA_FFI_Api internal_api",
            offset_of!(Api, internal_api),
        ),
        (
            "offsetof XLA_FFI_Api XLA_FFI_Error_Create",
            offset_of!(Api, error_create),
        ),
    ]);
    let constants = [
        ("XLA_FFI_API_MAJOR", MAJOR),
        ("XLA_FFI_API_MINOR", MINOR),
        ("XLA_FFI_Extension_Metadata", EXTENSION_METADATA),
        ("XLA_FFI_ExecutionStage_EXECUTE", STAGE_EXECUTE),
        ("XLA_FFI_ArgType_BUFFER", BUFFER),
        ("XLA_FFI_RetType_BUFFER", BUFFER),
        ("XLA_FFI_AttrType_STRING", ATTR_STRING),
        ("XLA_FFI_Error_Code_INVALID_ARGUMENT", INVALID_ARGUMENT),
        ("XLA_FFI_DataType_PRED", PRED),
        ("XLA_FFI_DataType_S16", S16),
        ("XLA_FFI_DataType_S32", S32),
        ("XLA_FFI_DataType_U8", U8),
        ("XLA_FFI_DataType_U32", U32),
        ("XLA_FFI_DataType_F32", F32),
        ("XLA_FFI_DataType_F64", F64),
    ];
    layout.extend(constants.map(|(name, value)| (name, value as usize)));
    layout
}
