//! A boundary that panics do not cross: they would be defects, and become errors of one line.

use crate::Error;
use std::panic::{catch_unwind, AssertUnwindSafe};

/// What `call` returns; if it panics, an error with the panic's message.
///
/// # Errors
/// Those of `call`, and a panic. What `call` was changing may then be half changed.
pub fn guarded<T>(call: impl FnOnce() -> Result<T, Error>) -> Result<T, Error> {
    catch_unwind(AssertUnwindSafe(call)).unwrap_or_else(|payload| {
        let message = payload
            .downcast_ref::<&str>()
            .map(|message| (*message).to_owned())
            .or_else(|| payload.downcast_ref::<String>().cloned())
            .unwrap_or_else(|| "no message".to_owned());
        let line = message.lines().next().unwrap_or_default();
        Err(Error::new(format!("internal error: {line}")))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn panics_become_errors() {
        let index = std::hint::black_box(3);
        let outside = guarded(|| Ok([1, 2][index])).unwrap_err();
        assert!(outside
            .to_string()
            .starts_with("internal error: index out of bounds"));
        let said = guarded::<()>(|| panic!("said {index}\nand more")).unwrap_err();
        assert_eq!(said, Error::new("internal error: said 3"));
    }

    #[test]
    fn results_pass() {
        assert_eq!(guarded(|| Ok(1)), Ok(1));
        assert_eq!(
            guarded::<()>(|| Err(Error::new("no"))),
            Err(Error::new("no"))
        );
    }
}
