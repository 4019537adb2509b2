//! What the server itself reads in a template's archive, before a provisioner sees it: the
//! workspace tags, which choose that provisioner. Everything else is the import's to find,
//! faults included, so a file that cannot be read here is passed over.

use std::{
    collections::BTreeMap,
    io::{self, Read as _},
};

use hcl::{Body, Expression, expr::ObjectKey};
use thiserror::Error;

use super::{
    provisioning::NamedValue,
    tag_expressions::{self, TagError},
    tags::Tags,
};

/// Bytes of the largest file that is looked into.
const LARGEST_FILE: u64 = 10 << 20;

/// Why an archive's tags are unknown.
#[derive(Debug, Error)]
pub enum SourceError {
    /// It is no tar.
    #[error("the archive cannot be read")]
    Archive(#[from] io::Error),
    /// A tag has no value before a workspace is made.
    #[error(transparent)]
    Tag(#[from] TagError),
}

#[derive(Default)]
struct Found {
    tags: BTreeMap<String, String>,
    variables: Vec<NamedValue>,
    parameters: Vec<NamedValue>,
}

/// The tags that the archive's root module asks for, with the defaults of its variables and
/// parameters (spec BJ-73). Tags in `given` are not evaluated: they are settled already.
///
/// # Errors
/// When the archive is no tar, or a tag has no text, number or truth value.
pub fn default_tags(tar: &[u8], given: &Tags) -> Result<Tags, SourceError> {
    let mut found = Found::default();
    for entry in tar::Archive::new(tar).entries()? {
        let mut entry = entry?;
        let path = entry.path()?.into_owned();
        let path = path.strip_prefix("./").unwrap_or(&path);
        let is_source = path.extension().is_some_and(|extension| extension == "tf")
            && path.components().count() == 1
            && entry.header().entry_type().is_file()
            && entry.size() <= LARGEST_FILE;
        if !is_source {
            continue;
        }
        let mut bytes = Vec::new();
        entry.read_to_end(&mut bytes)?;
        if let Ok(body) = hcl::parse(&String::from_utf8_lossy(&bytes)) {
            found.collect(&body);
        }
    }
    found.tags.retain(|key, _| !given.contains_key(key));
    Ok(tag_expressions::evaluate_all(
        &found.tags,
        &found.variables,
        &found.parameters,
    )?)
}

impl Found {
    fn collect(&mut self, body: &Body) {
        for block in body.blocks() {
            let labels: Vec<&str> = block.labels().iter().map(hcl::BlockLabel::as_str).collect();
            match (block.identifier(), &labels[..]) {
                ("variable", [name]) => self.variables.push(default_of(name, block.body())),
                ("data", ["coder_parameter", name]) => {
                    self.parameters.push(default_of(name, block.body()));
                }
                ("data", ["coder_workspace_tags", _]) => self.collect_tags(block.body()),
                _ => {}
            }
        }
    }

    fn collect_tags(&mut self, body: &Body) {
        let Some(Expression::Object(entries)) = attribute(body, "tags") else {
            return;
        };
        for (key, expression) in entries {
            let key = match key {
                ObjectKey::Identifier(name) => name.to_string(),
                ObjectKey::Expression(Expression::String(text)) => text.clone(),
                _ => continue,
            };
            if let Ok(source) = hcl::format::to_string(expression) {
                self.tags.insert(key, source);
            }
        }
    }
}

fn attribute<'a>(body: &'a Body, name: &str) -> Option<&'a Expression> {
    body.attributes()
        .find(|attribute| attribute.key() == name)
        .map(hcl::Attribute::expr)
}

/// What has no plain default counts as empty.
fn default_of(name: &str, body: &Body) -> NamedValue {
    let value = match attribute(body, "default") {
        Some(Expression::String(text)) => text.clone(),
        Some(Expression::Number(number)) => number.to_string(),
        Some(Expression::Bool(truth)) => truth.to_string(),
        _ => String::new(),
    };
    NamedValue {
        name: name.to_owned(),
        value,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::archives;

    const SOURCE: &str = r#"
        variable "zone" { default = "eu" }
        variable "none" {}
        data "coder_parameter" "size" {
          name    = "size"
          default = 3
        }
        data "coder_workspace_tags" "tags" {
          tags = {
            "fixed" = "yes"
            zone    = "zone-${var.zone}"
            size    = data.coder_parameter.size.value
            open    = var.none
          }
        }
    "#;

    #[test]
    fn tags_take_the_defaults() {
        let tar = archives::tar_of(&[
            ("main.tf", SOURCE),
            ("broken.tf", "variable {"),
            (
                "deep/other.tf",
                "data \"coder_workspace_tags\" \"t\" { tags = { deep = 1 } }",
            ),
        ])
        .unwrap();
        let given = Tags::from([("fixed".to_owned(), "no".to_owned())]);
        let tags = default_tags(&tar, &given).unwrap();
        let shown: Vec<(&str, &str)> = tags
            .iter()
            .map(|(key, value)| (key.as_str(), value.as_str()))
            .collect();
        assert_eq!(shown, [("open", ""), ("size", "3"), ("zone", "zone-eu")]);
    }

    #[test]
    fn refuses_what_has_no_value() {
        let bad = "data \"coder_workspace_tags\" \"t\" { tags = { x = var.unheard } }";
        let tar = archives::tar_of(&[("main.tf", bad)]).unwrap();
        assert!(matches!(
            default_tags(&tar, &Tags::new()),
            Err(SourceError::Tag(_))
        ));
        assert!(matches!(
            default_tags(b"not a tar at all", &Tags::new()),
            Err(SourceError::Archive(_))
        ));
        assert_eq!(default_tags(b"", &Tags::new()).unwrap(), Tags::new());
    }
}
