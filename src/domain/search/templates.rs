//! Searching templates: the keys of their `q`.

use crate::domain::{
    faults::Fault,
    ids::TemplateId,
    search::{FreeText, parse},
    users::OrganizationRef,
};

/// What templates are looked for; an absent key allows all.
#[derive(Clone, PartialEq, Eq, Default, Debug)]
pub struct TemplateQuery {
    /// Part of the name.
    pub name: Option<String>,
    /// The whole name.
    pub exact_name: Option<String>,
    /// Any of these.
    pub ids: Vec<TemplateId>,
    /// Whether it is deprecated.
    pub deprecated: Option<bool>,
    /// Deleted ones instead of live ones.
    pub deleted: bool,
    /// The organization; a name still has to be looked up.
    pub organization: Option<OrganizationRef>,
}

impl TemplateQuery {
    /// Reads a search.
    pub fn parse(query: &str) -> Result<Self, Vec<Fault>> {
        let mut values = parse(query, FreeText::Key("name"))?;
        let found = Self {
            deleted: values.boolean("deleted").unwrap_or_default(),
            organization: values.text("organization").map(|text| text.as_str().into()),
            exact_name: values.text("exact_name"),
            name: values.text("name"),
            ids: values.uuids("ids").into_iter().map(TemplateId).collect(),
            deprecated: values.boolean("deprecated"),
        };
        values.finish()?;
        Ok(found)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_read() {
        let query = TemplateQuery::parse("Base deprecated:true organization:coder").unwrap();
        assert_eq!(query.name.as_deref(), Some("base"));
        assert_eq!(query.deprecated, Some(true));
        assert_eq!(
            query.organization,
            Some(OrganizationRef::Name("coder".to_owned()))
        );
        for (bad, field) in [
            ("deprecated:maybe", "deprecated"),
            ("shape:round", "shape"),
            ("ids:x", "ids"),
        ] {
            assert_eq!(TemplateQuery::parse(bad).unwrap_err()[0].field, field);
        }
    }
}
