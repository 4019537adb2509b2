//! Tests of parameters: one for each step of the resolution, then the checks by type.

use proptest::prelude::*;

use super::*;
use crate::domain::provisioning::ParameterOption;

fn parameter(kind: &str) -> RichParameter {
    RichParameter {
        name: "p".to_owned(),
        kind: kind.to_owned(),
        mutable: true,
        ..RichParameter::default()
    }
}

fn values(pairs: &[(&str, &str)]) -> Vec<NamedValue> {
    pairs
        .iter()
        .map(|(name, value)| NamedValue {
            name: (*name).to_owned(),
            value: (*value).to_owned(),
        })
        .collect()
}

fn one(parameter: &RichParameter, new: Option<&str>, old: Option<&str>) -> Result<String, Reason> {
    let given = new.map(|value| values(&[("p", value)])).unwrap_or_default();
    let previous = old.map(|value| values(&[("p", value)])).unwrap_or_default();
    resolve(std::slice::from_ref(parameter), &given, &previous)
        .map(|mut resolved| resolved.remove(0).value)
        .map_err(|error| error.reason)
}

#[test]
fn an_immutable_value_is_given_once() {
    let fixed = RichParameter {
        mutable: false,
        default_value: "d".into(),
        ..parameter("string")
    };
    assert_eq!(one(&fixed, Some("a"), None), Ok("a".into()));
    assert_eq!(one(&fixed, None, Some("a")), Ok("a".into()));
    assert_eq!(one(&fixed, Some("a"), Some("a")), Err(Reason::Immutable));
}

#[test]
fn a_required_value_must_be_there() {
    let must = RichParameter {
        required: true,
        ..parameter("string")
    };
    assert_eq!(one(&must, None, None), Err(Reason::Required));
    assert_eq!(one(&must, Some(""), None), Err(Reason::Required));
    assert_eq!(one(&must, Some(""), Some("old")), Err(Reason::Required));
    assert_eq!(one(&must, None, Some("old")), Ok("old".into()));
    let once = RichParameter {
        ephemeral: true,
        ..must
    };
    assert_eq!(one(&once, None, Some("old")), Err(Reason::Required));
}

#[test]
fn new_goes_before_old_and_old_before_default() {
    let plain = RichParameter {
        default_value: "d".into(),
        ..parameter("string")
    };
    assert_eq!(one(&plain, Some("n"), Some("o")), Ok("n".into()));
    assert_eq!(one(&plain, None, Some("o")), Ok("o".into()));
    assert_eq!(one(&plain, None, None), Ok("d".into()));
    let ephemeral = RichParameter {
        ephemeral: true,
        ..plain
    };
    assert_eq!(one(&ephemeral, Some("n"), Some("o")), Ok("n".into()));
    assert_eq!(one(&ephemeral, None, Some("o")), Ok("d".into()));
}

#[test]
fn an_empty_value_is_checked_as_the_default_and_kept_empty() {
    let count = RichParameter {
        default_value: "3".into(),
        validation_min: Some(1),
        validation_max: Some(9),
        ..parameter("number")
    };
    assert_eq!(one(&count, Some(""), None), Ok(String::new()));
    let bad = RichParameter {
        default_value: "99".into(),
        ..count
    };
    assert_eq!(
        one(&bad, Some(""), None),
        Err(Reason::AboveMaximum {
            value: 99,
            maximum: 9
        })
    );
}

#[test]
fn a_direction_is_kept_from_build_to_build() {
    let grow = RichParameter {
        validation_monotonic: "increasing".into(),
        ..parameter("number")
    };
    assert_eq!(one(&grow, Some("4"), Some("4")), Ok("4".into()));
    assert_eq!(one(&grow, Some("9"), Some("4")), Ok("9".into()));
    assert!(matches!(
        one(&grow, Some("3"), Some("4")),
        Err(Reason::WrongDirection { .. })
    ));
    assert_eq!(one(&grow, Some("3"), Some("")), Ok("3".into()));
    assert_eq!(
        one(&grow, Some("3"), Some("x")),
        Err(Reason::NotANumber("x".into()))
    );
    let shrink = RichParameter {
        validation_monotonic: "decreasing".into(),
        ..parameter("number")
    };
    assert_eq!(one(&shrink, Some("3"), Some("4")), Ok("3".into()));
    assert!(one(&shrink, Some("5"), Some("4")).is_err());
}

