//! Stepping never allocates: not in the rules, not at autoreset, not in a batch's last block.
#![allow(missing_docs)]

mod common;

use common::{Cheetahs, Number, Random};
use samestep_core::Isa;
use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;

struct Counting;

thread_local! {
    /// Of this thread alone: the test runner's own thread allocates as it pleases.
    static ALLOCATIONS: Cell<usize> = const { Cell::new(0) };
}

// SAFETY: every call is passed on to the system's allocator unchanged.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        ALLOCATIONS.with(|count| count.set(count.get() + 1));
        // SAFETY: the caller keeps the contract of GlobalAlloc::alloc.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        // SAFETY: the caller keeps the contract of GlobalAlloc::dealloc.
        unsafe { System.dealloc(pointer, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

fn does_not_allocate<P: Number>() {
    let n = 19;
    let mut cheetahs = Cheetahs::<P>::with(n, &[], 1, Isa::detect(), Some(60));
    let actions = Random(1).actions(n);
    let mut ended = 0;
    let before = ALLOCATIONS.with(Cell::get);
    for _ in 0..200 {
        cheetahs.step(&actions);
        ended += cheetahs.truncated.iter().filter(|&&flag| flag == 1).count();
    }
    let after = ALLOCATIONS.with(Cell::get);
    assert_eq!(ended, 3 * n);
    assert_eq!(after - before, 0);
}

#[test]
fn stepping_does_not_allocate() {
    does_not_allocate::<f32>();
    does_not_allocate::<f64>();
}
