//! Taking a TOML table apart, with one line for what is wrong.

use samestep_core::Error;
use toml::{Table, Value};

/// A table of a definition, empty where the file has none.
pub struct Fields<'a> {
    table: Option<&'a Table>,
    /// What its fields' names begin with.
    prefix: String,
}

impl<'a> Fields<'a> {
    /// A table in which only these names may stand.
    pub fn new(table: &'a Table, prefix: &str, known: &[&str]) -> Result<Fields<'a>, Error> {
        if table.keys().any(|name| !known.contains(&name.as_str())) {
            let holder = match prefix {
                "" => "the definition",
                prefix => prefix.trim_end_matches('.'),
            };
            return Err(Error::new(format!(
                "{holder} has an unknown field; accepted: {}",
                known.join(", ")
            )));
        }
        Ok(Fields {
            table: Some(table),
            prefix: prefix.to_owned(),
        })
    }

    fn get(&self, name: &str) -> Option<&'a Value> {
        self.table.and_then(|table| table.get(name))
    }

    fn at(&self, name: &str) -> String {
        format!("{}{name}", self.prefix)
    }

    /// A table within this one.
    pub fn table(&self, name: &str, known: &[&str]) -> Result<Fields<'a>, Error> {
        match self.get(name) {
            None => Ok(Fields {
                table: None,
                prefix: self.at(name) + ".",
            }),
            Some(Value::Table(table)) => Fields::new(table, &(self.at(name) + "."), known),
            Some(other) => Err(refused(&self.at(name), other, "a table")),
        }
    }

    /// A string.
    pub fn text(&self, name: &str, default: &'a str) -> Result<&'a str, Error> {
        self.get(name)
            .map_or(Ok(default), |value| text(&self.at(name), value))
    }

    /// An integer within bounds.
    pub fn integer(&self, name: &str, default: i64, low: i64, high: i64) -> Result<i64, Error> {
        self.get(name).map_or(Ok(default), |value| {
            integer(&self.at(name), value, low, high)
        })
    }

    /// A finite number.
    pub fn number(&self, name: &str, default: f64) -> Result<f64, Error> {
        match self.get(name) {
            None => Ok(default),
            Some(Value::Integer(value)) => Ok(*value as f64),
            Some(Value::Float(value)) if value.is_finite() => Ok(*value),
            Some(other) => Err(refused(&self.at(name), other, "a finite number")),
        }
    }

    /// An array of strings.
    pub fn texts(&self, name: &str) -> Result<Vec<&'a str>, Error> {
        let each = self.array(name)?.iter().enumerate();
        each.map(|(index, value)| text(&format!("{}[{index}]", self.at(name)), value))
            .collect()
    }

    /// An array of pairs, up to [`PAIRS`].
    pub fn pairs(&self, name: &str) -> Result<Vec<[&'a Value; 2]>, Error> {
        let values = self.array(name)?;
        if values.len() > PAIRS {
            let (at, length) = (self.at(name), values.len());
            return Err(Error::new(format!(
                "{at} has {length} elements; accepted: up to {PAIRS}"
            )));
        }
        let each = values.iter().enumerate();
        each.map(|(index, value)| pair(&format!("{}[{index}]", self.at(name)), value))
            .collect()
    }

    fn array(&self, name: &str) -> Result<&'a [Value], Error> {
        match self.get(name) {
            None => Ok(&[]),
            Some(Value::Array(values)) => Ok(values),
            Some(other) => Err(refused(&self.at(name), other, "an array")),
        }
    }
}

/// Elements of an array of pairs at most.
const PAIRS: usize = 1024;

/// The string that stands at a place.
pub fn text<'a>(at: &str, value: &'a Value) -> Result<&'a str, Error> {
    match value {
        Value::String(text) => Ok(text),
        other => Err(refused(at, other, "a string")),
    }
}

/// The integer that stands at a place.
pub fn integer(at: &str, value: &Value, low: i64, high: i64) -> Result<i64, Error> {
    match value {
        Value::Integer(value) if (low..=high).contains(value) => Ok(*value),
        other => Err(refused(
            at,
            other,
            &format!("an integer from {low} to {high}"),
        )),
    }
}

fn pair<'a>(at: &str, value: &'a Value) -> Result<[&'a Value; 2], Error> {
    match value {
        Value::Array(values) if values.len() == 2 => Ok([&values[0], &values[1]]),
        other => Err(refused(at, other, "an array of two")),
    }
}

fn refused(at: &str, value: &Value, accepted: &str) -> Error {
    let shown = match value {
        Value::String(_) => "a string".to_owned(),
        Value::Integer(value) => format!("{value}"),
        Value::Float(_) => "a float".to_owned(),
        Value::Boolean(_) => "a boolean".to_owned(),
        Value::Datetime(_) => "a date or time".to_owned(),
        Value::Array(values) => format!("an array of {}", values.len()),
        Value::Table(_) => "a table".to_owned(),
    };
    Error::new(format!("{at} is {shown}; accepted: {accepted}"))
}
