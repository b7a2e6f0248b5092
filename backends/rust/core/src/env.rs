//! An environment whose type is known only at run time.

use crate::driver::{BatchEnv, Driver, Out};
use crate::isa::Isa;
use crate::rules::{Array, ArrayMut, Dtype, Element, Info, Rules};
use crate::{rows, Error, Key};

/// [`Rules`] without their types: what a registry of environments holds.
pub trait Env: Send + Sync {
    /// Names, layouts and sizes.
    fn info(&self) -> Info;
    /// Element type of observations.
    fn obs_dtype(&self) -> Dtype;
    /// Element type of rewards.
    fn reward_dtype(&self) -> Dtype;
    /// Instances in a block.
    fn lanes(&self) -> usize;
    /// A batch that holds its own state; see [`Driver::new`].
    ///
    /// # Errors
    /// As [`Driver::new`].
    fn batch(
        &self,
        num_envs: usize,
        threads: usize,
        max_episode_steps: Option<u32>,
        isa: Isa,
    ) -> Result<Box<dyn BatchEnv>, Error> {
        self.batch_from(0, num_envs, threads, max_episode_steps, isa)
    }
    /// The same, as instances `first_index` onwards of a larger one; see
    /// [`Driver::starting_at`].
    ///
    /// # Errors
    /// As [`Driver::new`] and [`Driver::starting_at`].
    fn batch_from(
        &self,
        first_index: u32,
        num_envs: usize,
        threads: usize,
        max_episode_steps: Option<u32>,
        isa: Isa,
    ) -> Result<Box<dyn BatchEnv>, Error>;
    /// See [`rows::save_rows`].
    ///
    /// # Errors
    /// As [`rows::save_rows`].
    fn save_rows(&self, rows: &[u8]) -> Result<Vec<u8>, Error>;
    /// See [`rows::load_rows`].
    ///
    /// # Errors
    /// As [`rows::load_rows`].
    fn load_rows(&self, saved: &[u8], n: usize) -> Result<Vec<u8>, Error>;
    /// See [`rows::reset_rows`].
    ///
    /// # Errors
    /// As [`rows::reset_rows`].
    fn reset_rows(
        &self,
        root: Key,
        first_index: u32,
        n: usize,
        saved: &mut [u8],
        obs: ArrayMut<'_>,
    ) -> Result<(), Error>;
    /// See [`rows::masks_rows`].
    ///
    /// # Errors
    /// As [`rows::masks_rows`].
    fn masks_rows(
        &self,
        n: usize,
        saved: &[u8],
        legal: &mut [u8],
        acting: &mut [u8],
    ) -> Result<(), Error>;
    /// See [`rows::step_rows`].
    ///
    /// # Errors
    /// As [`rows::step_rows`].
    fn step_rows(
        &self,
        max_episode_steps: u32,
        isa: Isa,
        n: usize,
        saved: &mut [u8],
        actions: Array<'_>,
        out: Out<'_>,
    ) -> Result<(), Error>;
}

impl<R: Rules + Clone> Env for R {
    fn info(&self) -> Info {
        Rules::info(self)
    }

    fn obs_dtype(&self) -> Dtype {
        R::Obs::DTYPE
    }

    fn reward_dtype(&self) -> Dtype {
        R::Reward::DTYPE
    }

    fn lanes(&self) -> usize {
        R::LANES
    }

    fn batch_from(
        &self,
        first_index: u32,
        num_envs: usize,
        threads: usize,
        max_episode_steps: Option<u32>,
        isa: Isa,
    ) -> Result<Box<dyn BatchEnv>, Error> {
        let driver = Driver::new(self.clone(), num_envs, threads, max_episode_steps, isa)?;
        Ok(Box::new(driver.starting_at(first_index)?))
    }

    fn save_rows(&self, rows: &[u8]) -> Result<Vec<u8>, Error> {
        rows::save_rows(self, rows)
    }

    fn load_rows(&self, saved: &[u8], n: usize) -> Result<Vec<u8>, Error> {
        rows::load_rows(self, saved, n)
    }

    fn reset_rows(
        &self,
        root: Key,
        first_index: u32,
        n: usize,
        saved: &mut [u8],
        obs: ArrayMut<'_>,
    ) -> Result<(), Error> {
        rows::reset_rows(self, root, first_index, n, saved, obs)
    }

    fn masks_rows(
        &self,
        n: usize,
        saved: &[u8],
        legal: &mut [u8],
        acting: &mut [u8],
    ) -> Result<(), Error> {
        rows::masks_rows(self, n, saved, legal, acting)
    }

    fn step_rows(
        &self,
        max_episode_steps: u32,
        isa: Isa,
        n: usize,
        saved: &mut [u8],
        actions: Array<'_>,
        out: Out<'_>,
    ) -> Result<(), Error> {
        rows::step_rows(self, max_episode_steps, isa, n, saved, actions, out)
    }
}
