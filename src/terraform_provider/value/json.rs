//! Values out of the JSON of a stored state, shaped as the present schema says: what the schema
//! does not know is dropped, what the state does not have is null or no block.

use serde_json::Value as Json;

use super::{CodecError, Number, Object, Value};
use crate::terraform_provider::schema::{Attribute, Kind, Schema};

/// A whole state.
pub(in crate::terraform_provider) fn from_json(
    schema: &Schema,
    bytes: &[u8],
) -> Result<Value, CodecError> {
    match serde_json::from_slice(bytes)? {
        Json::Null => Ok(Value::Null),
        Json::Object(stored) => {
            let mut object = attributes(schema.attributes, &stored)?;
            for block in schema.blocks {
                let elements = match stored.get(block.name) {
                    None | Some(Json::Null) => Vec::new(),
                    Some(Json::Array(elements)) => elements
                        .iter()
                        .map(|element| match element {
                            Json::Object(stored) => {
                                attributes(block.attributes, stored).map(Value::Object)
                            }
                            other => Err(wrong("an object", other)),
                        })
                        .collect::<Result<_, _>>()?,
                    Some(other) => return Err(wrong("a list", other)),
                };
                object.insert(block.name.to_owned(), Value::List(elements));
            }
            Ok(Value::Object(object))
        }
        other => Err(wrong("an object", &other)),
    }
}

fn attributes(
    schema: &[Attribute],
    stored: &serde_json::Map<String, Json>,
) -> Result<Object, CodecError> {
    schema
        .iter()
        .map(|attribute| {
            let value = match stored.get(attribute.name) {
                Some(json) => of_kind(attribute.kind, json)?,
                None => Value::Null,
            };
            Ok((attribute.name.to_owned(), value))
        })
        .collect()
}

fn of_kind(kind: Kind, json: &Json) -> Result<Value, CodecError> {
    Ok(match (kind, json) {
        (_, Json::Null) => Value::Null,
        (Kind::Bool, Json::Bool(switch)) => Value::Bool(*switch),
        (Kind::Bool, Json::String(text)) => match text.as_str() {
            "true" => Value::Bool(true),
            "false" => Value::Bool(false),
            _ => return Err(wrong("true or false", json)),
        },
        (Kind::Number, Json::Number(number)) => Value::Number(match number.as_i64() {
            Some(whole) => Number::Whole(whole),
            None => Number::Digits(number.to_string()),
        }),
        (Kind::Number, Json::String(text)) => Value::Number(match text.parse() {
            Ok(whole) => Number::Whole(whole),
            Err(_) => Number::Digits(text.clone()),
        }),
        (Kind::Text, Json::String(text)) => Value::text(text),
        (Kind::Text, Json::Bool(_) | Json::Number(_)) => Value::text(json.to_string()),
        (Kind::Texts, Json::Array(elements)) => Value::List(
            elements
                .iter()
                .map(|element| of_kind(Kind::Text, element))
                .collect::<Result<_, _>>()?,
        ),
        (Kind::TextMap, Json::Object(stored)) => Value::Object(
            stored
                .iter()
                .map(|(key, value)| Ok((key.clone(), of_kind(Kind::Text, value)?)))
                .collect::<Result<_, CodecError>>()?,
        ),
        (Kind::Bool, other) => return Err(wrong("true or false", other)),
        (Kind::Number, other) => return Err(wrong("a number", other)),
        (Kind::Text, other) => return Err(wrong("text", other)),
        (Kind::Texts, other) => return Err(wrong("a list", other)),
        (Kind::TextMap, other) => return Err(wrong("a map", other)),
    })
}

fn wrong(wanted: &'static str, found: &Json) -> CodecError {
    let found = match found {
        Json::Null => "nothing",
        Json::Bool(_) => "true or false",
        Json::Number(_) => "a number",
        Json::String(_) => "text",
        Json::Array(_) => "a list",
        Json::Object(_) => "an object",
    };
    CodecError::Shape { wanted, found }
}
