//! Build parameters: which value each one gets, and whether it may have it.
//! Works on what the template declares; nothing here knows Terraform or storage.

use regex::Regex;

use super::provisioning::{NamedValue, RichParameter};

const INCREASING: &str = "increasing";
const DECREASING: &str = "decreasing";

/// A parameter that did not get a good value.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[error("parameter {name:?}: {reason}")]
pub struct ParameterError {
    /// The parameter's name in the template.
    pub name: String,
    /// What is wrong; shown to the user as the error's detail.
    pub reason: Reason,
}

/// What is wrong with a parameter's value.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum Reason {
    /// It was given again although it is settled by the first build.
    #[error("the value is fixed when the workspace is created and cannot be given again")]
    Immutable,
    /// It has no value and no default.
    #[error("a value is required")]
    Required,
    /// The template gives its own words.
    #[error("{0}")]
    InWords(String),
    /// It is not among the options.
    #[error("{value:?} is not one of the options: {options}")]
    NotAnOption {
        /// The value.
        value: String,
        /// The allowed ones, for show.
        options: String,
    },
    /// It is no boolean.
    #[error("{0:?} is neither true nor false")]
    NotABoolean(String),
    /// It is no whole number.
    #[error("{0:?} is not a whole number")]
    NotANumber(String),
    /// It is below the minimum.
    #[error("{value} is below the minimum {minimum}")]
    BelowMinimum {
        /// The value.
        value: i64,
        /// The least allowed.
        minimum: i32,
    },
    /// It is above the maximum.
    #[error("{value} is above the maximum {maximum}")]
    AboveMaximum {
        /// The value.
        value: i64,
        /// The greatest allowed.
        maximum: i32,
    },
    /// It moved in the wrong direction.
    #[error("{value} does not go on from {previous}: the parameter is only ever {direction}")]
    WrongDirection {
        /// The value.
        value: i64,
        /// The one of the build before.
        previous: i64,
        /// The allowed direction.
        direction: String,
    },
    /// It is no list of texts.
    #[error("{0:?} is not a JSON array of strings")]
    NotAList(String),
    /// The template's rule cannot be applied to the parameter.
    #[error("the template's rule is broken: {0}")]
    BrokenRule(String),
}

/// Gives each of the version's parameters its value, in the version's order.
/// `given` comes with the request, `previous` from the latest build.
///
/// # Errors
/// The first parameter that cannot have its value.
pub fn resolve(
    parameters: &[RichParameter],
    given: &[NamedValue],
    previous: &[NamedValue],
) -> Result<Vec<NamedValue>, ParameterError> {
    parameters
        .iter()
        .map(|parameter| {
            let new = find(given, &parameter.name);
            let old = find(previous, &parameter.name);
            match resolve_one(parameter, new, old) {
                Ok(value) => Ok(NamedValue {
                    name: parameter.name.clone(),
                    value,
                }),
                Err(reason) => Err(ParameterError {
                    name: parameter.name.clone(),
                    reason,
                }),
            }
        })
        .collect()
}

/// The first value of that name.
fn find<'a>(values: &'a [NamedValue], name: &str) -> Option<&'a str> {
    values
        .iter()
        .find(|value| value.name == name)
        .map(|value| value.value.as_str())
}

fn resolve_one(
    parameter: &RichParameter,
    new: Option<&str>,
    old: Option<&str>,
) -> Result<String, Reason> {
    if !parameter.mutable && new.is_some() && old.is_some() {
        return Err(Reason::Immutable);
    }
    if parameter.required && new.is_none() && old.is_none() {
        return Err(Reason::Required);
    }
    let kept = old.filter(|_| !parameter.ephemeral);
    let value = new.or(kept).unwrap_or(&parameter.default_value);
    if parameter.required && value.is_empty() {
        return Err(Reason::Required);
    }
    let checked = if value.is_empty() {
        &parameter.default_value
    } else {
        value
    };
    check_direction(parameter, checked, old)?;
    check(parameter, checked)?;
    Ok(value.to_owned())
}

