//! Workspace tags: expressions of a template that choose a build's provisioner.
//! Evaluates one expression with the values of variables (`var.NAME`) and parameters
//! (`data.coder_parameter.NAME.value`); reads no files and runs no Terraform.

mod functions;

use std::collections::BTreeMap;

use hcl::{
    Expression, Map, TraversalOperator, Value,
    eval::{Context, Evaluate},
};

use super::{provisioning::NamedValue, tags::Tags};

/// The only data source that a tag may speak of.
const PARAMETER_SOURCE: &str = "coder_parameter";

/// A tag whose expression has no usable value.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[error("workspace tag {key:?}: {reason}")]
pub struct TagError {
    /// The tag.
    pub key: String,
    /// Why, in words.
    pub reason: String,
}

/// The values of all tags.
///
/// # Errors
/// The first tag that has no text, number or truth value.
pub fn evaluate_all(
    expressions: &BTreeMap<String, String>,
    variables: &[NamedValue],
    parameters: &[NamedValue],
) -> Result<Tags, TagError> {
    let context = context(variables, parameters);
    expressions
        .iter()
        .map(|(key, source)| match evaluate(source, &context) {
            Ok(value) => Ok((key.clone(), value)),
            Err(reason) => Err(TagError {
                key: key.clone(),
                reason,
            }),
        })
        .collect()
}

fn evaluate(source: &str, context: &Context<'_>) -> Result<String, String> {
    let expression: Expression = source
        .parse()
        .map_err(|error: hcl::Error| error.to_string())?;
    if let Some(other) = foreign_source(&expression) {
        return Err(format!(
            "{source:?} reads the data source {other:?}, but only {PARAMETER_SOURCE:?} can be used here"
        ));
    }
    let value = expression
        .evaluate(context)
        .map_err(|error| error.to_string())?;
    as_text(value)
        .ok_or_else(|| format!("{source:?} is neither a text, a number nor a truth value"))
}

/// The data source that an expression reads, when it is not the allowed one.
fn foreign_source(expression: &Expression) -> Option<&str> {
    let Expression::Traversal(traversal) = expression else {
        return None;
    };
    match (&traversal.expr, traversal.operators.first()) {
        (Expression::Variable(root), Some(TraversalOperator::GetAttr(source)))
            if root.as_str() == "data" && source.as_str() != PARAMETER_SOURCE =>
        {
            Some(source.as_str())
        }
        _ => None,
    }
}

/// A parameter that is named without `.value` stands for its value.
fn as_text(value: Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text),
        Value::Number(number) => Some(number.to_string()),
        Value::Bool(truth) => Some(truth.to_string()),
        Value::Object(mut map) if map.len() == 1 => as_text(map.swap_remove("value")?),
        Value::Null | Value::Array(_) | Value::Object(_) => None,
    }
}

fn context(variables: &[NamedValue], parameters: &[NamedValue]) -> Context<'static> {
    let plain = variables
        .iter()
        .map(|variable| (variable.name.clone(), Value::String(variable.value.clone())));
    let wrapped = parameters.iter().map(|parameter| {
        let value = Map::from_iter([("value".to_owned(), Value::String(parameter.value.clone()))]);
        (parameter.name.clone(), Value::Object(value))
    });
    let sources = Map::from_iter([(
        PARAMETER_SOURCE.to_owned(),
        Value::Object(wrapped.collect()),
    )]);
    let mut context = Context::new();
    context.declare_var("var", Value::Object(plain.collect()));
    context.declare_var("data", Value::Object(sources));
    functions::declare(&mut context);
    context
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn value(name: &str, value: &str) -> NamedValue {
        NamedValue {
            name: name.to_owned(),
            value: value.to_owned(),
        }
    }

    fn one(source: &str) -> Result<String, String> {
        let tags = BTreeMap::from([("tag".to_owned(), source.to_owned())]);
        evaluate_all(
            &tags,
            &[value("zone", "eu"), value("count", "3")],
            &[value("size", "Large"), value("list", r#"["a","b"]"#)],
        )
        .map(|mut tags| tags.remove("tag").unwrap())
        .map_err(|error| error.reason)
    }

    #[test]
    fn expressions_have_the_expected_values() {
        for (source, expected) in [
            (r#""fixed""#, "fixed"),
            ("12", "12"),
            ("1.5", "1.5"),
            ("true", "true"),
            ("var.zone", "eu"),
            ("data.coder_parameter.size.value", "Large"),
            ("data.coder_parameter.size", "Large"),
            (
                r#""${var.zone}-${data.coder_parameter.size.value}""#,
                "eu-Large",
            ),
            (r#"var.zone == "eu" ? "near" : "far""#, "near"),
            ("lower(data.coder_parameter.size.value)", "large"),
            ("tonumber(var.count) + 1", "4"),
            ("jsondecode(data.coder_parameter.list.value)[1]", "b"),
            (r#"{ eu = "x", us = "y" }[var.zone]"#, "x"),
            (r#"join(",", split("-", "a-b"))"#, "a,b"),
        ] {
            assert_eq!(one(source).as_deref(), Ok(expected), "{source}");
        }
    }

    #[test]
    fn what_has_no_plain_value_is_refused() {
        for source in [
            "",
            "null",
            "[1]",
            "{ a = 1 }",
            "var",
            "var.missing",
            "data.coder_parameter.missing.value",
            "data.coder_workspace.me.name",
            "local.x",
            "unheard(1)",
            r#""open"#,
            "file(\"/etc/passwd\")",
        ] {
            assert!(one(source).is_err(), "{source}: {:?}", one(source));
        }
        assert!(
            one("data.coder_workspace.me.name")
                .unwrap_err()
                .contains("coder_workspace")
        );
    }

    proptest! {
        #[test]
        fn evaluation_never_panics(source in "[a-z0-9.\"${}()\\[\\],? :+-]{0,24}") {
            let _ = one(&source);
        }
    }
}
