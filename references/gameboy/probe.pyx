# cython: language_level=3, boundscheck=False, wraparound=False
"""Reads and writes what PyBoy keeps private, through the .pxd files that its wheel ships.

`State` is STATE of references/gameboy/spec.py, packed; `STATE_BYTES` lets the caller check that
the two agree. All of it is meant for PyBoy 2.8.1 in DMG mode, between two ticks.
"""

from libc.stdint cimport int16_t, int32_t, int64_t, uint8_t, uint16_t, uint32_t, uint64_t
from libc.string cimport memcpy

from pyboy.core.cartridge.mbc1 cimport MBC1
from pyboy.core.cpu cimport CPU
from pyboy.core.lcd cimport LCD
from pyboy.core.mb cimport Motherboard
from pyboy.core.timer cimport Timer
from pyboy.pyboy cimport PyBoy

cdef packed struct State:
    uint64_t cycles
    uint8_t a
    uint8_t f
    uint8_t b
    uint8_t c
    uint8_t d
    uint8_t e
    uint16_t hl
    uint16_t sp
    uint16_t pc
    uint8_t ime
    uint8_t ime_delay
    uint8_t halted
    uint8_t halted_during_ei
    uint8_t interrupt_enable
    uint8_t interrupt_flag
    uint16_t div_counter
    uint8_t tima
    uint8_t tma
    uint8_t tac
    uint8_t tima_reload
    uint8_t tima_reload_cycles
    uint8_t serial_control
    uint16_t serial_cycles
    uint8_t joyp
    uint8_t directions
    uint8_t buttons
    uint8_t dma_active
    uint8_t dma_source
    uint8_t dma_index
    int64_t dma_start
    uint8_t lcdc
    uint8_t stat
    uint8_t scy
    uint8_t scx
    uint8_t ly
    uint8_t lyc
    uint8_t bgp
    uint8_t obp0
    uint8_t obp1
    uint8_t wy
    uint8_t wx
    uint64_t lcd_clock
    uint64_t lcd_target
    uint8_t lcd_next_mode
    uint8_t lcd_transition
    uint8_t lcd_first_frame
    uint8_t lcd_restart
    uint8_t stat_line
    uint8_t stat_mode_hidden
    uint8_t lyc_written_off
    int16_t mode3_extra
    uint8_t window_triggered
    int32_t window_line
    uint16_t rom_bank
    uint16_t rom_bank_low
    uint8_t ram_bank
    uint8_t ram_enabled
    uint8_t banking_mode
    uint8_t bank_register_low
    uint8_t bank_register_high
    uint8_t rumble
    uint8_t wram[0x2000]
    uint8_t vram[0x2000]
    uint8_t oam[0xA0]
    uint8_t unusable[0x60]
    uint8_t io_unmapped[8]
    uint8_t hram[0x7F]
    uint8_t cart_ram[0x20000]
    uint8_t screen[5760]

STATE_BYTES = sizeof(State)

cdef uint64_t NEVER = 1 << 31  # PyBoy's own word for it
cdef int TIMER_BITS[4]
TIMER_BITS[:] = [9, 3, 5, 7]
# The default palette's shades, 0 to 3, as 0xAABBGGRR.
cdef uint32_t COLORS[4]
COLORS[:] = [0xFFFFFFFF, 0xFF999999, 0xFF555555, 0xFF000000]


def read(PyBoy pyboy not None, uint8_t[::1] row not None):
    """Write PyBoy's state into `row`, (STATE_BYTES,) u1."""
    if row.shape[0] != sizeof(State):
        raise ValueError(f"the row has {row.shape[0]} bytes; accepted: {sizeof(State)}")
    cdef Motherboard mb = pyboy.mb
    cdef State *state = <State *> &row[0]
    read_cpu(mb, state)
    read_parts(mb, state)
    read_lcd(mb.lcd, state)
    read_cartridge(mb, state)
    read_memory(mb, state)
    read_screen(mb.lcd, state)


