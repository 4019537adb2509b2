//! `coder_parameter`: a question to users who create a workspace, and their answer.

mod values;

use std::fmt::Write as _;

use sha2::{Digest as _, Sha256};

use self::values::{Limits, ParameterType};
use super::DataSource;
use crate::terraform_provider::{
    diagnostics::{Path, error, error_at},
    fill,
    messages::Diagnostic,
    provider::Context,
    schema::{Block, ID, Kind, Nesting, Preset, Rule, Schema, computed, optional, required},
    value::{Object, Value, get, get_text},
};

/// A parameter.
pub(super) struct Parameter;

static SCHEMA: Schema = Schema {
    name: "coder_parameter",
    version: 1,
    about: "A value that users choose when they create a workspace.",
    deprecated: None,
    attributes: &[
        ID,
        required("name", Kind::Text, "The parameter's name."),
        optional("display_name", Kind::Text, "The name that users see."),
        optional(
            "description",
            Kind::Text,
            "What users should know about it.",
        ),
        optional("icon", Kind::Text, "The address of an icon."),
        optional(
            "type",
            Kind::Text,
            "What it holds: string, number, bool or list(string).",
        )
        .preset(Preset::Text("string"))
        .rule(Rule::OneOf(&["number", "string", "bool", "list(string)"])),
        optional("default", Kind::Text, "Its value when users choose none."),
        optional("mutable", Kind::Bool, "Users may change it later.").preset(Preset::Bool(false)),
        optional("ephemeral", Kind::Bool, "It holds for one build only.")
            .preset(Preset::Bool(false)),
        optional(
            "order",
            Kind::Number,
            "The parameter's place among the others.",
        ),
        computed("value", Kind::Text, "What was chosen."),
        computed("optional", Kind::Bool, "Whether users may leave it out."),
    ],
    blocks: &[
        Block {
            name: "option",
            nesting: Nesting::List,
            most: 64,
            computed: false,
            excludes: &[],
            attributes: &[
                required("name", Kind::Text, "The name that users see."),
                required("value", Kind::Text, "The value that is chosen with it."),
                optional(
                    "description",
                    Kind::Text,
                    "What users should know about it.",
                ),
                optional("icon", Kind::Text, "The address of an icon."),
            ],
        },
        Block {
            name: "validation",
            nesting: Nesting::List,
            most: 1,
            computed: false,
            excludes: &[],
            attributes: &[
                optional("min", Kind::Number, "The least number."),
                computed(
                    "min_disabled",
                    Kind::Bool,
                    "Whether there is no least number.",
                ),
                optional("max", Kind::Number, "The greatest number."),
                computed(
                    "max_disabled",
                    Kind::Bool,
                    "Whether there is no greatest number.",
                ),
                optional(
                    "monotonic",
                    Kind::Text,
                    "The direction of changes: increasing or decreasing.",
                ),
                optional("regex", Kind::Text, "A pattern for text.").excludes(&[
                    "min",
                    "max",
                    "monotonic",
                ]),
                optional(
                    "error",
                    Kind::Text,
                    "What users are told about a wrong value.",
                ),
            ],
        },
    ],
};

impl DataSource for Parameter {
    fn schema(&self) -> &'static Schema {
        &SCHEMA
    }

    fn read(&self, state: &mut Object, context: &Context<'_>) -> Vec<Diagnostic> {
        match answer(state, context) {
            Ok(()) => Vec::new(),
            Err(diagnostic) => vec![diagnostic],
        }
    }
}

fn answer(state: &mut Object, context: &Context<'_>) -> Result<(), Diagnostic> {
    let default = get(state, "default").as_text().map(str::to_owned);
    fill::presets(&SCHEMA, state);
    let kind = ParameterType::read(get_text(state, "type"));
    if let Some(default) = &default {
        kind.check(default).map_err(error)?;
    }
    let chosen = context.environment.get(&variable(get_text(state, "name")));
    let value = chosen.or(default.as_ref()).cloned().unwrap_or_default();
    let is_on = |name| get(state, name).as_bool().unwrap_or_default();
    if is_on("ephemeral") && !is_on("mutable") {
        return Err(error("parameter can't be immutable and ephemeral"));
    }
    if is_on("ephemeral") && default.is_none() {
        return Err(error("ephemeral parameter requires the default property"));
    }
    if let [limits] = get(state, "validation").elements() {
        Limits::of(limits)
            .check(kind, &value)
            .map_err(|reason| at("validation", reason))?;
    }
    check_options(get(state, "option"), kind, default.as_deref())
        .map_err(|reason| at("option", reason))?;
    complete(state, value, default.is_some());
    Ok(())
}

fn check_options(
    options: &Value,
    kind: ParameterType,
    default: Option<&str>,
) -> Result<(), String> {
    let (mut names, mut values) = (Vec::new(), Vec::new());
    for option in options.elements() {
        let text = |name| option.attribute(name).as_text().unwrap_or_default();
        let (name, value) = (text("name"), text("value"));
        if names.contains(&name) {
            return Err(format!(
                "multiple options cannot have the same name {name:?}"
            ));
        }
        if values.contains(&value) {
            return Err(format!(
                "multiple options cannot have the same value {value:?}"
            ));
        }
        kind.check(value)?;
        names.push(name);
        values.push(value);
    }
    match default {
        Some(default) if !values.is_empty() && !values.contains(&default) => Err(format!(
            "default value {default:?} must be defined as one of options"
        )),
        _ => Ok(()),
    }
}

fn complete(state: &mut Object, value: String, has_default: bool) {
    state.insert("value".to_owned(), Value::Text(value));
    state.insert("optional".to_owned(), Value::Bool(has_default));
    if get(state, "option").elements().is_empty() {
        state.insert("option".to_owned(), Value::Null);
    }
    if let Some(Value::List(validation)) = state.get_mut("validation") {
        for limits in validation {
            for bound in ["min", "max"] {
                let is_open = limits.attribute(bound).is_null();
                if let Value::Object(limits) = limits {
                    limits.insert(format!("{bound}_disabled"), Value::Bool(is_open));
                }
            }
        }
    }
}

fn at(attribute: &str, reason: String) -> Diagnostic {
    error_at(Path::to(attribute), reason, "")
}

/// The variable with the answer: names of parameters may hold what names of variables may not.
fn variable(name: &str) -> String {
    let mut variable = "CODER_PARAMETER_".to_owned();
    for byte in Sha256::digest(name.as_bytes()) {
        // Writing to a string does not fail.
        let _ = write!(variable, "{byte:02x}");
    }
    variable
}

#[cfg(test)]
mod tests;
