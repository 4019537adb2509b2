//! Values there and back, and as Terraform writes them.

use proptest::prelude::*;

use super::*;
use crate::terraform_provider::schema::{Block, Kind, Nesting, Schema, optional};

static SCHEMA: Schema = Schema {
    name: "some",
    version: 1,
    about: "",
    deprecated: None,
    attributes: &[
        optional("name", Kind::Text, ""),
        optional("count", Kind::Number, ""),
        optional("on", Kind::Bool, ""),
        optional("tags", Kind::TextMap, ""),
        optional("list", Kind::Texts, ""),
    ],
    blocks: &[Block {
        name: "item",
        nesting: Nesting::Set,
        most: 0,
        computed: false,
        excludes: &[],
        attributes: &[optional("key", Kind::Text, "")],
    }],
};

fn values() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        Just(Value::Unknown),
        any::<bool>().prop_map(Value::Bool),
        any::<i64>().prop_map(Value::whole),
        ".{0,9}".prop_map(Value::Text),
    ];
    leaf.prop_recursive(4, 32, 5, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..5).prop_map(Value::List),
            prop::collection::btree_map("[a-z]{1,4}", inner, 0..5).prop_map(Value::Object),
        ]
    })
}

proptest! {
    #[test]
    fn values_survive_packing(value in values()) {
        prop_assert_eq!(Value::unpack(&value.pack()).unwrap(), value);
    }

    #[test]
    fn any_bytes_are_a_value_or_an_error(bytes in prop::collection::vec(any::<u8>(), 0..64)) {
        let _ = Value::unpack(&bytes);
    }
}

#[test]
fn unknown_values_are_recognised_in_both_forms() {
    assert_eq!(Value::unpack(&[0xd4, 0, 0]).unwrap(), Value::Unknown);
    // Refined: not null.
    assert_eq!(
        Value::unpack(&[0xc7, 3, 12, 0x81, 1, 0xc2]).unwrap(),
        Value::Unknown
    );
    assert_eq!(Value::Unknown.pack(), [0xd4, 0, 0]);
}

#[test]
fn numbers_keep_what_they_are() {
    // 2.0 as a float, one beyond 64 bits as text, and the least as text must be.
    let two = [0xcb, 0x40, 0, 0, 0, 0, 0, 0, 0];
    assert_eq!(Value::unpack(&two).unwrap(), Value::whole(2));
    let half = Value::Number(Number::Float(0.5));
    assert_eq!(Value::unpack(&half.pack()).unwrap(), half);
    let most = [0xcf, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff];
    let digits = Number::Digits("18446744073709551615".to_owned());
    assert_eq!(Value::unpack(&most).unwrap(), Value::Number(digits));
}

#[test]
fn what_is_no_value_is_refused() {
    for broken in [
        &[][..],
        &[0xc0, 0xc0],
        &[0x81, 1, 1],
        &[0xc4, 1, 1],
        &[0xd4, 9, 0],
    ] {
        assert!(Value::unpack(broken).is_err(), "{broken:?}");
    }
}

#[test]
fn stored_states_take_the_shape_of_the_schema() {
    let stored = br#"{"name": "a", "count": "3", "on": null, "gone": 1, "tags": {"x": "y"},
        "item": [{"key": "k", "old": true}, {}]}"#;
    let state = from_json(&SCHEMA, stored).unwrap();
    assert_eq!(*state.attribute("count"), Value::whole(3));
    assert_eq!(*state.attribute("on"), Value::Null);
    assert_eq!(*state.attribute("list"), Value::Null);
    assert_eq!(*state.attribute("gone"), Value::Null);
    assert_eq!(*state.attribute("tags").attribute("x"), Value::text("y"));
    let items = state.attribute("item").elements();
    assert_eq!(*items[0].attribute("key"), Value::text("k"));
    assert_eq!(*items[1].attribute("key"), Value::Null);
    assert!(*state.attribute("item") != Value::Null);
    assert!(from_json(&SCHEMA, br#"{"name": []}"#).is_err());
    assert!(from_json(&SCHEMA, b"[").is_err());
    assert_eq!(from_json(&SCHEMA, b"null").unwrap(), Value::Null);
}
