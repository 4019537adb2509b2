//! Reads a request body as Go's decoder does: the first JSON value counts, keys match in any
//! letter case, unknown keys are ignored, null leaves a field at its default (spec WS-8).
//! Request types put `#[serde(default)]` on the struct for the rest.

use serde::{
    de::{
        self, DeserializeOwned, DeserializeSeed, IntoDeserializer, MapAccess, SeqAccess, Visitor,
    },
    forward_to_deserialize_any,
};
use serde_json::{Error, Value};

/// Decodes the first JSON value of a body.
///
/// # Errors
/// The decoder's own words, for the answer's `detail`.
pub fn from_slice<T: DeserializeOwned>(body: &[u8]) -> Result<T, String> {
    let mut values = serde_json::Deserializer::from_slice(body).into_iter::<Value>();
    match values.next() {
        None => Err("EOF".to_owned()),
        Some(Err(error)) if error.is_eof() => Err("unexpected EOF".to_owned()),
        Some(Err(error)) => Err(error.to_string()),
        Some(Ok(value)) if has_nul(&value) => {
            Err("a text holds the character U+0000, which cannot be kept".to_owned())
        }
        Some(Ok(value)) => T::deserialize(Lenient(value)).map_err(|error| error.to_string()),
    }
}

/// Postgres has no text with a NUL in it.
fn has_nul(value: &Value) -> bool {
    match value {
        Value::String(text) => text.contains('\0'),
        Value::Array(items) => items.iter().any(has_nul),
        Value::Object(fields) => fields
            .iter()
            .any(|(key, field)| key.contains('\0') || has_nul(field)),
        Value::Null | Value::Bool(_) | Value::Number(_) => false,
    }
}

struct Lenient(Value);

impl<'de> de::Deserializer<'de> for Lenient {
    type Error = Error;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        match self.0 {
            Value::Array(items) => visitor.visit_seq(Items(items.into_iter())),
            Value::Object(fields) => visitor.visit_map(Entries {
                rest: fields.into_iter(),
                value: None,
                names: &[],
            }),
            other => other.deserialize_any(visitor),
        }
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        if self.0.is_null() {
            visitor.visit_none()
        } else {
            visitor.visit_some(self)
        }
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        visitor: V,
    ) -> Result<V::Value, Error> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        name: &'static str,
        names: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Error> {
        match self.0 {
            Value::Object(fields) => visitor.visit_map(Entries {
                rest: fields.into_iter(),
                value: None,
                names,
            }),
            Value::Null => visitor.visit_map(Entries {
                rest: serde_json::Map::new().into_iter(),
                value: None,
                names,
            }),
            other => Err(de::Error::custom(format_args!(
                "an object was expected for {name}, not {}",
                kind(&other)
            ))),
        }
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        name: &'static str,
        variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Error> {
        self.0.deserialize_enum(name, variants, visitor)
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf
        unit unit_struct seq tuple tuple_struct map identifier ignored_any
    }
}

fn kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "a boolean",
        Value::Number(_) => "a number",
        Value::String(_) => "a string",
        Value::Array(_) => "an array",
        Value::Object(_) => "an object",
    }
}

struct Items(std::vec::IntoIter<Value>);

impl<'de> SeqAccess<'de> for Items {
    type Error = Error;

    fn next_element_seed<T: DeserializeSeed<'de>>(
        &mut self,
        seed: T,
    ) -> Result<Option<T::Value>, Error> {
        self.0
            .next()
            .map(|item| seed.deserialize(Lenient(item)))
            .transpose()
    }
}

struct Entries {
    rest: serde_json::map::IntoIter,
    value: Option<(String, Value)>,
    /// The struct's field names; empty for a map, whose keys stay as they are.
    names: &'static [&'static str],
}

impl<'de> MapAccess<'de> for Entries {
    type Error = Error;

    fn next_key_seed<K: DeserializeSeed<'de>>(
        &mut self,
        seed: K,
    ) -> Result<Option<K::Value>, Error> {
        for (key, value) in self.rest.by_ref() {
            if !self.names.is_empty() && value.is_null() {
                continue;
            }
            let key = self
                .names
                .iter()
                .find(|name| name.eq_ignore_ascii_case(&key))
                .map_or(key, |name| (*name).to_owned());
            self.value = Some((key.clone(), value));
            return seed.deserialize(key.into_deserializer()).map(Some);
        }
        Ok(None)
    }

    fn next_value_seed<V: DeserializeSeed<'de>>(&mut self, seed: V) -> Result<V::Value, Error> {
        let (key, value) = self.value.take().unwrap_or_default();
        seed.deserialize(Lenient(value)).map_err(|error| {
            if self.names.is_empty() {
                error
            } else {
                de::Error::custom(format_args!("{key}: {error}"))
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use serde::Deserialize;

    use super::*;

    #[derive(Debug, Default, PartialEq, Deserialize)]
    #[serde(default)]
    struct Request {
        name: String,
        ttl_ms: Option<i64>,
        inner: Vec<Inner>,
        id: uuid::Uuid,
    }

    #[derive(Debug, Default, PartialEq, Deserialize)]
    #[serde(default)]
    struct Inner {
        value: bool,
    }

    #[test]
    fn reads_as_go_does() {
        let request: Request = from_slice(
            br#"{"NAME":"a","Ttl_Ms":5,"colour":1,"inner":[{"VALUE":true},{}],"id":"{0123456789abcdef0123456789ABCDEF}"} trailing"#,
        )
        .unwrap_or_default();
        assert_eq!(
            request,
            Request::default(),
            "a UUID in braces without dashes is refused"
        );
        let request: Request =
            from_slice(br#"{"NAME":"a","Ttl_Ms":5,"colour":1,"inner":[{"VALUE":true},{}],"id":"0123456789abcdef0123456789ABCDEF"} trailing"#)
                .unwrap();
        assert_eq!(request.name, "a");
        assert_eq!(request.ttl_ms, Some(5));
        assert_eq!(
            request.inner,
            [Inner { value: true }, Inner { value: false }]
        );
        assert!(!request.id.is_nil());
        let request: Request = from_slice(br#"{"name":null,"ttl_ms":null,"inner":null}"#).unwrap();
        assert_eq!(request, Request::default());
    }

    #[test]
    fn says_what_is_wrong() {
        assert_eq!(from_slice::<Request>(b"").unwrap_err(), "EOF");
        assert_eq!(
            from_slice::<Request>(b"{\"name\":").unwrap_err(),
            "unexpected EOF"
        );
        assert!(from_slice::<Request>(b"[]").is_err());
        assert!(
            from_slice::<Request>(br#"{"ttl_ms":"1h"}"#)
                .unwrap_err()
                .starts_with("ttl_ms: ")
        );
    }
}
