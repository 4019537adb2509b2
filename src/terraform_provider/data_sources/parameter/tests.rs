//! Parameters as templates write them.

use super::*;
use crate::terraform_provider::Environment;

fn read(attributes: &[(&str, Value)], chosen: Option<&str>) -> Result<Object, String> {
    let mut state: Object = SCHEMA
        .attributes
        .iter()
        .map(|attribute| (attribute.name.to_owned(), Value::Null))
        .collect();
    state.insert("name".to_owned(), Value::text("size"));
    for (name, value) in attributes {
        state.insert((*name).to_owned(), value.clone());
    }
    let mut environment = Environment::new();
    if let Some(chosen) = chosen {
        environment.insert(variable("size"), chosen.to_owned());
    }
    let context = Context {
        environment: &environment,
        url: "",
    };
    match answer(&mut state, &context) {
        Ok(()) => Ok(state),
        Err(diagnostic) => Err(diagnostic.summary),
    }
}

fn block(attributes: &[(&str, Value)]) -> Value {
    let attributes = attributes
        .iter()
        .map(|(name, value)| ((*name).to_owned(), value.clone()));
    Value::Object(attributes.collect())
}

fn validation(attributes: &[(&str, Value)]) -> (&'static str, Value) {
    ("validation", Value::List(vec![block(attributes)]))
}

#[test]
fn what_users_choose_goes_before_the_default() {
    let default = ("default", Value::text("small"));
    let state = read(std::slice::from_ref(&default), Some("")).unwrap();
    assert_eq!(get_text(&state, "value"), "");
    assert_eq!(*get(&state, "optional"), Value::Bool(true));
    assert_eq!(*get(&state, "option"), Value::Null);
    let state = read(&[default], None).unwrap();
    assert_eq!(get_text(&state, "value"), "small");
    let state = read(&[], None).unwrap();
    assert_eq!(*get(&state, "optional"), Value::Bool(false));
}

#[test]
fn numbers_stay_within_their_bounds() {
    let number = ("type", Value::text("number"));
    let bounds = [("min", Value::whole(0)), ("max", Value::whole(9))];
    let attributes = [number.clone(), validation(&bounds)];
    let state = read(&attributes, Some("0")).unwrap();
    let limits = &get(&state, "validation").elements()[0];
    assert_eq!(*limits.attribute("min_disabled"), Value::Bool(false));
    assert!(read(&attributes, Some("-1")).unwrap_err().contains("less"));
    assert!(read(&attributes, Some("10")).unwrap_err().contains("more"));
    assert!(read(&attributes, Some("x")).is_err());
    let told = ("error", Value::text("{value}: {min}-{max}"));
    let attributes = [number, validation(&[&bounds[..], &[told]].concat())];
    assert_eq!(read(&attributes, Some("10")).unwrap_err(), "10: 0-9");
}

#[test]
fn limits_must_fit_the_type() {
    for (kind, limit) in [
        ("string", ("min", Value::whole(1))),
        ("bool", ("regex", Value::text("x"))),
        ("list(string)", ("monotonic", Value::text("increasing"))),
    ] {
        let attributes = [("type", Value::text(kind)), validation(&[limit])];
        assert!(read(&attributes, Some("true")).is_err(), "{kind}");
    }
}

#[test]
fn options_are_unique_and_hold_the_default() {
    let option = |name: &str, value: &str| {
        block(&[("name", Value::text(name)), ("value", Value::text(value))])
    };
    let options = |list: &[Value]| ("option", Value::List(list.to_vec()));
    assert!(read(&[options(&[option("a", "1"), option("a", "2")])], None).is_err());
    assert!(read(&[options(&[option("a", "1"), option("b", "1")])], None).is_err());
    let default = ("default", Value::text("2"));
    assert!(read(&[default.clone(), options(&[option("a", "1")])], None).is_err());
    assert!(read(&[default, options(&[option("a", "2")])], None).is_ok());
}