/// Whether the parameter may have this value, apart from what it had before.
pub fn check(parameter: &RichParameter, value: &str) -> Result<(), Reason> {
    if !parameter.options.is_empty() {
        return check_option(parameter, value);
    }
    let has_range = parameter.validation_min.is_some() || parameter.validation_max.is_some();
    let has_direction = !parameter.validation_monotonic.is_empty();
    let has_pattern = !parameter.validation_regex.is_empty();
    let kind = parameter.kind.as_str();
    let always = matches!(kind, "bool" | "list(string)");
    if !(always || has_range || has_direction || has_pattern) {
        return Ok(());
    }
    if kind != "number" && (has_range || has_direction) {
        return Err(broken("a range or a direction needs the type number"));
    }
    if kind != "string" && has_pattern {
        return Err(broken("a pattern needs the type string"));
    }
    match kind {
        "bool" if !matches!(value, "true" | "false") => Err(Reason::NotABoolean(value.to_owned())),
        "bool" => Ok(()),
        "number" => check_number(parameter, value),
        "string" => check_pattern(parameter, value),
        "list(string)" => match serde_json::from_str::<Vec<String>>(value) {
            Ok(_) => Ok(()),
            Err(_) => Err(Reason::NotAList(value.to_owned())),
        },
        other => Err(broken(&format!("there is no type {other:?}"))),
    }
}

fn check_direction(
    parameter: &RichParameter,
    value: &str,
    old: Option<&str>,
) -> Result<(), Reason> {
    let direction = parameter.validation_monotonic.as_str();
    let Some(old) = old.filter(|old| !old.is_empty() && !direction.is_empty()) else {
        return Ok(());
    };
    if parameter.kind != "number" {
        return Ok(());
    }
    let (new, previous) = (parse_number(value)?, parse_number(old)?);
    let goes_on = match direction {
        INCREASING => new >= previous,
        DECREASING => new <= previous,
        other => return Err(broken(&format!("there is no direction {other:?}"))),
    };
    if goes_on {
        return Ok(());
    }
    let usual = Reason::WrongDirection {
        value: new,
        previous,
        direction: direction.to_owned(),
    };
    Err(in_words(parameter, value, usual))
}

fn check_option(parameter: &RichParameter, value: &str) -> Result<(), Reason> {
    if parameter.options.iter().any(|option| option.value == value) {
        return Ok(());
    }
    let options: Vec<&str> = parameter
        .options
        .iter()
        .map(|option| option.value.as_str())
        .collect();
    Err(Reason::NotAnOption {
        value: value.to_owned(),
        options: options.join(", "),
    })
}

fn check_number(parameter: &RichParameter, text: &str) -> Result<(), Reason> {
    let value = parse_number(text)?;
    if let Some(minimum) = parameter
        .validation_min
        .filter(|least| value < i64::from(*least))
    {
        return Err(in_words(
            parameter,
            text,
            Reason::BelowMinimum { value, minimum },
        ));
    }
    if let Some(maximum) = parameter
        .validation_max
        .filter(|most| value > i64::from(*most))
    {
        return Err(in_words(
            parameter,
            text,
            Reason::AboveMaximum { value, maximum },
        ));
    }
    Ok(())
}

fn check_pattern(parameter: &RichParameter, value: &str) -> Result<(), Reason> {
    let pattern = parameter.validation_regex.as_str();
    if pattern.is_empty() {
        return Ok(());
    }
    let regex = Regex::new(pattern)
        .map_err(|source| broken(&format!("the pattern cannot be read: {source}")))?;
    if parameter.validation_error.is_empty() {
        return Err(broken("a pattern needs an error text"));
    }
    if regex.is_match(value) {
        return Ok(());
    }
    Err(Reason::InWords(format!(
        "{} ({value:?} does not match {pattern:?})",
        own_words(parameter, value)
    )))
}

fn parse_number(text: &str) -> Result<i64, Reason> {
    text.parse()
        .map_err(|_not_a_number| Reason::NotANumber(text.to_owned()))
}

/// The template's own error text where it has one.
fn in_words(parameter: &RichParameter, value: &str, usual: Reason) -> Reason {
    if parameter.validation_error.is_empty() {
        usual
    } else {
        Reason::InWords(own_words(parameter, value))
    }
}

/// The template's error text with its placeholders filled in.
fn own_words(parameter: &RichParameter, value: &str) -> String {
    let bound = |limit: Option<i32>| limit.map(|limit| limit.to_string()).unwrap_or_default();
    parameter
        .validation_error
        .replace("{min}", &bound(parameter.validation_min))
        .replace("{max}", &bound(parameter.validation_max))
        .replace("{value}", value)
}

fn broken(reason: &str) -> Reason {
    Reason::BrokenRule(reason.to_owned())
}

#[cfg(test)]
mod tests;
