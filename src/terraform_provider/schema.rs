//! How resources and data sources are described: the vocabulary of the tables that stand beside
//! their behaviour, and its conversion to what Terraform is told. Checks no values.

use super::messages;

/// A resource, a data source, or the provider's own settings.
#[derive(Debug)]
pub(super) struct Schema {
    pub(super) name: &'static str,
    pub(super) version: i64,
    pub(super) about: &'static str,
    /// What to use in its place, for one that should not be used.
    pub(super) deprecated: Option<&'static str>,
    pub(super) attributes: &'static [Attribute],
    pub(super) blocks: &'static [Block],
}

/// A block that may stand inside.
#[derive(Debug)]
pub(super) struct Block {
    pub(super) name: &'static str,
    pub(super) nesting: Nesting,
    /// The most that may stand there; 0 for any number.
    pub(super) most: i64,
    /// The provider fills it when the template has none.
    pub(super) computed: bool,
    /// The attributes beside it that exclude it.
    pub(super) excludes: &'static [&'static str],
    pub(super) attributes: &'static [Attribute],
}

/// Whether the order of blocks counts.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Nesting {
    List,
    Set,
}

/// An attribute.
#[derive(Debug)]
pub(super) struct Attribute {
    pub(super) name: &'static str,
    pub(super) kind: Kind,
    pub(super) mode: Mode,
    pub(super) about: &'static str,
    pub(super) sensitive: bool,
    /// What to use in its place, for one that should not be used.
    pub(super) deprecated: Option<&'static str>,
    pub(super) preset: Option<Preset>,
    pub(super) rule: Option<Rule>,
    /// The attributes and blocks beside it that exclude it.
    pub(super) excludes: &'static [&'static str],
}

/// What an attribute holds; numbers are whole ones.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Kind {
    Text,
    Number,
    Bool,
    Texts,
    TextMap,
}

/// Who sets an attribute.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Mode {
    Required,
    Optional,
    /// The provider.
    Computed,
    /// The template, or else the provider.
    Either,
}

/// The value of an attribute that the template does not set.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Preset {
    Text(&'static str),
    Number(i64),
    Bool(bool),
}

/// What a value must fulfil.
#[derive(Clone, Copy, Debug)]
pub(super) enum Rule {
    OneOf(&'static [&'static str]),
    AtLeast(i64),
    /// A function that tells what is wrong with a text.
    Text(fn(&str) -> Result<(), String>),
}

/// The identity that each instance of a resource has.
pub(super) const ID: Attribute = attribute("id", Kind::Text, Mode::Either, "");

pub(super) const fn required(name: &'static str, kind: Kind, about: &'static str) -> Attribute {
    attribute(name, kind, Mode::Required, about)
}

pub(super) const fn optional(name: &'static str, kind: Kind, about: &'static str) -> Attribute {
    attribute(name, kind, Mode::Optional, about)
}

pub(super) const fn computed(name: &'static str, kind: Kind, about: &'static str) -> Attribute {
    attribute(name, kind, Mode::Computed, about)
}

const fn attribute(name: &'static str, kind: Kind, mode: Mode, about: &'static str) -> Attribute {
    Attribute {
        name,
        kind,
        mode,
        about,
        sensitive: false,
        deprecated: None,
        preset: None,
        rule: None,
        excludes: &[],
    }
}

impl Attribute {
    pub(super) const fn sensitive(mut self) -> Self {
        self.sensitive = true;
        self
    }

    pub(super) const fn deprecated(mut self, instead: &'static str) -> Self {
        self.deprecated = Some(instead);
        self
    }

    pub(super) const fn preset(mut self, preset: Preset) -> Self {
        self.preset = Some(preset);
        self
    }

    pub(super) const fn rule(mut self, rule: Rule) -> Self {
        self.rule = Some(rule);
        self
    }

    pub(super) const fn excludes(mut self, others: &'static [&'static str]) -> Self {
        self.excludes = others;
        self
    }

    /// The provider gives it a value when the template does not.
    pub(super) fn is_computed(&self) -> bool {
        matches!(self.mode, Mode::Computed | Mode::Either)
    }
}

impl From<&Schema> for messages::Schema {
    fn from(schema: &Schema) -> Self {
        let nested = schema.blocks.iter().map(|block| messages::NestedBlock {
            type_name: block.name.to_owned(),
            block: Some(messages::Block {
                attributes: block.attributes.iter().map(Into::into).collect(),
                ..messages::Block::default()
            }),
            nesting: match block.nesting {
                Nesting::List => messages::NestingMode::List,
                Nesting::Set => messages::NestingMode::Set,
            }
            .into(),
            min_items: 0,
            max_items: block.most,
        });
        Self {
            version: schema.version,
            block: Some(messages::Block {
                version: schema.version,
                attributes: schema.attributes.iter().map(Into::into).collect(),
                nested: nested.collect(),
                description: schema.about.to_owned(),
                deprecated: schema.deprecated.is_some(),
            }),
        }
    }
}

impl From<&Attribute> for messages::Attribute {
    fn from(attribute: &Attribute) -> Self {
        let kind = match attribute.kind {
            Kind::Text => r#""string""#,
            Kind::Number => r#""number""#,
            Kind::Bool => r#""bool""#,
            Kind::Texts => r#"["list","string"]"#,
            Kind::TextMap => r#"["map","string"]"#,
        };
        Self {
            name: attribute.name.to_owned(),
            r#type: kind.into(),
            description: attribute.about.to_owned(),
            required: attribute.mode == Mode::Required,
            optional: matches!(attribute.mode, Mode::Optional | Mode::Either),
            computed: attribute.is_computed(),
            sensitive: attribute.sensitive,
            deprecated: attribute.deprecated.is_some(),
        }
    }
}
