//! Completes values: presets for what a template leaves out, and the empty text, zero and false
//! that stand in blocks of a state where nothing was set. Chooses no values of its own.

use super::{
    schema::{Attribute, Kind, Preset, Schema},
    value::{Object, Value},
};

/// Gives unset attributes their presets, also inside blocks.
pub(super) fn presets(schema: &Schema, object: &mut Object) {
    attributes(schema.attributes, object);
    each_block(schema, object, attributes);
}

/// Gives what is computed and not set the value that is only known after apply.
pub(super) fn unknowns(schema: &Schema, object: &mut Object) {
    unknown_attributes(schema.attributes, object);
    each_block(schema, object, unknown_attributes);
    for block in schema.blocks.iter().filter(|block| block.computed) {
        if let Some(value) = object.get_mut(block.name)
            && (value.is_null() || *value == Value::List(Vec::new()))
        {
            *value = Value::Unknown;
        }
    }
}

/// Makes blocks hold what stored states hold: no attribute inside of one is null.
pub(super) fn blocks(schema: &Schema, object: &mut Object) {
    each_block(schema, object, |attributes, element| {
        for attribute in attributes {
            let value = element
                .entry(attribute.name.to_owned())
                .or_insert(Value::Null);
            if !value.is_known() {
                *value = nothing(attribute.kind);
            }
        }
    });
}

/// What stands inside a block of a state where nothing was set.
pub(super) fn nothing(kind: Kind) -> Value {
    match kind {
        Kind::Text => Value::text(""),
        Kind::Number => Value::whole(0),
        Kind::Bool => Value::Bool(false),
        Kind::Texts => Value::List(Vec::new()),
        Kind::TextMap => Value::Object(Object::new()),
    }
}

/// Maps without elements are as if they were not set, and one that holds something unknown is
/// unknown as a whole: so other providers of this kind plan them.
pub(super) fn maps(schema: &Schema, object: &mut Object) {
    for attribute in schema.attributes {
        if attribute.kind == Kind::TextMap
            && let Some(value) = object.get_mut(attribute.name)
            && let Value::Object(map) = value
        {
            if map.is_empty() {
                *value = Value::Null;
            } else if map.values().any(|one| *one == Value::Unknown) {
                *value = Value::Unknown;
            }
        }
    }
}

/// Makes empty texts null, as states of data sources hold them.
pub(super) fn empty_texts(schema: &Schema, object: &mut Object) {
    for attribute in schema.attributes {
        if let Some(value) = object.get_mut(attribute.name)
            && value.as_text().is_some_and(str::is_empty)
            && !attribute.is_computed()
        {
            *value = Value::Null;
        }
    }
}

/// A preset as a value.
pub(super) fn preset(preset: Preset) -> Value {
    match preset {
        Preset::Text(text) => Value::text(text),
        Preset::Number(number) => Value::whole(number),
        Preset::Bool(switch) => Value::Bool(switch),
    }
}

fn attributes(attributes: &[Attribute], object: &mut Object) {
    for attribute in attributes {
        if let Some(set) = attribute.preset
            && let Some(value) = object.get_mut(attribute.name)
            && value.is_null()
        {
            *value = preset(set);
        }
    }
}

fn unknown_attributes(attributes: &[Attribute], object: &mut Object) {
    for attribute in attributes.iter().filter(|one| one.is_computed()) {
        if let Some(value) = object.get_mut(attribute.name)
            && value.is_null()
        {
            *value = Value::Unknown;
        }
    }
}

fn each_block(
    schema: &Schema,
    object: &mut Object,
    mut change: impl FnMut(&[Attribute], &mut Object),
) {
    for block in schema.blocks {
        if let Some(Value::List(elements)) = object.get_mut(block.name) {
            for element in elements {
                if let Value::Object(element) = element {
                    change(block.attributes, element);
                }
            }
        }
    }
}
