//! Terraform's JSON syntax: the variables of a `.tf.json` file.

use serde_json::{Map, Value};

use super::{Declared, Fault, default_text};
use crate::domain::provisioning::TemplateVariable;

/// The variables a file declares, in its order.
pub(super) fn variables(source: &str) -> Result<Vec<Declared>, Fault> {
    let document: Value = serde_json::from_str(source).map_err(|error| Fault {
        line: error.line(),
        summary: "Invalid JSON".to_owned(),
        detail: error.to_string(),
    })?;
    let mut declared = Vec::new();
    // Blocks may stand in a list or alone, at each level.
    for file in objects(&document) {
        for blocks in file.get("variable").into_iter().flat_map(objects) {
            for (name, body) in blocks {
                let bodies = objects(body);
                let body = bodies.first().copied().cloned().unwrap_or_default();
                declared.push(Declared {
                    // The JSON reader keeps order but no lines; order is all that matters.
                    line: declared.len(),
                    variable: variable(name, body),
                });
            }
        }
    }
    Ok(declared)
}

fn objects(value: &Value) -> Vec<&Map<String, Value>> {
    match value {
        Value::Object(object) => vec![object],
        Value::Array(items) => items.iter().filter_map(Value::as_object).collect(),
        _ => Vec::new(),
    }
}

fn variable(name: &str, mut body: Map<String, Value>) -> TemplateVariable {
    let mut text = |key: &str| body.remove(key).and_then(default_text);
    let default = text("default");
    TemplateVariable {
        name: name.to_owned(),
        description: text("description").unwrap_or_default(),
        kind: text("type").unwrap_or_default(),
        required: default.is_none(),
        default_value: default.unwrap_or_default(),
        sensitive: text("sensitive").is_some_and(|sensitive| sensitive == "true"),
    }
}
