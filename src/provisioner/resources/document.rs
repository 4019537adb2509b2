//! The JSON of `terraform show -json`, read down to a flat list of resources.
//! Attributes stay raw text until a resource of interest is decoded, so numbers of any
//! size in other providers' resources pass unharmed.

use serde::{Deserialize, de::DeserializeOwned};
use serde_json::{Value, value::RawValue};

use super::ConvertError;

/// A resource or a data source of a plan or a state.
#[derive(Clone, Debug, Deserialize)]
pub(super) struct Entry {
    /// The full address, such as `module.a.terraform_data.b[0]`.
    pub(super) address: String,
    /// Managed or data.
    #[serde(default)]
    pub(super) mode: Mode,
    /// The type, such as `coder_agent`.
    #[serde(rename = "type", default)]
    pub(super) kind: String,
    /// The name in the template.
    #[serde(default)]
    pub(super) name: String,
    #[serde(default)]
    values: Option<Box<RawValue>>,
}

/// Whether Terraform makes a thing or only reads it.
#[derive(Clone, Copy, Default, PartialEq, Eq, Debug, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Mode {
    Managed,
    Data,
    #[default]
    #[serde(other)]
    Unknown,
}

impl Entry {
    /// The address up to the first index: what the graph calls the resource.
    pub(super) fn label(&self) -> &str {
        self.address
            .split_once('[')
            .map_or(self.address.as_str(), |(label, _)| label)
    }

    /// Whether Terraform manages it and it is of this type.
    pub(super) fn is_managed(&self, kind: &str) -> bool {
        self.mode == Mode::Managed && self.kind == kind
    }

    /// Whether it is something real that others may be attached to.
    pub(super) fn is_host(&self) -> bool {
        self.mode == Mode::Managed && !self.kind.starts_with("coder_")
    }

    /// The attributes as a struct; absent and null attributes take their defaults.
    ///
    /// # Errors
    /// [`ConvertError::Attributes`] when an attribute has another type.
    pub(super) fn attributes<T: DeserializeOwned>(&self) -> Result<T, ConvertError> {
        let raw = self.values.as_deref().map_or("{}", RawValue::get);
        serde_json::from_str::<Value>(raw)
            .map(|value| {
                if value.is_null() {
                    Value::Object(serde_json::Map::new())
                } else {
                    without_nulls(value)
                }
            })
            .and_then(serde_json::from_value)
            .map_err(|source| ConvertError::Attributes {
                address: self.address.clone(),
                source,
            })
    }

    /// The attribute as text, when it is text.
    pub(super) fn text(&self, attribute: &str) -> Option<String> {
        let raw = self.values.as_deref()?.get();
        let fields: std::collections::HashMap<String, &RawValue> =
            serde_json::from_str(raw).ok()?;
        serde_json::from_str(fields.get(attribute)?.get()).ok()
    }
}

fn without_nulls(value: Value) -> Value {
    match value {
        Value::Array(items) => items
            .into_iter()
            .filter(|item| !item.is_null())
            .map(without_nulls)
            .collect(),
        Value::Object(fields) => fields
            .into_iter()
            .filter(|(_, field)| !field.is_null())
            .map(|(key, field)| (key, without_nulls(field)))
            .collect(),
        plain => plain,
    }
}

/// Reads the JSON of a plan: data sources that were read before, then what will be.
pub(super) fn read_plan(json: &[u8]) -> Result<Vec<Entry>, ConvertError> {
    let plan: Plan = serde_json::from_slice(json).map_err(ConvertError::Json)?;
    let mut entries = Vec::new();
    if let Some(module) = plan.prior_state.and_then(State::root) {
        flatten(module, &mut entries);
        entries.retain(|entry| entry.mode == Mode::Data);
    }
    if let Some(module) = plan.planned_values.and_then(|values| values.root_module) {
        flatten(module, &mut entries);
    }
    Ok(entries)
}

/// Reads the JSON of a state; an empty state has no entries.
pub(super) fn read_state(json: &[u8]) -> Result<Vec<Entry>, ConvertError> {
    let state: State = serde_json::from_slice(json).map_err(ConvertError::Json)?;
    let mut entries = Vec::new();
    if let Some(module) = state.root() {
        flatten(module, &mut entries);
    }
    Ok(entries)
}

fn flatten(module: Module, into: &mut Vec<Entry>) {
    for child in module.child_modules.unwrap_or_default() {
        flatten(child, into);
    }
    into.extend(module.resources.unwrap_or_default());
}

#[derive(Deserialize)]
struct Plan {
    prior_state: Option<State>,
    planned_values: Option<Values>,
}

#[derive(Deserialize)]
struct State {
    values: Option<Values>,
}

impl State {
    fn root(self) -> Option<Module> {
        self.values?.root_module
    }
}

#[derive(Deserialize)]
struct Values {
    root_module: Option<Module>,
}

#[derive(Deserialize)]
struct Module {
    resources: Option<Vec<Entry>>,
    child_modules: Option<Vec<Module>>,
}