#[test]
fn options_are_the_only_check_where_they_exist() {
    let option = |value: &str| ParameterOption {
        value: value.into(),
        ..ParameterOption::default()
    };
    let size = RichParameter {
        options: vec![option("s"), option("l")],
        validation_min: Some(1),
        ..parameter("string")
    };
    assert_eq!(one(&size, Some("l"), None), Ok("l".into()));
    assert_eq!(
        one(&size, Some("m"), None),
        Err(Reason::NotAnOption {
            value: "m".into(),
            options: "s, l".into()
        })
    );
}

#[test]
fn booleans_and_lists_are_always_checked() {
    for (kind, good, bad) in [
        ("bool", vec!["true", "false"], vec!["maybe", "True", "1"]),
        (
            "list(string)",
            vec!["[]", r#"["x"]"#],
            vec!["a,b", "[1]", "null", "{}"],
        ),
    ] {
        for value in good {
            assert_eq!(check(&parameter(kind), value), Ok(()), "{value}");
        }
        for value in bad {
            assert!(check(&parameter(kind), value).is_err(), "{value}");
        }
    }
}

#[test]
fn numbers_are_checked_where_they_have_rules() {
    assert_eq!(check(&parameter("number"), "anything"), Ok(()));
    let range = RichParameter {
        validation_min: Some(1),
        validation_max: Some(9),
        ..parameter("number")
    };
    for good in ["1", "9"] {
        assert_eq!(check(&range, good), Ok(()));
    }
    assert_eq!(
        check(&range, "0"),
        Err(Reason::BelowMinimum {
            value: 0,
            minimum: 1
        })
    );
    assert_eq!(
        check(&range, "10"),
        Err(Reason::AboveMaximum {
            value: 10,
            maximum: 9
        })
    );
    assert_eq!(check(&range, "2.5"), Err(Reason::NotANumber("2.5".into())));
    let worded = RichParameter {
        validation_error: "{value} is not in {min}..{max}".into(),
        ..range
    };
    assert_eq!(
        check(&worded, "10"),
        Err(Reason::InWords("10 is not in 1..9".into()))
    );
}

#[test]
fn texts_are_checked_against_a_pattern() {
    let word = RichParameter {
        validation_regex: "^[a-z]+$".into(),
        validation_error: "Lower-case letters only.".into(),
        ..parameter("string")
    };
    assert_eq!(check(&word, "abc"), Ok(()));
    let Err(Reason::InWords(text)) = check(&word, "ABC") else {
        panic!("must be refused")
    };
    assert!(text.starts_with("Lower-case letters only."), "{text}");
    let silent = RichParameter {
        validation_error: String::new(),
        ..word.clone()
    };
    assert!(matches!(check(&silent, "abc"), Err(Reason::BrokenRule(_))));
    let unreadable = RichParameter {
        validation_regex: "(".into(),
        ..word
    };
    assert!(matches!(
        check(&unreadable, "abc"),
        Err(Reason::BrokenRule(_))
    ));
}

#[test]
fn a_rule_must_suit_the_type() {
    let patterned = RichParameter {
        validation_regex: "x".into(),
        ..parameter("number")
    };
    assert!(matches!(check(&patterned, "1"), Err(Reason::BrokenRule(_))));
    for kind in ["string", "bool", "list(string)"] {
        let ranged = RichParameter {
            validation_min: Some(1),
            ..parameter(kind)
        };
        assert!(
            matches!(check(&ranged, "true"), Err(Reason::BrokenRule(_))),
            "{kind}"
        );
    }
}

#[test]
fn the_result_follows_the_version() {
    let named = |name: &str| RichParameter {
        name: name.into(),
        ..parameter("string")
    };
    let resolved = resolve(
        &[named("b"), named("a")],
        &values(&[("ghost", "1"), ("a", "first"), ("a", "second")]),
        &values(&[("b", "old"), ("gone", "2")]),
    );
    assert_eq!(resolved, Ok(values(&[("b", "old"), ("a", "first")])));
}

proptest! {
    #[test]
    fn checking_never_panics(
        kind in prop::sample::select(vec!["string", "number", "bool", "list(string)", "odd"]),
        value in any::<String>(),
        pattern in any::<String>(),
        least in any::<Option<i32>>(),
    ) {
        let odd = RichParameter {
            validation_regex: pattern,
            validation_error: "{value}{min}".into(),
            validation_min: least,
            ..parameter(kind)
        };
        let _ = one(&odd, Some(&value), Some(&value));
    }
}
