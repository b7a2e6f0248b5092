//! The eight buttons and JOYP.

/// A button, by the bit that stands for it where several are given at once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum Button {
    Right,
    Left,
    Up,
    Down,
    A,
    B,
    Select,
    Start,
}

impl Button {
    /// All of them, bit 0 first.
    pub const ALL: [Button; 8] = [
        Button::Right,
        Button::Left,
        Button::Up,
        Button::Down,
        Button::A,
        Button::B,
        Button::Select,
        Button::Start,
    ];
}

/// The buttons, and what JOYP showed when it was written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Joypad {
    /// JOYP as it reads: PyBoy computes it when it is written, and not when a button moves.
    pub joyp: u8,
    /// Right, left, up, down from bit 0; 0 is held.
    pub directions: u8,
    /// A, B, select, start from bit 0; 0 is held.
    pub buttons: u8,
}

impl Joypad {
    /// Presses a button; whether it was up.
    pub fn press(&mut self, button: Button) -> bool {
        let (lines, bit) = self.lines(button);
        let was_up = *lines & bit != 0;
        *lines &= !bit;
        was_up
    }

    /// Lets a button go.
    pub fn release(&mut self, button: Button) {
        let (lines, bit) = self.lines(button);
        *lines |= bit;
    }

    /// Writes JOYP: bit 4 clear selects the directions, bit 5 clear the buttons.
    pub fn write(&mut self, value: u8) {
        let nibble = match value >> 4 & 3 {
            2 => self.directions,
            1 => self.buttons,
            _ => 0xF,
        };
        self.joyp = 0xC0 | nibble;
    }

    fn lines(&mut self, button: Button) -> (&mut u8, u8) {
        let number = button as u8;
        let lines = if number < 4 {
            &mut self.directions
        } else {
            &mut self.buttons
        };
        (lines, 1 << (number & 3))
    }
}
