//! Instruction sets, chosen at run time: one binary runs on any machine of its architecture.

use std::sync::OnceLock;

/// What the kernels are compiled for. Results never depend on it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Isa {
    /// What the target architecture guarantees (SSE2 on x86-64, NEON on AArch64).
    Baseline,
    /// AVX2, FMA, BMI1, BMI2, LZCNT, POPCNT.
    #[cfg(target_arch = "x86_64")]
    Avx2,
    /// The same, and AVX-512 F, BW, DQ, VL and CD.
    #[cfg(target_arch = "x86_64")]
    Avx512,
}

impl Isa {
    /// The best one that this processor has.
    pub fn detect() -> Isa {
        static BEST: OnceLock<Isa> = OnceLock::new();
        *BEST.get_or_init(|| *Isa::available().last().expect("baseline is always there"))
    }

    /// All that this processor has, the best last.
    pub fn available() -> Vec<Isa> {
        #[allow(unused_mut)]
        let mut found = vec![Isa::Baseline];
        #[cfg(target_arch = "x86_64")]
        {
            let avx2 = is_x86_feature_detected!("avx2")
                && is_x86_feature_detected!("fma")
                && is_x86_feature_detected!("bmi1")
                && is_x86_feature_detected!("bmi2")
                && is_x86_feature_detected!("lzcnt")
                && is_x86_feature_detected!("popcnt");
            if avx2 {
                found.push(Isa::Avx2);
            }
            if avx2
                && is_x86_feature_detected!("avx512f")
                && is_x86_feature_detected!("avx512bw")
                && is_x86_feature_detected!("avx512dq")
                && is_x86_feature_detected!("avx512vl")
                && is_x86_feature_detected!("avx512cd")
            {
                found.push(Isa::Avx512);
            }
        }
        found
    }

    /// Its name, as benchmarks report it.
    pub fn name(self) -> &'static str {
        match self {
            Isa::Baseline => "baseline",
            #[cfg(target_arch = "x86_64")]
            Isa::Avx2 => "avx2",
            #[cfg(target_arch = "x86_64")]
            Isa::Avx512 => "avx512",
        }
    }

    /// Runs `kernel`, compiled for this instruction set.
    ///
    /// # Panics
    /// If the processor does not have it.
    #[inline(always)]
    pub fn run<K: Kernel>(self, kernel: K) {
        match self {
            Isa::Baseline => kernel.run(),
            #[cfg(target_arch = "x86_64")]
            Isa::Avx2 => {
                assert!(Isa::detect() != Isa::Baseline, "this processor has no AVX2");
                // SAFETY: `detect` found the features that `run_avx2` enables (AVX-512 includes
                // a check for them).
                unsafe { run_avx2(kernel) }
            }
            #[cfg(target_arch = "x86_64")]
            Isa::Avx512 => {
                assert!(
                    Isa::detect() == Isa::Avx512,
                    "this processor has no AVX-512"
                );
                // SAFETY: `detect` found the features that `run_avx512` enables.
                unsafe { run_avx512(kernel) }
            }
        }
    }
}

/// Work to be compiled once an instruction set; `run` must be `#[inline(always)]`.
pub trait Kernel {
    /// Does the work.
    fn run(self);
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2,fma,bmi1,bmi2,lzcnt,popcnt")]
fn run_avx2<K: Kernel>(kernel: K) {
    kernel.run();
}

#[cfg(target_arch = "x86_64")]
#[target_feature(
    enable = "avx512f,avx512bw,avx512dq,avx512vl,avx512cd,avx2,fma,bmi1,bmi2,lzcnt,popcnt"
)]
fn run_avx512<K: Kernel>(kernel: K) {
    kernel.run();
}
