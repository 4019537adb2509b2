//! Plans changes of resources: what will stand in the state, and what makes a new instance
//! necessary. No resource can be changed in place, so that any difference does.

use super::{
    diagnostics::Path,
    fill,
    schema::{Nesting, Schema},
    value::{Object, Value, get},
};

/// A plan.
#[derive(Debug)]
pub(super) struct Planned {
    pub(super) state: Value,
    /// Where the differences are that make a new instance necessary.
    pub(super) replaced_by: Vec<Path>,
}

/// Plans the change from `prior` to `proposed`, which holds the template's values and, where
/// those are not set, the prior ones.
pub(super) fn plan(schema: &Schema, prior: &Value, proposed: Value) -> Planned {
    let Value::Object(mut wanted) = proposed else {
        return Planned {
            state: Value::Null,
            replaced_by: Vec::new(),
        };
    };
    fill::presets(schema, &mut wanted);
    fill::maps(schema, &mut wanted);
    let Value::Object(prior) = prior else {
        fill::unknowns(schema, &mut wanted);
        return Planned {
            state: Value::Object(wanted),
            replaced_by: Vec::new(),
        };
    };
    let replaced_by = differences(schema, prior, &wanted);
    let state = if replaced_by.is_empty() {
        // Equal but for what blocks leave out: the state stays as it is written.
        prior.clone()
    } else {
        wanted
    };
    Planned {
        state: Value::Object(state),
        replaced_by,
    }
}

fn differences(schema: &Schema, prior: &Object, wanted: &Object) -> Vec<Path> {
    let (mut prior, mut wanted) = (prior.clone(), wanted.clone());
    fill::blocks(schema, &mut prior);
    keep_computed(schema, &prior, &mut wanted);
    fill_known_blocks(schema, &mut wanted);
    let mut found = Vec::new();
    for attribute in schema.attributes {
        if get(&prior, attribute.name) != get(&wanted, attribute.name) {
            found.push(Path::to(attribute.name));
        }
    }
    for block in schema.blocks {
        let (old, new) = (get(&prior, block.name), get(&wanted, block.name));
        let path = Path::to(block.name);
        if block.nesting == Nesting::Set || !matches!(new, Value::List(_)) {
            if old != new {
                found.push(path);
            }
            continue;
        }
        let (old, new) = (old.elements(), new.elements());
        if old.len() != new.len() {
            found.push(path.clone());
        }
        for index in 0..old.len().max(new.len()) {
            for attribute in block.attributes {
                let of = |elements: &[Value]| match elements.get(index) {
                    Some(element) => element.attribute(attribute.name).clone(),
                    None => fill::nothing(attribute.kind),
                };
                if of(old) != of(new) {
                    found.push(path.index(index).attribute(attribute.name));
                }
            }
        }
    }
    found
}

/// What the provider computed before and the template does not set is no difference.
fn keep_computed(schema: &Schema, prior: &Object, wanted: &mut Object) {
    for block in schema.blocks {
        let old = get(prior, block.name);
        if block.computed && get(wanted, block.name).elements().is_empty() {
            wanted.insert(block.name.to_owned(), old.clone());
        }
        let Some(Value::List(elements)) = wanted.get_mut(block.name) else {
            continue;
        };
        for (new, old) in elements.iter_mut().zip(old.elements()) {
            let Value::Object(new) = new else { continue };
            for attribute in block.attributes.iter().filter(|one| one.is_computed()) {
                let value = new.entry(attribute.name.to_owned()).or_insert(Value::Null);
                if value.is_null() {
                    *value = old.attribute(attribute.name).clone();
                }
            }
        }
    }
}

/// Null inside a block and what a state holds for it are equal; unknown is not.
fn fill_known_blocks(schema: &Schema, wanted: &mut Object) {
    let unknown = wanted.clone();
    fill::blocks(schema, wanted);
    for block in schema.blocks {
        let Some(Value::List(elements)) = wanted.get_mut(block.name) else {
            continue;
        };
        for (element, before) in elements
            .iter_mut()
            .zip(get(&unknown, block.name).elements())
        {
            let Value::Object(element) = element else {
                continue;
            };
            for (name, value) in element {
                if *before.attribute(name) == Value::Unknown {
                    *value = Value::Unknown;
                }
            }
        }
    }
}
