//! `coder_parameter`: the questions a template asks.

use std::collections::HashSet;

use serde::Deserialize;

use super::{
    ConvertError,
    document::{Entry, Mode},
};
use crate::domain::provisioning::{ParameterOption, RichParameter};

/// Reads the parameters in visiting order.
pub(super) fn read(entries: &[Entry]) -> Result<Vec<RichParameter>, ConvertError> {
    let mut parameters = Vec::new();
    for entry in entries {
        if entry.mode == Mode::Data && entry.kind == "coder_parameter" {
            parameters.push(entry.attributes::<Attributes>()?.into());
        }
    }
    refuse_duplicates(&parameters)?;
    Ok(parameters)
}

fn refuse_duplicates(parameters: &[RichParameter]) -> Result<(), ConvertError> {
    let mut seen = HashSet::new();
    let mut repeated: Vec<String> = Vec::new();
    for parameter in parameters {
        let name = format!("{:?}", parameter.name);
        if !seen.insert(&parameter.name) && !repeated.contains(&name) {
            repeated.push(name);
        }
    }
    let names = match repeated.as_slice() {
        [] => return Ok(()),
        [only] => only.clone(),
        [front @ .., last] => format!("{} and {last}", front.join(", ")),
    };
    Err(ConvertError::DuplicateParameters {
        names,
        several: repeated.len() > 1,
    })
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Attributes {
    name: String,
    display_name: String,
    description: String,
    #[serde(rename = "type")]
    kind: String,
    mutable: bool,
    default: String,
    icon: String,
    option: Vec<OptionAttributes>,
    validation: Vec<Validation>,
    optional: bool,
    ephemeral: bool,
    order: i32,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct OptionAttributes {
    name: String,
    description: String,
    value: String,
    icon: String,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Validation {
    min: i32,
    max: i32,
    min_disabled: Option<bool>,
    max_disabled: Option<bool>,
    monotonic: String,
    regex: String,
    error: String,
}

impl Validation {
    /// The two bounds. Providers that do not say which are set leave unset ones at 0.
    fn bounds(&self) -> (Option<i32>, Option<i32>) {
        let (min_disabled, max_disabled) = match (self.min_disabled, self.max_disabled) {
            (None, None) => {
                let unset = self.min == 0 && self.max == 0;
                (unset, unset)
            }
            (min, max) => (min.unwrap_or(false), max.unwrap_or(false)),
        };
        (
            (!min_disabled).then_some(self.min),
            (!max_disabled).then_some(self.max),
        )
    }
}

impl From<Attributes> for RichParameter {
    fn from(attributes: Attributes) -> Self {
        let mut parameter = Self {
            name: attributes.name,
            display_name: attributes.display_name,
            description: attributes.description,
            kind: attributes.kind,
            mutable: attributes.mutable,
            default_value: attributes.default,
            icon: attributes.icon,
            options: attributes.option.into_iter().map(Into::into).collect(),
            required: !attributes.optional,
            ephemeral: attributes.ephemeral,
            order: attributes.order,
            ..Self::default()
        };
        if let [validation] = attributes.validation.as_slice() {
            (parameter.validation_min, parameter.validation_max) = validation.bounds();
            parameter.validation_regex.clone_from(&validation.regex);
            parameter.validation_error.clone_from(&validation.error);
            parameter
                .validation_monotonic
                .clone_from(&validation.monotonic);
        }
        parameter
    }
}

impl From<OptionAttributes> for ParameterOption {
    fn from(option: OptionAttributes) -> Self {
        Self {
            name: option.name,
            description: option.description,
            value: option.value,
            icon: option.icon,
        }
    }
}
