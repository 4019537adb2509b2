//! `coder_metadata`: rows, icon, cost and visibility of the resource a block describes.

use std::collections::HashMap;

use serde::Deserialize;

use super::{ConvertError, document::Entry, hosts::Hosts};
use crate::{
    domain::provisioning::{Resource, ResourceMetadata},
    provisioner::graph::Direction,
};

/// Reads metadata by the label of the resource it describes; only the described fields of
/// each [`Resource`] are filled. Blocks that describe nothing are left out.
pub(super) fn read(
    entries: &[Entry],
    hosts: &Hosts,
) -> Result<HashMap<String, Resource>, ConvertError> {
    let mut described = HashMap::new();
    for entry in entries
        .iter()
        .filter(|entry| entry.is_managed("coder_metadata"))
    {
        let attributes: Attributes = entry.attributes()?;
        let Some(host) = hosts.nearest(entry.label(), Direction::Dependencies) else {
            continue;
        };
        let resource = Resource {
            metadata: attributes.item.into_iter().map(Into::into).collect(),
            hide: attributes.hide,
            icon: attributes.icon,
            daily_cost: attributes.daily_cost,
            ..Resource::default()
        };
        if described.insert(host.to_owned(), resource).is_some() {
            return Err(ConvertError::DuplicateMetadata(host.to_owned()));
        }
    }
    Ok(described)
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Attributes {
    hide: bool,
    icon: String,
    daily_cost: i32,
    item: Vec<Item>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Item {
    key: String,
    value: String,
    sensitive: bool,
    is_null: bool,
}

impl From<Item> for ResourceMetadata {
    fn from(item: Item) -> Self {
        Self {
            key: item.key,
            value: item.value,
            sensitive: item.sensitive,
            is_null: item.is_null,
        }
    }
}
