//! Values as `MessagePack`, the encoding in which Terraform and its providers talk.

use rmpv::Value as Packed;

use super::{Number, Object, Value};

/// The extension with which unknown values are marked.
const UNKNOWN: i8 = 0;
/// The extension of unknown values of which something is known; ours stay plainly unknown.
const REFINED_UNKNOWN: i8 = 12;

/// Why bytes are no value.
#[derive(Debug, thiserror::Error)]
pub(in crate::terraform_provider) enum CodecError {
    #[error("a value is no MessagePack")]
    Broken(#[from] rmpv::decode::Error),
    #[error("a value has bytes after its end")]
    Longer,
    #[error("a value holds text that is not UTF-8")]
    Text,
    #[error("a value holds a kind of data that Terraform's values cannot have")]
    Kind,
    #[error("a value is no JSON")]
    Json(#[from] serde_json::Error),
    #[error("a state has {found} where {wanted} belongs")]
    Shape {
        wanted: &'static str,
        found: &'static str,
    },
}

impl Value {
    pub(in crate::terraform_provider) fn unpack(mut bytes: &[u8]) -> Result<Self, CodecError> {
        let packed = rmpv::decode::read_value(&mut bytes)?;
        if !bytes.is_empty() {
            return Err(CodecError::Longer);
        }
        from_packed(packed)
    }

    pub(in crate::terraform_provider) fn pack(&self) -> Vec<u8> {
        let mut bytes = Vec::new();
        // Writing to memory does not fail.
        let _ = rmpv::encode::write_value(&mut bytes, &to_packed(self));
        bytes
    }
}

fn from_packed(packed: Packed) -> Result<Value, CodecError> {
    Ok(match packed {
        Packed::Nil => Value::Null,
        Packed::Boolean(switch) => Value::Bool(switch),
        Packed::Integer(number) => Value::Number(match number.as_i64() {
            Some(whole) => Number::Whole(whole),
            None => Number::Digits(number.to_string()),
        }),
        Packed::F32(number) => Value::Number(float(f64::from(number))),
        Packed::F64(number) => Value::Number(float(number)),
        Packed::String(text) => Value::Text(text.into_str().ok_or(CodecError::Text)?),
        Packed::Array(elements) => Value::List(
            elements
                .into_iter()
                .map(from_packed)
                .collect::<Result<_, _>>()?,
        ),
        Packed::Map(pairs) => {
            let mut object = Object::new();
            for (name, value) in pairs {
                let Packed::String(name) = name else {
                    return Err(CodecError::Kind);
                };
                let name = name.into_str().ok_or(CodecError::Text)?;
                object.insert(name, from_packed(value)?);
            }
            Value::Object(object)
        }
        Packed::Ext(UNKNOWN | REFINED_UNKNOWN, _) => Value::Unknown,
        Packed::Ext(..) | Packed::Binary(_) => return Err(CodecError::Kind),
    })
}

/// A float that is whole is told as such: 2.0 and 2 are one number.
fn float(number: f64) -> Number {
    let text = number.to_string();
    text.parse().map_or(Number::Float(number), Number::Whole)
}

fn to_packed(value: &Value) -> Packed {
    match value {
        Value::Null => Packed::Nil,
        Value::Unknown => Packed::Ext(UNKNOWN, vec![0]),
        Value::Bool(switch) => Packed::Boolean(*switch),
        Value::Number(Number::Whole(number)) => Packed::from(*number),
        Value::Number(Number::Float(number)) => Packed::F64(*number),
        Value::Number(Number::Digits(text)) | Value::Text(text) => Packed::from(text.as_str()),
        Value::List(elements) => Packed::Array(elements.iter().map(to_packed).collect()),
        Value::Object(object) => Packed::Map(
            object
                .iter()
                .map(|(name, value)| (Packed::from(name.as_str()), to_packed(value)))
                .collect(),
        ),
    }
}
