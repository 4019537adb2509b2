//! Path and query parameters.

use std::collections::HashMap;

use axum::extract::{FromRequestParts, RawPathParams};
use http::request::Parts;
use serde::de::DeserializeOwned;
use uuid::Uuid;

use crate::{
    domain::{ids::Id, pagination::Page},
    http::error::ApiError,
};

/// The path's parameters, as ids or texts in their order.
pub struct Path<T>(pub T);

/// A type that one path parameter can be read as.
pub trait PathParam: Sized {
    /// Reads the parameter `name`.
    ///
    /// # Errors
    /// 400 when the text has the wrong form.
    fn read(name: &str, text: &str) -> Result<Self, ApiError>;
}

impl PathParam for String {
    fn read(name: &str, text: &str) -> Result<Self, ApiError> {
        if text.contains('\0') {
            return Err(ApiError::bad_request(format!(
                "{name:?} holds a NUL character."
            )));
        }
        Ok(text.to_owned())
    }
}

impl PathParam for i32 {
    fn read(name: &str, text: &str) -> Result<Self, ApiError> {
        text.parse().map_err(|error: std::num::ParseIntError| {
            ApiError::bad_request(format!("{name:?} must be a whole number."))
                .detail(error.to_string())
        })
    }
}

impl<T: Id> PathParam for T {
    fn read(name: &str, text: &str) -> Result<Self, ApiError> {
        if text.is_empty() {
            return Err(ApiError::bad_request("The URL lacks a UUID.")
                .detail(format!("{name:?} is missing")));
        }
        match Uuid::parse_str(text) {
            Ok(id) => Ok(Self::from(id)),
            Err(error) => {
                Err(ApiError::bad_request(format!("{text:?} is not a UUID."))
                    .detail(error.to_string()))
            }
        }
    }
}

async fn raw<S: Send + Sync>(
    parts: &mut Parts,
    state: &S,
) -> Result<Vec<(String, String)>, ApiError> {
    let params = RawPathParams::from_request_parts(parts, state)
        .await
        .map_err(|rejection| {
            ApiError::bad_request("The URL is not valid UTF-8.").detail(rejection.body_text())
        })?;
    Ok(params
        .iter()
        .map(|(name, text)| (name.to_owned(), text.to_owned()))
        .collect())
}

fn nth<T: PathParam>(params: &[(String, String)], n: usize) -> Result<T, ApiError> {
    let Some((name, text)) = params.get(n) else {
        return Err(ApiError::not_found());
    };
    T::read(name, text)
}

macro_rules! path_tuples {
    ($(($($name:ident $at:tt),+))+) => {$(
        impl<S: Send + Sync, $($name: PathParam),+> FromRequestParts<S> for Path<($($name,)+)> {
            type Rejection = ApiError;

            async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, ApiError> {
                let params = raw(parts, state).await?;
                Ok(Self(($(nth::<$name>(&params, $at)?,)+)))
            }
        }
    )+};
}

path_tuples! { (A 0) (A 0, B 1) (A 0, B 1, C 2) (A 0, B 1, C 2, D 3) }

/// The query string, decoded into a struct whose fields are all optional texts.
pub struct Query<T>(pub T);

impl<S: Send + Sync, T: DeserializeOwned> FromRequestParts<S> for Query<T> {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, ApiError> {
        let pairs = pairs(parts)?;
        let fields: serde_json::Map<_, _> = pairs
            .into_iter()
            .map(|(key, value)| (key, value.into()))
            .collect();
        match T::deserialize(serde_json::Value::Object(fields)) {
            Ok(value) => Ok(Self(value)),
            Err(error) => {
                Err(ApiError::bad_request("The query is not valid.").detail(error.to_string()))
            }
        }
    }
}

/// All values of every key of the query string.
#[derive(Clone, Debug, Default)]
pub struct QueryMap(pub HashMap<String, Vec<String>>);

impl QueryMap {
    /// The first value of a key.
    #[must_use]
    pub fn first(&self, key: &str) -> Option<&str> {
        self.0
            .get(key)
            .and_then(|values| values.first())
            .map(String::as_str)
    }

    /// The value of a boolean key; `None` when it is absent or empty (spec WS-12).
    ///
    /// # Errors
    /// 400 naming `field` when it is neither true nor false.
    pub fn boolean(&self, key: &str, field: &str) -> Result<Option<bool>, ApiError> {
        match self.first(key) {
            None | Some("") => Ok(None),
            Some("1" | "t" | "T" | "TRUE" | "true" | "True") => Ok(Some(true)),
            Some("0" | "f" | "F" | "FALSE" | "false" | "False") => Ok(Some(false)),
            Some(other) => Err(ApiError::bad_request(format!(
                "{other:?} is neither true nor false."
            ))
            .field(field, "must be true or false")),
        }
    }
}

/// The decoded pairs; one that is not well-formed is left out, as Go's reader does.
fn pairs(parts: &Parts) -> Result<Vec<(String, String)>, ApiError> {
    let query = parts.uri.query().unwrap_or_default();
    let pairs: Vec<(String, String)> = query
        .split('&')
        .filter(|pair| is_well_formed(pair))
        .flat_map(|pair| url::form_urlencoded::parse(pair.as_bytes()).into_owned())
        .collect();
    match pairs.iter().find(|(_, value)| value.contains('\0')) {
        Some((key, _)) => Err(ApiError::bad_request("The query is not valid.")
            .field(key, "must not hold a NUL character")),
        None => Ok(pairs),
    }
}

/// Whether every percent sign begins a code, and no semicolon stands where `&` is meant.
fn is_well_formed(pair: &str) -> bool {
    let codes_are_whole = pair.split('%').skip(1).all(|code| {
        let code = code.as_bytes();
        code.len() >= 2 && code[..2].iter().all(u8::is_ascii_hexdigit)
    });
    codes_are_whole && !pair.contains(';')
}

impl<S: Send + Sync> FromRequestParts<S> for QueryMap {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, ApiError> {
        let mut map = Self::default();
        for (key, value) in pairs(parts)? {
            map.0.entry(key).or_default().push(value);
        }
        Ok(map)
    }
}

impl<S: Send + Sync> FromRequestParts<S> for Page {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, ApiError> {
        let QueryMap(query) = QueryMap::from_request_parts(parts, state).await?;
        Self::parse(&query).map_err(|faults| {
            ApiError::invalid_query("Some query parameters are not valid.", faults)
        })
    }
}
