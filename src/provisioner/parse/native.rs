//! Terraform's native syntax: variables and workspace tags with their source text.

use std::{collections::BTreeMap, ops::Range};

use hcl::{
    edit::{
        Span,
        expr::{Expression, ObjectKey},
        structure::{Attribute, Block, BlockLabel, Body},
    },
    eval::{Context, Evaluate},
};

use super::{Declared, Fault, ParseError, default_text};
use crate::domain::provisioning::TemplateVariable;

/// A file that could be read.
pub(super) struct NativeFile {
    source: String,
    body: Body,
}

impl NativeFile {
    /// Reads a file.
    pub(super) fn read(source: &str) -> Result<Self, Fault> {
        // Editors of some systems begin a file with a byte order mark.
        let source = source.trim_start_matches('\u{feff}').to_owned();
        let body = hcl::edit::parser::parse_body(&source).map_err(|error| Fault {
            line: error.location().line(),
            summary: "Invalid syntax".to_owned(),
            detail: error.message().to_owned(),
        })?;
        Ok(Self { source, body })
    }

    /// The variables the file declares.
    pub(super) fn variables(&self) -> Result<Vec<Declared>, Fault> {
        let mut declared = Vec::new();
        for block in self.body.get_blocks("variable") {
            if let Some(name) = block.labels.first() {
                declared.push(Declared {
                    line: line_of(block.span(), &self.source),
                    variable: variable(block, name.as_str(), &self.source)?,
                });
            }
        }
        Ok(declared)
    }

    /// Adds the tags of the file's `coder_workspace_tags` blocks to `tags`.
    pub(super) fn collect_tags(
        &self,
        tags: &mut BTreeMap<String, String>,
    ) -> Result<(), ParseError> {
        for block in self.body.get_blocks("data") {
            let kind = block.labels.first().map(BlockLabel::as_str);
            if kind != Some("coder_workspace_tags") {
                continue;
            }
            let attribute = block
                .body
                .get_attribute("tags")
                .ok_or(ParseError::MissingTags)?;
            let Expression::Object(object) = &attribute.value else {
                return Err(ParseError::TagsNoMap);
            };
            for (key, value) in object {
                let key = key_text(key, &self.source);
                let value = text_of(value.expr().span(), &self.source).to_owned();
                if tags.insert(key.clone(), value).is_some() {
                    return Err(ParseError::DuplicateTag(key));
                }
            }
        }
        Ok(())
    }
}

fn variable(block: &Block, name: &str, source: &str) -> Result<TemplateVariable, Fault> {
    let default = match block.body.get_attribute("default") {
        Some(attribute) => default_text(constant(attribute, source)?),
        None => None,
    };
    Ok(TemplateVariable {
        name: name.to_owned(),
        description: text_attribute(block, "description", source)?,
        kind: block
            .body
            .get_attribute("type")
            .map(|attribute| type_text(attribute, source))
            .unwrap_or_default(),
        required: default.is_none(),
        default_value: default.unwrap_or_default(),
        sensitive: match block.body.get_attribute("sensitive") {
            Some(attribute) => constant(attribute, source)?.as_bool().unwrap_or(false),
            None => false,
        },
    })
}

fn text_attribute(block: &Block, name: &str, source: &str) -> Result<String, Fault> {
    match block.body.get_attribute(name) {
        Some(attribute) => Ok(default_text(constant(attribute, source)?).unwrap_or_default()),
        None => Ok(String::new()),
    }
}

/// The value of an attribute that refers to nothing.
fn constant(attribute: &Attribute, source: &str) -> Result<serde_json::Value, Fault> {
    let fault = |detail: String| Fault {
        line: line_of(attribute.span(), source),
        summary: format!("Unsuitable value of {:?}", attribute.key.as_str()),
        detail,
    };
    let value = hcl::Expression::from(attribute.value.clone())
        .evaluate(&Context::new())
        .map_err(|error| fault(format!("The value must be a constant: {error}")))?;
    serde_json::to_value(value).map_err(|error| fault(error.to_string()))
}

/// The type as it is written; old templates put it in quotes.
fn type_text(attribute: &Attribute, source: &str) -> String {
    match attribute.value.as_str() {
        Some(quoted) => quoted.to_owned(),
        None => text_of(attribute.value.span(), source).to_owned(),
    }
}

fn key_text(key: &ObjectKey, source: &str) -> String {
    let span = match key {
        ObjectKey::Ident(ident) => ident.span(),
        ObjectKey::Expression(expression) => expression.span(),
    };
    text_of(span, source).trim_matches('"').to_owned()
}

fn text_of(span: Option<Range<usize>>, source: &str) -> &str {
    span.and_then(|span| source.get(span))
        .unwrap_or_default()
        .trim()
}

fn line_of(span: Option<Range<usize>>, source: &str) -> usize {
    let before = span
        .and_then(|span| source.get(..span.start))
        .unwrap_or_default();
    before.matches('\n').count() + 1
}
