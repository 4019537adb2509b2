//! How an identity provider's claims become memberships: settings of the deployment for
//! organizations, and of each organization for its groups and roles. Applies nothing.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::ids::{GroupId, OrganizationId};

/// How the groups of one organization follow a claim.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct GroupSync {
    /// The claim with the groups' names; empty when nothing follows.
    pub field: String,
    /// Groups by what the claim says.
    pub mapping: BTreeMap<String, Vec<GroupId>>,
    /// A regular expression: what the claim says counts only where it matches.
    pub regex_filter: Option<String>,
    /// Whether a group that the claim names is made when it is missing.
    pub auto_create_missing_groups: bool,
    /// Names of groups by what the claim says, from before there were settings.
    pub legacy_group_name_mapping: BTreeMap<String, String>,
}

/// How the roles in one organization follow a claim.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct RoleSync {
    /// The claim with the roles' names; empty when nothing follows.
    pub field: String,
    /// Roles by what the claim says.
    pub mapping: BTreeMap<String, Vec<String>>,
}

/// How memberships of organizations follow a claim.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct OrganizationSync {
    /// The claim with the organizations; empty when nothing follows.
    pub field: String,
    /// Organizations by what the claim says.
    pub mapping: BTreeMap<String, Vec<OrganizationId>>,
    /// Whether everybody belongs to the default organization.
    pub assign_default: bool,
}

impl Default for OrganizationSync {
    fn default() -> Self {
        Self {
            field: String::new(),
            mapping: BTreeMap::new(),
            assign_default: true,
        }
    }
}

/// One change of a mapping: what the claim says, and what it stands for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mapped<T> {
    /// What the claim says.
    pub given: String,
    /// What it stands for.
    pub gets: T,
}

/// Puts pairs into a mapping and then takes pairs out, so that a pair of both lists is gone;
/// a pair is there once at most.
pub fn remap<T: PartialEq>(
    mapping: &mut BTreeMap<String, Vec<T>>,
    add: Vec<Mapped<T>>,
    remove: &[Mapped<T>],
) {
    for pair in add {
        let targets = mapping.entry(pair.given).or_default();
        if !targets.contains(&pair.gets) {
            targets.push(pair.gets);
        }
    }
    for pair in remove {
        if let Some(targets) = mapping.get_mut(&pair.given) {
            targets.retain(|target| *target != pair.gets);
        }
    }
    mapping.retain(|_, targets| !targets.is_empty());
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pair(given: &str, gets: i32) -> Mapped<i32> {
        Mapped {
            given: given.to_owned(),
            gets,
        }
    }

    #[test]
    fn pairs_come_before_others_go() {
        let mut mapping = BTreeMap::from([("a".to_owned(), vec![1, 2]), ("b".to_owned(), vec![3])]);
        let add = vec![pair("a", 4), pair("a", 2), pair("c", 5), pair("c", 6)];
        remap(
            &mut mapping,
            add,
            &[pair("a", 1), pair("b", 3), pair("c", 6), pair("z", 9)],
        );
        assert_eq!(
            mapping,
            BTreeMap::from([("a".to_owned(), vec![2, 4]), ("c".to_owned(), vec![5])])
        );
    }
}
