//! Terraform's values: what an attribute holds, may hold later, or does not hold. Knows no
//! schema; the encodings are in the modules below.

mod json;
mod msgpack;

#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

pub(super) use self::{json::from_json, msgpack::CodecError};

/// The attributes of an object by name.
pub(super) type Object = BTreeMap<String, Value>;

/// A value.
#[derive(Clone, PartialEq, Debug)]
pub(super) enum Value {
    /// Not set.
    Null,
    /// To be known after apply.
    Unknown,
    Bool(bool),
    Number(Number),
    Text(String),
    /// A list, or a set in any order.
    List(Vec<Value>),
    /// A map or an object.
    Object(Object),
}

/// A number as exactly as it came.
#[derive(Clone, PartialEq, Debug)]
pub(super) enum Number {
    Whole(i64),
    Float(f64),
    /// Decimal digits of one that fits into neither.
    Digits(String),
}

impl Value {
    pub(super) fn text(text: impl Into<String>) -> Self {
        Self::Text(text.into())
    }

    pub(super) fn whole(number: i64) -> Self {
        Self::Number(Number::Whole(number))
    }

    pub(super) fn texts(texts: Vec<String>) -> Self {
        Self::List(texts.into_iter().map(Self::Text).collect())
    }

    pub(super) fn is_null(&self) -> bool {
        *self == Self::Null
    }

    /// Neither null nor unknown.
    pub(super) fn is_known(&self) -> bool {
        !matches!(self, Self::Null | Self::Unknown)
    }

    pub(super) fn as_text(&self) -> Option<&str> {
        match self {
            Self::Text(text) => Some(text),
            _ => None,
        }
    }

    pub(super) fn as_whole(&self) -> Option<i64> {
        match self {
            Self::Number(Number::Whole(number)) => Some(*number),
            _ => None,
        }
    }

    pub(super) fn as_bool(&self) -> Option<bool> {
        match self {
            Self::Bool(switch) => Some(*switch),
            _ => None,
        }
    }

    /// The elements of a list or set; none of anything else.
    pub(super) fn elements(&self) -> &[Value] {
        match self {
            Self::List(elements) => elements,
            _ => &[],
        }
    }

    /// An attribute of an object; null where there is none.
    pub(super) fn attribute(&self, name: &str) -> &Value {
        match self {
            Self::Object(object) => object.get(name).unwrap_or(&Self::Null),
            _ => &Self::Null,
        }
    }
}

/// An attribute; null where there is none.
pub(super) fn get<'a>(object: &'a Object, name: &str) -> &'a Value {
    object.get(name).unwrap_or(&Value::Null)
}

/// An attribute's text; empty where it holds none.
pub(super) fn get_text<'a>(object: &'a Object, name: &str) -> &'a str {
    get(object, name).as_text().unwrap_or_default()
}
