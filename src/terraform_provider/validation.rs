//! Checks a template's values against the tables: kinds, rules, exclusions, what should not be
//! used any more. Unknown values pass; required attributes are checked by Terraform itself.

use super::{
    diagnostics::{Path, error_at, warning},
    messages::Diagnostic,
    schema::{Attribute, Kind, Nesting, Rule, Schema},
    value::{Number, Object, Value, get},
};

/// The summary of what is said about two that exclude each other.
const EXCLUDED: &str = "Conflicting configuration arguments";

/// What is to say about a block of the template.
pub(super) fn check(schema: &Schema, config: &Value) -> Vec<Diagnostic> {
    let Value::Object(config) = config else {
        return Vec::new();
    };
    let mut said = Vec::new();
    if let Some(instead) = schema.deprecated {
        said.push(warning(None, "Deprecated Resource", instead));
    }
    check_attributes(schema.attributes, config, &Path::default(), &mut said);
    for block in schema.blocks {
        let excluding = block.excludes.iter().find(|other| is_set(config, other));
        if let Some(other) = excluding
            && is_set(config, block.name)
        {
            let path = Path::to(block.name);
            said.push(error_at(path, EXCLUDED, excluded(block.name, other)));
        }
        for (index, element) in get(config, block.name).elements().iter().enumerate() {
            if let Value::Object(element) = element {
                // What is in a set has no index; the block itself is pointed at.
                let mut path = Path::to(block.name);
                if block.nesting == Nesting::List {
                    path = path.index(index);
                }
                check_attributes(block.attributes, element, &path, &mut said);
            }
        }
    }
    said
}

fn check_attributes(
    attributes: &[Attribute],
    values: &Object,
    parent: &Path,
    said: &mut Vec<Diagnostic>,
) {
    for attribute in attributes {
        let value = get(values, attribute.name);
        if !value.is_known() {
            continue;
        }
        let path = || parent.attribute(attribute.name);
        let excluding = attribute
            .excludes
            .iter()
            .find(|other| is_set(values, other));
        if let Some(other) = excluding {
            said.push(error_at(path(), EXCLUDED, excluded(attribute.name, other)));
            continue;
        }
        if let Some(instead) = attribute.deprecated {
            said.push(warning(Some(path()), "Argument is deprecated", instead));
        }
        if let Err(reason) = check_value(attribute, value) {
            said.push(error_at(
                path(),
                format!("Wrong value for {:?}", attribute.name),
                reason,
            ));
        }
    }
}

fn excluded(name: &str, other: &str) -> String {
    format!("{name:?} cannot be set together with {other:?}")
}

/// An empty list of blocks is none.
fn is_set(values: &Object, name: &str) -> bool {
    match get(values, name) {
        Value::List(elements) => !elements.is_empty(),
        value => value.is_known(),
    }
}

fn check_value(attribute: &Attribute, value: &Value) -> Result<(), String> {
    if attribute.kind == Kind::Number
        && let Value::Number(number @ (Number::Float(_) | Number::Digits(_))) = value
    {
        let number = match number {
            Number::Float(number) => number.to_string(),
            Number::Digits(digits) => digits.clone(),
            Number::Whole(number) => number.to_string(),
        };
        return Err(format!("{number} is not a whole number of 64 bits"));
    }
    match (attribute.rule, value) {
        (Some(Rule::OneOf(allowed)), Value::Text(text)) if !allowed.contains(&text.as_str()) => {
            Err(format!("{text:?} is none of {}", allowed.join(", ")))
        }
        (Some(Rule::AtLeast(least)), Value::Number(Number::Whole(number))) if *number < least => {
            Err(format!("{number} is less than {least}"))
        }
        (Some(Rule::Text(check)), Value::Text(text)) => check(text),
        _ => Ok(()),
    }
}
