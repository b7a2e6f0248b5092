//! Parameters by name, as they come from a caller, checked as an environment takes them.

use crate::Error;
use std::fmt;
use std::ops::RangeInclusive;

/// One parameter's value.
#[derive(Debug, Clone, PartialEq)]
pub enum Value {
    /// True or False.
    Bool(bool),
    /// An integer.
    Int(i64),
    /// A number.
    Float(f64),
    /// A string, such as a file's path.
    Text(String),
}

impl fmt::Display for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Value::Bool(true) => f.write_str("True"),
            Value::Bool(false) => f.write_str("False"),
            Value::Int(value) => write!(f, "{value}"),
            Value::Float(value) => write!(f, "{value:?}"),
            Value::Text(value) => write!(f, "'{value}'"),
        }
    }
}

/// Named values; an environment takes each out, then asks [`Params::finish`] for leftovers.
#[derive(Debug, Clone, Default)]
pub struct Params {
    given: Vec<(String, Value)>,
    known: Vec<&'static str>,
}

impl Params {
    /// Parameters as a caller gave them.
    pub fn new(given: impl IntoIterator<Item = (String, Value)>) -> Self {
        Params {
            given: given.into_iter().collect(),
            known: Vec::new(),
        }
    }

    /// Takes a truth value.
    ///
    /// # Errors
    /// If something else was given.
    pub fn bool(&mut self, name: &'static str, default: bool) -> Result<bool, Error> {
        match self.take(name) {
            None => Ok(default),
            Some(Value::Bool(value)) => Ok(value),
            Some(other) => Err(refused(name, other, "True or False")),
        }
    }

    /// Takes an integer.
    ///
    /// # Errors
    /// If something else was given, or one out of range.
    pub fn int(
        &mut self,
        name: &'static str,
        default: i64,
        range: RangeInclusive<i64>,
    ) -> Result<i64, Error> {
        match self.take(name) {
            None => Ok(default),
            Some(Value::Int(value)) if range.contains(&value) => Ok(value),
            Some(other) => {
                let accepted = format!("an integer from {} to {}", range.start(), range.end());
                Err(refused(name, other, &accepted))
            }
        }
    }

    /// Takes a number.
    ///
    /// # Errors
    /// If something else was given, or one out of range or NaN.
    pub fn float(
        &mut self,
        name: &'static str,
        default: f64,
        range: RangeInclusive<f64>,
    ) -> Result<f64, Error> {
        let value = match self.take(name) {
            None => return Ok(default),
            Some(Value::Int(value)) => value as f64,
            Some(Value::Float(value)) => value,
            Some(other) => return Err(refused(name, other, "a number")),
        };
        if range.contains(&value) {
            return Ok(value);
        }
        let accepted = format!("a number from {:?} to {:?}", range.start(), range.end());
        Err(refused(name, Value::Float(value), &accepted))
    }

    /// Takes a string.
    ///
    /// # Errors
    /// If something else was given.
    pub fn text(&mut self, name: &'static str, default: &str) -> Result<String, Error> {
        match self.take(name) {
            None => Ok(default.to_owned()),
            Some(Value::Text(value)) => Ok(value),
            Some(other) => Err(refused(name, other, "a string")),
        }
    }

    /// Refuses what nobody took.
    ///
    /// # Errors
    /// If a parameter was given that `env` does not have.
    pub fn finish(self, env: &str) -> Result<(), Error> {
        match self.given.first() {
            None => Ok(()),
            Some((name, _)) => Err(Error::new(format!(
                "{env} has no parameter '{name}'; accepted: {}",
                self.known.join(", ")
            ))),
        }
    }

    fn take(&mut self, name: &'static str) -> Option<Value> {
        self.known.push(name);
        let index = self.given.iter().position(|(given, _)| given == name)?;
        Some(self.given.remove(index).1)
    }
}

fn refused(name: &str, value: Value, accepted: &str) -> Error {
    Error::new(format!("{name} is {value}; accepted: {accepted}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn params(name: &str, value: Value) -> Params {
        Params::new([(name.to_owned(), value)])
    }

    #[test]
    fn defaults_and_values() {
        assert_eq!(Params::default().int("n", 3, 1..=5), Ok(3));
        assert_eq!(params("n", Value::Int(5)).int("n", 3, 1..=5), Ok(5));
        assert_eq!(
            params("x", Value::Int(2)).float("x", 0.0, 0.0..=2.0),
            Ok(2.0)
        );
        assert_eq!(params("b", Value::Bool(true)).bool("b", false), Ok(true));
        let text = Value::Text("a/b".to_owned());
        assert_eq!(params("s", text).text("s", ""), Ok("a/b".to_owned()));
        assert_eq!(Params::default().text("s", "c"), Ok("c".to_owned()));
    }

    #[test]
    fn refusals_say_what_is_accepted() {
        let error = params("n", Value::Int(6)).int("n", 3, 1..=5).unwrap_err();
        assert_eq!(
            error.to_string(),
            "n is 6; accepted: an integer from 1 to 5"
        );
        let error = params("n", Value::Bool(true))
            .int("n", 3, 1..=5)
            .unwrap_err();
        assert_eq!(
            error.to_string(),
            "n is True; accepted: an integer from 1 to 5"
        );
        let text = params("n", Value::Text("6".to_owned()));
        assert_eq!(
            text.clone().int("n", 3, 1..=5).unwrap_err().to_string(),
            "n is '6'; accepted: an integer from 1 to 5"
        );
        assert_eq!(
            text.clone()
                .float("n", 3.0, 1.0..=5.0)
                .unwrap_err()
                .to_string(),
            "n is '6'; accepted: a number"
        );
        let error = params("s", Value::Int(6)).text("s", "").unwrap_err();
        assert_eq!(error.to_string(), "s is 6; accepted: a string");
        let nan = params("x", Value::Float(f64::NAN));
        assert!(nan.clone().float("x", 0.0, 0.0..=1.0).is_err());
        let mut unknown = params("y", Value::Int(1));
        unknown.bool("x", false).unwrap();
        assert_eq!(
            unknown.finish("pong").unwrap_err().to_string(),
            "pong has no parameter 'y'; accepted: x"
        );
    }
}