def write(PyBoy pyboy not None, const uint8_t[::1] row not None):
    """Put PyBoy into the state of `row`, (STATE_BYTES,) u1; the boot ROM is gone then."""
    if row.shape[0] != sizeof(State):
        raise ValueError(f"the row has {row.shape[0]} bytes; accepted: {sizeof(State)}")
    cdef Motherboard mb = pyboy.mb
    cdef const State *state = <const State *> &row[0]
    mb.bootrom_enabled = False
    write_cpu(mb, state)
    write_parts(mb, state)
    write_memory(mb, state)
    write_lcd(mb.lcd, state)
    write_cartridge(mb, state)
    write_screen(mb.lcd, state)


def booting(PyBoy pyboy not None):
    """Whether the boot ROM is still mapped."""
    return bool(pyboy.mb.bootrom_enabled)


def run_round(PyBoy pyboy not None):
    """One instruction (or a halt's 4 cycles) and the catching up of all parts after it."""
    pyboy.mb.lcd.frame_done = False
    pyboy.mb.breakpoint_singlestep = True
    pyboy.mb.tick()
    pyboy.mb.breakpoint_singlestep = False


cdef void read_cpu(Motherboard mb, State *state) noexcept:
    cdef CPU cpu = mb.cpu
    state.cycles = cpu.cycles
    state.a = cpu.A
    state.f = cpu.F
    state.b = cpu.B
    state.c = cpu.C
    state.d = cpu.D
    state.e = cpu.E
    state.hl = cpu.HL
    state.sp = cpu.SP
    state.pc = cpu.PC
    state.ime = cpu.interrupt_master_enable != 0
    state.ime_delay = cpu.interrupt_enable_delay
    state.halted = cpu.halted != 0
    state.halted_during_ei = cpu.halted_during_ei != 0
    state.interrupt_enable = cpu.interrupts_enabled_register
    state.interrupt_flag = cpu.interrupts_flag_register


cdef void write_cpu(Motherboard mb, const State *state) noexcept:
    cdef CPU cpu = mb.cpu
    cpu.cycles = state.cycles
    cpu.A = state.a
    cpu.F = state.f
    cpu.B = state.b
    cpu.C = state.c
    cpu.D = state.d
    cpu.E = state.e
    cpu.HL = state.hl
    cpu.SP = state.sp
    cpu.PC = state.pc
    cpu.interrupt_master_enable = state.ime
    cpu.interrupt_enable_delay = state.ime_delay
    cpu.halted = state.halted
    cpu.halted_during_ei = state.halted_during_ei
    cpu.interrupts_enabled_register = state.interrupt_enable
    cpu.interrupts_flag_register = state.interrupt_flag
    cpu.interrupt_queued = False
    cpu.stopped = False
    cpu.memory_access_offset = 0


cdef void read_parts(Motherboard mb, State *state) noexcept:
    """Timer, serial port, joypad and the transfer to OAM."""
    cdef Timer timer = mb.timer
    state.div_counter = timer.DIV_counter
    state.tima = timer.TIMA
    state.tma = timer.TMA
    state.tac = timer.TAC
    state.tima_reload = timer.tima_reload_state
    state.tima_reload_cycles = timer.TIMA_counter
    state.serial_control = mb.serial.SC
    state.serial_cycles = 0
    if mb.serial.transfer_enabled:
        state.serial_cycles = mb.serial.clock_target - mb.serial.clock
    state.joyp = mb.ram.io_ports[0]
    state.directions = mb.interaction.directional
    state.buttons = mb.interaction.standard
    state.dma_active = mb.oam_dma_active != 0
    state.dma_source = mb.oam_dma_source
    state.dma_index = mb.oam_dma_index
    state.dma_start = mb.oam_dma_start_cycle


