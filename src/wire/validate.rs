//! Rules that a request's fields must keep, checked after decoding and reported all at once
//! (spec WS-9). The rule names are those that clients may show.

use std::fmt::Display;

use super::response::ValidationError;

/// A request that knows its own rules.
pub trait Validate {
    /// Reports every field that breaks a rule, in the order of declaration.
    fn validate(&self, _faults: &mut Faults) {}
}

/// The fields that broke a rule.
#[derive(Default, Debug)]
pub struct Faults(pub Vec<ValidationError>);

impl Faults {
    /// Reports a field unless it keeps the rule of this name.
    pub fn check(&mut self, keeps: bool, field: &str, rule: &str, value: impl Display) {
        if !keeps {
            self.add(
                field,
                format!("Validation failed for tag {rule:?} with value: \"{value}\""),
            );
        }
    }

    /// Reports a field with words of its own.
    pub fn add(&mut self, field: &str, detail: impl Into<String>) {
        self.0.push(ValidationError {
            field: field.to_owned(),
            detail: detail.into(),
        });
    }

    /// Reports an empty text.
    pub fn required(&mut self, field: &str, value: &str) {
        self.check(!value.is_empty(), field, "required", value);
    }
}

impl Validate for () {}
