//! Loops that wait. A program that has jumped back to the same place with the same registers, and
//! in between wrote nothing and read nothing that moves by itself, does the same again until the
//! next event: whole rounds of such a loop are passed at once. Nothing else tells of it.

use crate::bus::Wired;
use crate::cpu::{alu, register, Cpu};
use crate::ppu::LINE;

/// Clocks before mode 3 in which everything that the line's beginning brings has been seen, by
/// whatever instructions.
const SETTLED: u64 = 28;

/// The last jump back, and what was seen since.
#[derive(Debug, Clone, Default)]
pub struct Watch {
    /// The processor behind the jump.
    cpu: Cpu,
    /// Cycles at its end.
    at: u64,
    /// Nothing has been written since, and nothing read that moves by itself.
    pub clean: bool,
    /// A register was read: what it shows changes with the picture.
    pub reads_io: bool,
}

impl Wired<'_> {
    /// A jump back of `length` cycles has been made, which are not counted yet.
    pub(crate) fn watch(&mut self, cpu: &mut Cpu, length: u32) {
        let length = u64::from(length);
        let watch = &self.machine.watch;
        let steady = watch.clean && !(watch.reads_io && self.machine.ppu.moved);
        if steady && watch.cpu == *cpu && !self.machine.dma.active {
            let now = self.machine.cycles + length;
            let period = now - watch.at;
            self.skip_lines(cpu, now, period);
            self.skip_rounds(length, period);
        }
        self.machine.ppu.moved = false;
        let watch = &mut self.machine.watch;
        watch.cpu.clone_from(cpu);
        watch.at = self.machine.cycles + length;
        watch.clean = true;
        watch.reads_io = false;
    }

    /// Up to the next event.
    fn skip_rounds(&mut self, length: u64, period: u64) {
        let machine = &mut *self.machine;
        let left = machine.end.saturating_sub(machine.cycles + length);
        machine.cycles += left / period * period;
    }

    /// Over lines of the picture that change nothing for the loop: one that reads no register, or one
    /// that waits for LY. It comes out just before mode 3 of a line.
    fn skip_lines(&mut self, cpu: &mut Cpu, now: u64, period: u64) {
        let machine = &mut *self.machine;
        let ly = machine.ppu.ly;
        let mut most = u64::from(machine.ppu.quiet_lines());
        // An interrupt that is due is taken where the processor's run ends.
        let interrupted = cpu.ime && machine.pending() != 0;
        if most == 0 || interrupted || machine.timer.tima_reload != 0 {
            return;
        }
        let waited = machine.watch.reads_io.then(|| self.waits_for_line(cpu));
        match waited {
            None => {}
            Some(Some(line)) if line > ly => most = most.min(u64::from(line - ly - 1)),
            Some(Some(_)) => {}
            Some(None) => return,
        }
        let machine = &mut *self.machine;
        let draw = machine.ppu.next_transition();
        let event = machine.next_outside_ppu();
        if draw <= now || event <= draw {
            return;
        }
        most = most.min((event - draw - 1) / LINE);
        let landing = (1..=most).rev().take(8).find_map(|lines| {
            let draw = draw + lines * LINE;
            let at = draw - 1 - (draw - 1 - now) % period;
            (at + SETTLED >= draw).then_some((lines, at))
        });
        let Some((lines, at)) = landing else {
            return;
        };
        machine.ppu.skip_lines(lines * LINE);
        machine.cycles += at - now;
        machine.end = event.min(machine.ppu.next_transition());
        if let Some(Some(line)) = waited {
            let ly = machine.ppu.ly;
            cpu.r[register::A] = ly;
            cpu.r[register::F] = alu::sub(ly, line, 0).1;
        }
    }

    /// The line for which the loop at PC waits: LDH A,(LY); CP line; JR NZ or C back.
    fn waits_for_line(&self, cpu: &Cpu) -> Option<u8> {
        let within = cpu.pc & 0x3FFF < 0x3FF0 && cpu.pc < 0x8000;
        let start = self.machine.cartridge.rom_offset(cpu.pc & 0x7FFF);
        match self.rom.bytes().get(start..start + 6)? {
            [0xF0, 0x44, 0xFE, line, 0x20 | 0x38, 0xFA] if within => Some(*line),
            _ => None,
        }
    }
}
