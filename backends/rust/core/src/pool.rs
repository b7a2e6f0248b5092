//! Threads that step parts of a batch beside the calling thread.
//!
//! A step of a batch takes some tens of microseconds, and to wake a sleeping thread takes about
//! as long (more in a virtual machine). So a worker that has run out of work looks for more for a
//! short while before it sleeps, and so does the caller before it waits.

use crate::Error;
use std::sync::atomic::{AtomicU32, AtomicUsize, Ordering};
use std::sync::Arc;
use std::time::{Duration, Instant};

/// How long a worker looks for work before it sleeps: the next step of a training loop that is
/// not waiting for anything else begins well within it.
const LINGER: Duration = Duration::from_micros(200);

/// Calls that run on the calling thread alone after the workers were late: at first, at most.
const ALONE: (u32, u32) = (64, 1 << 16);

/// A fixed number of workers.
pub(crate) struct Pool {
    rayon: rayon::ThreadPool,
    workers: usize,
    /// Workers that are looking for work.
    lingering: Arc<AtomicUsize>,
    /// Other programs can keep workers off the processor for milliseconds. Calls still to be run
    /// alone, and how many it will be the next time that workers are late.
    alone: AtomicU32,
    alone_next: AtomicU32,
}

impl Pool {
    /// `threads - 1` workers.
    ///
    /// # Errors
    /// If threads cannot be started.
    pub(crate) fn new(threads: usize) -> Result<Self, Error> {
        let workers = threads - 1;
        let rayon = rayon::ThreadPoolBuilder::new()
            .num_threads(workers)
            .thread_name(|index| format!("samestep-{index}"))
            .build()
            .map_err(|error| Error::new(format!("cannot start {threads} threads: {error}")))?;
        Ok(Pool {
            rayon,
            workers,
            lingering: Arc::default(),
            alone: AtomicU32::new(0),
            alone_next: AtomicU32::new(ALONE.0),
        })
    }

    /// Does `work` on all parts and returns when it is done; the last on the calling thread.
    pub(crate) fn run<P: Send>(
        &self,
        parts: impl Iterator<Item = P>,
        last: P,
        work: impl Fn(P) + Sync,
    ) {
        let alone = self.alone.load(Ordering::Relaxed);
        if alone > 0 {
            self.alone.store(alone - 1, Ordering::Relaxed);
            parts.for_each(&work);
            return work(last);
        }
        self.linger();
        let (left, work) = (&AtomicUsize::new(0), &work);
        let begun = Instant::now();
        let mut took = Duration::ZERO;
        self.rayon.in_place_scope(|scope| {
            for part in parts {
                left.fetch_add(1, Ordering::Relaxed);
                scope.spawn(move |_| {
                    let _done = Done(left);
                    work(part);
                });
            }
            work(last);
            took = begun.elapsed();
            let since = Instant::now();
            while left.load(Ordering::Acquire) > 0 && since.elapsed() < 2 * LINGER {
                std::hint::spin_loop();
            }
        });
        self.judge(begun.elapsed() - took > took.max(2 * LINGER));
    }

    /// Takes note of whether the workers were late.
    fn judge(&self, late: bool) {
        let next = self.alone_next.load(Ordering::Relaxed);
        if late {
            self.alone.store(next, Ordering::Relaxed);
            self.alone_next
                .store((next * 2).min(ALONE.1), Ordering::Relaxed);
        } else if next > ALONE.0 {
            self.alone_next.store(next - 1, Ordering::Relaxed);
        }
    }

    /// Sees to it that every worker is looking for work.
    fn linger(&self) {
        while self.lingering.fetch_add(1, Ordering::AcqRel) < self.workers {
            let lingering = Arc::clone(&self.lingering);
            self.rayon.spawn(move || {
                let mut since = Instant::now();
                while since.elapsed() < LINGER {
                    match rayon::yield_now() {
                        Some(rayon::Yield::Executed) => since = Instant::now(),
                        _ => std::hint::spin_loop(),
                    }
                }
                lingering.fetch_sub(1, Ordering::AcqRel);
            });
        }
        self.lingering.fetch_sub(1, Ordering::AcqRel);
    }
}

/// Counts a part as done, also when it panics.
struct Done<'a>(&'a AtomicUsize);

impl Drop for Done<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Release);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_part_runs_once_whether_workers_are_awake_or_asleep() {
        let pool = Pool::new(4).unwrap();
        for round in 0..200 {
            if round % 50 == 49 {
                std::thread::sleep(LINGER * 4);
            }
            let counts: Vec<AtomicUsize> = (0..7).map(|_| AtomicUsize::new(0)).collect();
            pool.run(0..6, 6, |index: usize| {
                counts[index].fetch_add(1, Ordering::Relaxed);
            });
            assert!(counts
                .iter()
                .all(|count| count.load(Ordering::Relaxed) == 1));
        }
    }

    #[test]
    fn late_workers_are_left_out_for_a_while() {
        let pool = Pool::new(2).unwrap();
        let caller = std::thread::current().id();
        let elsewhere = AtomicUsize::new(0);
        let call = |slow: bool| {
            pool.run([true].into_iter(), false, |part| {
                if part && slow {
                    std::thread::sleep(LINGER * 20);
                }
                if std::thread::current().id() != caller {
                    elsewhere.fetch_add(1, Ordering::Relaxed);
                }
            });
        };
        call(true);
        assert_eq!(elsewhere.load(Ordering::Relaxed), 1);
        for _ in 0..ALONE.0 {
            call(false);
        }
        assert_eq!(elsewhere.load(Ordering::Relaxed), 1);
        call(false);
        assert_eq!(elsewhere.load(Ordering::Relaxed), 2);
    }

    #[test]
    fn a_panic_in_a_part_reaches_the_caller_and_leaves_the_pool_usable() {
        let pool = Pool::new(2).unwrap();
        let run = |bad: bool| pool.run([bad].into_iter(), false, |bad| assert!(!bad));
        let caught = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| run(true)));
        assert!(caught.is_err());
        run(false);
    }
}
