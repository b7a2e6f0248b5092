//! Threads that step parts of a batch beside the calling thread.
//!
//! A step of a batch takes some tens of microseconds, and to wake a sleeping thread takes about
//! as long (more in a virtual machine). So a worker that has run out of work looks for more for a
//! short while before it sleeps, and so does the caller before it waits.

use crate::Error;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::Arc;
use std::time::{Duration, Instant};

/// How long a worker looks for work before it sleeps: the next step of a training loop that is
/// not waiting for anything else begins well within it.
const LINGER: Duration = Duration::from_micros(200);

/// A fixed number of workers.
pub(crate) struct Pool {
    rayon: rayon::ThreadPool,
    workers: usize,
    /// Workers that are looking for work.
    lingering: Arc<AtomicUsize>,
    backoff: Backoff,
    /// Threads do not survive a fork: a pool is of use in this process alone.
    process: u32,
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
            backoff: Backoff::default(),
            process: std::process::id(),
        })
    }

    /// Whether this is the process that the workers run in.
    pub(crate) fn is_of_this_process(&self) -> bool {
        self.process == std::process::id()
    }

    /// Does `work` on all parts and returns when it is done; the last on the calling thread.
    pub(crate) fn run<P: Send>(
        &mut self,
        parts: impl Iterator<Item = P>,
        last: P,
        work: impl Fn(P) + Sync,
    ) {
        if self.backoff.alone() {
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
        let waited = begun.elapsed() - took;
        self.backoff.judge(waited > took.max(2 * LINGER));
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

/// Leaves the workers out for a while when they are late again and again: other programs can keep
/// them off the processor for milliseconds, many times what a step takes.
#[derive(Debug)]
struct Backoff {
    /// Calls still to be run on the calling thread alone.
    alone: u32,
    /// How many it will be the next time.
    next: u32,
    /// Rises when workers are late, falls when they are not.
    strikes: u32,
    /// Calls since they were late.
    good: u32,
}

impl Backoff {
    const SHORTEST: u32 = 64;
    const LONGEST: u32 = 1024;
    /// Calls in time that make up for a late one; twice late within these is too often.
    const FORGIVEN: u32 = 8;

    /// Whether this call is to be run alone.
    fn alone(&mut self) -> bool {
        let alone = self.alone > 0;
        self.alone = self.alone.saturating_sub(1);
        alone
    }

    /// Takes note of whether the workers were late.
    fn judge(&mut self, late: bool) {
        if !late {
            self.strikes = self.strikes.saturating_sub(1);
            self.good += 1;
            if self.good >= Self::SHORTEST {
                self.next = Self::SHORTEST;
                self.good = 0;
            }
            return;
        }
        self.good = 0;
        self.strikes += Self::FORGIVEN;
        if self.strikes > Self::FORGIVEN {
            self.strikes = 0;
            self.alone = self.next;
            self.next = (self.next * 2).min(Self::LONGEST);
        }
    }
}

impl Default for Backoff {
    fn default() -> Self {
        Backoff {
            alone: 0,
            next: Self::SHORTEST,
            strikes: 0,
            good: 0,
        }
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
        let mut pool = Pool::new(4).unwrap();
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

    /// The share of calls that workers take part in, if a call with them is late with this
    /// chance (in 1/1000).
    fn threaded(backoff: &mut Backoff, calls: u32, late: u32) -> f64 {
        let mut threaded = 0;
        for call in 0..calls {
            if !backoff.alone() {
                threaded += 1;
                let word = crate::threefry::threefry2x32([1, 2], [call, late])[0];
                backoff.judge(crate::threefry::below(word, 1000) < late);
            }
        }
        f64::from(threaded) / f64::from(calls)
    }

    #[test]
    fn an_occasional_hiccup_changes_nothing() {
        assert!(threaded(&mut Backoff::default(), 100_000, 3) > 0.95);
        assert!(threaded(&mut Backoff::default(), 100_000, 10) > 0.9);
    }

    #[test]
    fn workers_that_are_always_late_are_left_out() {
        assert!(threaded(&mut Backoff::default(), 100_000, 1000) < 0.01);
    }

    #[test]
    fn workers_that_were_late_are_soon_back() {
        let mut backoff = Backoff::default();
        threaded(&mut backoff, 100_000, 1000);
        assert!(threaded(&mut backoff, 20_000, 0) > 0.9);
        assert!(threaded(&mut backoff, 100_000, 3) > 0.95);
    }

    #[test]
    fn a_panic_in_a_part_reaches_the_caller_and_leaves_the_pool_usable() {
        let mut pool = Pool::new(2).unwrap();
        let mut run = |bad: bool| pool.run([bad].into_iter(), false, |bad| assert!(!bad));
        let caught = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| run(true)));
        assert!(caught.is_err());
        run(false);
    }
}
