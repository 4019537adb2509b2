//! Reads typed values out of repeated keys and collects everything that is wrong, so that a
//! client learns all faults at once. Serves query strings and the search language alike.

use std::fmt::Display;

use chrono::{DateTime, NaiveDate};
use indexmap::IndexMap;
use uuid::Uuid;

use super::{clock::Timestamp, faults::Fault};

/// Largest number that a paging key may have.
const LARGEST: i64 = i32::MAX as i64;

/// Keys with their values, and the faults found while reading them.
#[derive(Default, Debug)]
pub struct QueryValues {
    values: IndexMap<String, Vec<String>>,
    faults: Vec<Fault>,
}

impl QueryValues {
    /// Adds a value to a key.
    pub fn add(&mut self, key: impl Into<String>, value: impl Into<String>) {
        self.values
            .entry(key.into())
            .or_default()
            .push(value.into());
    }

    /// Reports a fault of one's own.
    pub fn fault(&mut self, key: &str, detail: impl Display) {
        self.faults.push(Fault::new(key, detail.to_string()));
    }

    /// The only value of a key; `None` when it is absent or empty.
    pub fn text(&mut self, key: &str) -> Option<String> {
        let mut values = self.values.shift_remove(key)?;
        if values.len() > 1 {
            self.fault(
                key,
                format_args!("is given {} times, but may be given once", values.len()),
            );
            return None;
        }
        values.pop().filter(|value| !value.is_empty())
    }

    /// All values of a key, which may be repeated and may hold several between commas.
    pub fn list(&mut self, key: &str) -> Vec<String> {
        let values = self.values.shift_remove(key).unwrap_or_default();
        values
            .iter()
            .flat_map(|value| value.split(','))
            .filter(|value| !value.is_empty())
            .map(str::to_owned)
            .collect()
    }

    /// A value that `read` understands.
    pub fn parsed<T>(
        &mut self,
        key: &str,
        expected: &str,
        read: impl FnOnce(&str) -> Option<T>,
    ) -> Option<T> {
        let text = self.text(key)?;
        let value = read(&text);
        if value.is_none() {
            self.fault(key, format_args!("{text:?} is not {expected}"));
        }
        value
    }

    /// Values each of which `read` understands; the whole list is dropped if one is not.
    pub fn parsed_list<T>(
        &mut self,
        key: &str,
        expected: &str,
        read: impl Fn(&str) -> Option<T>,
    ) -> Vec<T> {
        let mut values = Vec::new();
        for text in self.list(key) {
            match read(&text) {
                Some(value) => values.push(value),
                None => self.fault(key, format_args!("{text:?} is not {expected}")),
            }
        }
        values
    }

    /// A boolean in one of its twelve spellings.
    pub fn boolean(&mut self, key: &str) -> Option<bool> {
        self.parsed(key, "true or false", parse_boolean)
    }

    /// An instant in RFC 3339, in any letter case.
    pub fn instant(&mut self, key: &str) -> Option<Timestamp> {
        self.parsed(
            key,
            "a time such as 2006-01-02T15:04:05Z (in quotes)",
            |text| {
                DateTime::parse_from_rfc3339(&text.to_uppercase())
                    .ok()
                    .map(|at| at.to_utc())
            },
        )
    }

    /// A date such as `2006-01-02`.
    pub fn date(&mut self, key: &str) -> Option<NaiveDate> {
        self.parsed(key, "a date such as 2006-01-02", |text| {
            NaiveDate::parse_from_str(text, "%Y-%m-%d")
                .ok()
                .filter(|_| text.len() == 10)
        })
    }

    /// A UUID.
    pub fn uuid(&mut self, key: &str) -> Option<Uuid> {
        self.parsed(key, "a UUID", |text| Uuid::parse_str(text).ok())
    }

    /// A list of UUIDs.
    pub fn uuids(&mut self, key: &str) -> Vec<Uuid> {
        self.parsed_list(key, "a UUID", |text| Uuid::parse_str(text).ok())
    }

    /// A whole number from 0 to 2147483647, in digits.
    pub fn count(&mut self, key: &str) -> Option<i64> {
        self.parsed(key, "a whole number from 0 to 2147483647", |text| {
            let digits = text.bytes().all(|byte| byte.is_ascii_digit());
            text.parse()
                .ok()
                .filter(|count| digits && *count <= LARGEST)
        })
    }

    /// What has not been read yet.
    #[cfg(test)]
    pub(crate) fn into_pairs(self) -> Vec<(String, Vec<String>)> {
        self.values.into_iter().collect()
    }

    /// Ends the reading where keys that nobody read are welcome.
    pub fn finish_leniently(self) -> Result<(), Vec<Fault>> {
        if self.faults.is_empty() {
            Ok(())
        } else {
            Err(self.faults)
        }
    }

    /// Ends the reading; every key that nobody read is a fault.
    pub fn finish(mut self) -> Result<(), Vec<Fault>> {
        let unknown: Vec<String> = self.values.keys().cloned().collect();
        for key in unknown {
            self.fault(&key, format_args!("there is no key {key:?} here"));
        }
        self.finish_leniently()
    }
}

/// The twelve spellings of a boolean.
#[must_use]
pub fn parse_boolean(text: &str) -> Option<bool> {
    match text {
        "1" | "t" | "T" | "TRUE" | "true" | "True" => Some(true),
        "0" | "f" | "F" | "FALSE" | "false" | "False" => Some(false),
        _ => None,
    }
}
