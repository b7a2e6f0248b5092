//! Stepping never allocates: not in the rules, not at autoreset, not in a batch's last block.
#![allow(missing_docs)]

mod common;

use common::Games;
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

#[test]
fn stepping_does_not_allocate() {
    let n = 37;
    let mut games = Games::new(n, 1, &[]);
    let mut ended = 0;
    for _ in 0..300 {
        let actions = games.choose();
        let before = ALLOCATIONS.with(Cell::get);
        games.step(&actions);
        assert_eq!(ALLOCATIONS.with(Cell::get), before);
        ended += games
            .terminated
            .iter()
            .map(|&flag| usize::from(flag))
            .sum::<usize>();
    }
    assert!(ended > n, "only {ended} battles ended");
}
