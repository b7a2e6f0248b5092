//! What the tests share.
#![allow(dead_code)] // each test takes what it needs

use std::path::PathBuf;

use samestep_gameboy::Rom;

/// Bytes of a ROM bank.
pub const BANK: usize = 0x4000;

/// The test material that is not ours to carry: $SAMESTEP_SHARED, or `shared` beside the repository.
pub fn shared() -> PathBuf {
    let beside = || PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../../../../shared");
    std::env::var_os("SAMESTEP_SHARED").map_or_else(beside, PathBuf::from)
}

/// The bytes of a ROM with a right header: cartridge type, banks of 16 KiB, code of the RAM's size.
/// The first byte of each bank but the first is its number; `program` starts at 0150.
pub fn image(kind: u8, banks: usize, ram: u8, program: &[u8]) -> Vec<u8> {
    let mut bytes = vec![0; banks * BANK];
    for bank in 1..banks {
        bytes[bank * BANK..bank * BANK + 2].copy_from_slice(&(bank as u16).to_le_bytes());
    }
    bytes[0x100..0x104].copy_from_slice(&[0x00, 0xC3, 0x50, 0x01]); // nop; jp 0150
    bytes[0x147] = kind;
    bytes[0x149] = ram;
    bytes[0x150..0x150 + program.len()].copy_from_slice(program);
    sign(&mut bytes);
    bytes
}

/// Puts the header's checksum right.
pub fn sign(bytes: &mut [u8]) {
    let header = &bytes[0x134..0x14D];
    bytes[0x14D] = header
        .iter()
        .fold(0, |sum: u8, byte| sum.wrapping_sub(*byte).wrapping_sub(1));
}

/// A ROM whose program is `program`, then a loop.
pub fn rom(kind: u8, banks: usize, ram: u8, program: &[u8]) -> Rom {
    let program = [program, &[0x18, 0xFE]].concat(); // jr to itself
    Rom::new(image(kind, banks, ram, &program)).expect("a right header")
}

/// A folder for a test's files, deleted with it.
pub struct Folder(PathBuf);

impl Folder {
    /// An empty one; `name` is no other test's.
    pub fn new(name: &str) -> Folder {
        let name = format!("samestep-gameboy-{}-{name}", std::process::id());
        let path = std::env::temp_dir().join(name);
        std::fs::create_dir_all(&path).expect("a folder for the test");
        Folder(path)
    }

    /// Where it is.
    pub fn path(&self) -> &std::path::Path {
        &self.0
    }

    /// Writes a file into it; its path.
    pub fn write(&self, name: &str, bytes: &[u8]) -> String {
        let path = self.0.join(name);
        std::fs::write(&path, bytes).expect("room for a file");
        path.display().to_string()
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        // What is left behind does no harm.
        let _ = std::fs::remove_dir_all(&self.0);
    }
}