cdef void write_parts(Motherboard mb, const State *state) noexcept:
    cdef Timer timer = mb.timer
    timer.DIV_counter = state.div_counter
    timer.DIV = state.div_counter >> 8
    timer.TIMA = state.tima
    timer.TMA = state.tma
    timer.TAC = state.tac
    timer.tima_reload_state = state.tima_reload
    timer.TIMA_counter = state.tima_reload_cycles
    timer.last_cycles = state.cycles
    timer._cycles_to_interrupt = cycles_to_timer(state)
    mb.serial.SC = state.serial_control
    mb.serial.internal_clock = state.serial_control & 1
    mb.serial.transfer_enabled = state.serial_cycles != 0
    mb.serial.clock = state.cycles
    mb.serial.last_cycles = state.cycles
    mb.serial.clock_target = NEVER
    mb.serial._cycles_to_interrupt = NEVER
    if state.serial_cycles:
        mb.serial.clock_target = state.cycles + state.serial_cycles
        mb.serial._cycles_to_interrupt = state.serial_cycles
    mb.ram.io_ports[0] = state.joyp
    mb.interaction.directional = state.directions
    mb.interaction.standard = state.buttons
    mb.oam_dma_active = state.dma_active
    mb.oam_dma_reading = False
    mb.oam_dma_source = state.dma_source
    mb.oam_dma_index = state.dma_index
    mb.oam_dma_start_cycle = state.dma_start
    mb.sound.last_cycles = state.cycles


cdef int64_t cycles_to_timer(const State *state) noexcept:
    """What the timer's last catching up left as the distance to its interrupt."""
    cdef int64_t period, distance
    if not state.tac & 4:
        return NEVER
    period = 2 << TIMER_BITS[state.tac & 3]
    distance = period - state.div_counter % period + (0xFF - state.tima) * period
    if state.tima_reload == 1:
        return min(distance, <int64_t> state.tima_reload_cycles)
    return distance


cdef void read_lcd(LCD lcd, State *state) noexcept:
    state.lcdc = lcd._LCDC.value
    state.stat = lcd._STAT.value
    state.scy = lcd.SCY
    state.scx = lcd.SCX
    state.ly = lcd.LY
    state.lyc = lcd.LYC
    state.bgp = lcd.BGP.value
    state.obp0 = lcd.OBP0.value
    state.obp1 = lcd.OBP1.value
    state.wy = lcd.WY
    state.wx = lcd.WX
    state.lcd_clock = lcd.clock
    state.lcd_target = lcd.clock_target
    state.lcd_next_mode = lcd.next_stat_mode
    state.lcd_transition = lcd.stat_transition
    state.lcd_first_frame = lcd.first_frame != 0
    state.lcd_restart = lcd.reset != 0
    state.stat_line = lcd._STAT._irq_line != 0
    state.stat_mode_hidden = lcd.stat_mode_override != 0
    state.lyc_written_off = lcd.lyc_changed_while_disabled != 0
    state.mode3_extra = lcd.mode3_adjustment
    state.window_triggered = lcd.renderer.wy_activated_frame != 0
    state.window_line = lcd.renderer.ly_window


cdef void write_lcd(LCD lcd, const State *state) noexcept:
    lcd._LCDC.set(state.lcdc)
    lcd._STAT.value = state.stat
    lcd._STAT._mode = state.stat & 3
    lcd._STAT._irq_line = state.stat_line
    lcd.SCY = state.scy
    lcd.SCX = state.scx
    lcd.LY = state.ly
    lcd.LYC = state.lyc
    lcd.BGP.set(state.bgp)
    lcd.OBP0.set(state.obp0)
    lcd.OBP1.set(state.obp1)
    lcd.WY = state.wy
    lcd.WX = state.wx
    lcd.clock = state.lcd_clock
    lcd.clock_target = state.lcd_target
    lcd.next_stat_mode = state.lcd_next_mode
    lcd.stat_transition = state.lcd_transition
    lcd.first_frame = state.lcd_first_frame
    lcd.reset = state.lcd_restart
    lcd.stat_mode_override = state.stat_mode_hidden
    lcd.lyc_changed_while_disabled = state.lyc_written_off
    lcd.mode3_adjustment = state.mode3_extra
    lcd.renderer.wy_activated_frame = state.window_triggered
    lcd.renderer.ly_window = state.window_line
    lcd.last_cycles = state.cycles
    lcd._cycles_to_interrupt = state.lcd_target - state.lcd_clock
    lcd._cycles_to_frame = 70224 - state.lcd_clock
    lcd.renderer.clear_cache()


