//! Numbers to and from a row's bytes.

use samestep_core::Error;

/// Writes a row from its start.
pub struct Writer<'a> {
    rest: &'a mut [u8],
}

impl<'a> Writer<'a> {
    pub fn new(row: &'a mut [u8]) -> Self {
        Writer { rest: row }
    }

    /// The next bytes, to be written.
    pub fn take(&mut self, length: usize) -> &mut [u8] {
        let (first, rest) = std::mem::take(&mut self.rest).split_at_mut(length);
        self.rest = rest;
        first
    }

    pub fn bytes(&mut self, bytes: &[u8]) {
        self.take(bytes.len()).copy_from_slice(bytes);
    }

    pub fn zeros(&mut self, length: usize) {
        self.take(length).fill(0);
    }

    pub fn u8(&mut self, value: u8) {
        self.bytes(&[value]);
    }

    pub fn bool(&mut self, value: bool) {
        self.u8(u8::from(value));
    }

    pub fn u16(&mut self, value: u16) {
        self.bytes(&value.to_le_bytes());
    }

    pub fn i16(&mut self, value: i16) {
        self.bytes(&value.to_le_bytes());
    }

    pub fn i32(&mut self, value: i32) {
        self.bytes(&value.to_le_bytes());
    }

    pub fn u64(&mut self, value: u64) {
        self.bytes(&value.to_le_bytes());
    }
}

/// Reads a row from its start.
pub struct Reader<'a> {
    rest: &'a [u8],
}

impl<'a> Reader<'a> {
    pub fn new(row: &'a [u8]) -> Self {
        Reader { rest: row }
    }

    /// The next bytes.
    pub fn take(&mut self, length: usize) -> &'a [u8] {
        let (first, rest) = self.rest.split_at(length);
        self.rest = rest;
        first
    }

    fn array<const N: usize>(&mut self) -> [u8; N] {
        let mut bytes = [0; N];
        self.bytes(&mut bytes);
        bytes
    }

    pub fn bytes(&mut self, bytes: &mut [u8]) {
        bytes.copy_from_slice(self.take(bytes.len()));
    }

    pub fn zeros(&mut self, name: &str, length: usize) -> Result<(), Error> {
        if self.take(length).iter().fold(0, |all, byte| all | byte) == 0 {
            return Ok(());
        }
        Err(Error::new(format!(
            "{name} is not 0 in banks that the cartridge does not have"
        )))
    }

    pub fn u8(&mut self) -> u8 {
        self.array::<1>()[0]
    }

    pub fn at_most(&mut self, name: &str, most: u8) -> Result<u8, Error> {
        let value = self.u8();
        if value <= most {
            return Ok(value);
        }
        Err(Error::new(format!(
            "{name} is {value}; it can be 0 to {most}"
        )))
    }

    pub fn bool(&mut self, name: &str) -> Result<bool, Error> {
        Ok(self.at_most(name, 1)? != 0)
    }

    pub fn u16(&mut self) -> u16 {
        u16::from_le_bytes(self.array())
    }

    pub fn i16(&mut self) -> i16 {
        i16::from_le_bytes(self.array())
    }

    pub fn i32(&mut self) -> i32 {
        i32::from_le_bytes(self.array())
    }

    pub fn u64(&mut self) -> u64 {
        u64::from_le_bytes(self.array())
    }
}