cdef void read_cartridge(Motherboard mb, State *state) noexcept:
    state.rom_bank = mb.cartridge.rombank_selected
    state.rom_bank_low = mb.cartridge.rombank_selected_low
    state.ram_bank = mb.cartridge.rambank_selected
    state.ram_enabled = mb.cartridge.rambank_enabled != 0
    state.banking_mode = mb.cartridge.memorymodel
    state.rumble = mb.cartridge.rumble_enabled != 0
    state.bank_register_low = 0
    state.bank_register_high = 0
    if isinstance(mb.cartridge, MBC1):
        state.bank_register_low = (<MBC1> mb.cartridge).bank_select_register1
        state.bank_register_high = (<MBC1> mb.cartridge).bank_select_register2


cdef void write_cartridge(Motherboard mb, const State *state) noexcept:
    mb.cartridge.rombank_selected = state.rom_bank
    mb.cartridge.rombank_selected_low = state.rom_bank_low
    mb.cartridge.rambank_selected = state.ram_bank
    mb.cartridge.rambank_enabled = state.ram_enabled
    mb.cartridge.memorymodel = state.banking_mode
    mb.cartridge.rumble_enabled = state.rumble
    if isinstance(mb.cartridge, MBC1):
        (<MBC1> mb.cartridge).bank_select_register1 = state.bank_register_low
        (<MBC1> mb.cartridge).bank_select_register2 = state.bank_register_high


cdef void read_memory(Motherboard mb, State *state) noexcept:
    memcpy(state.wram, &mb.ram.internal_ram0[0], sizeof(state.wram))
    memcpy(state.vram, mb.lcd.VRAM0, sizeof(state.vram))
    memcpy(state.oam, mb.lcd.OAM, sizeof(state.oam))
    memcpy(state.unusable, mb.ram.non_io_internal_ram0, sizeof(state.unusable))
    state.io_unmapped[0] = mb.ram.io_ports[3]
    memcpy(&state.io_unmapped[1], &mb.ram.io_ports[8], 7)
    memcpy(state.hram, mb.ram.internal_ram1, sizeof(state.hram))
    memcpy(state.cart_ram, &mb.cartridge.rambanks[0, 0], sizeof(state.cart_ram))


cdef void write_memory(Motherboard mb, const State *state) noexcept:
    memcpy(&mb.ram.internal_ram0[0], state.wram, sizeof(state.wram))
    memcpy(mb.lcd.VRAM0, state.vram, sizeof(state.vram))
    memcpy(mb.lcd.OAM, state.oam, sizeof(state.oam))
    memcpy(mb.ram.non_io_internal_ram0, state.unusable, sizeof(state.unusable))
    mb.ram.io_ports[3] = state.io_unmapped[0]
    memcpy(&mb.ram.io_ports[8], &state.io_unmapped[1], 7)
    memcpy(mb.ram.internal_ram1, state.hram, sizeof(state.hram))
    memcpy(&mb.cartridge.rambanks[0, 0], state.cart_ram, sizeof(state.cart_ram))


cdef void read_screen(LCD lcd, State *state) noexcept:
    """Shades from colours: black is 0, which a screen never drawn to is as well."""
    cdef const uint32_t *pixels = &lcd.renderer._screenbuffer[0, 0]
    cdef int i
    for i in range(5760):
        state.screen[i] = (
            shade(pixels[4 * i])
            | shade(pixels[4 * i + 1]) << 2
            | shade(pixels[4 * i + 2]) << 4
            | shade(pixels[4 * i + 3]) << 6
        )


cdef void write_screen(LCD lcd, const State *state) noexcept:
    cdef uint32_t *pixels = &lcd.renderer._screenbuffer[0, 0]
    cdef int i
    for i in range(23040):
        pixels[i] = COLORS[state.screen[i // 4] >> 2 * (i % 4) & 3]


cdef inline uint8_t shade(uint32_t color) noexcept:
    """Of the default palette: red is FF, 99, 55 or 00."""
    return 3 - (color & 0xFF) // 0x55 if color & 0xFF != 0x99 else 1
