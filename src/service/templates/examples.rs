//! The built-in templates to begin with. They belong to the binary, so that a deployment
//! without a network can import one.

/// A built-in template.
#[derive(Clone, Copy, Debug)]
pub struct Example {
    /// Its id in URLs and requests.
    pub id: &'static str,
    /// Its title.
    pub name: &'static str,
    /// What it is for.
    pub description: &'static str,
    /// Icon path.
    pub icon: &'static str,
    /// What it has to do with.
    pub tags: &'static [&'static str],
    /// Its description in Markdown.
    pub readme: &'static str,
    /// Its files by name.
    pub files: &'static [(&'static str, &'static str)],
}

const SCRATCH_README: &str = include_str!("starters/scratch/README.md");

/// All of them.
pub const EXAMPLES: &[Example] = &[Example {
    id: "scratch",
    name: "Scratch",
    description: "A workspace without a machine: needs no network",
    icon: "/emojis/1f4e6.png",
    tags: &["minimal", "offline"],
    readme: SCRATCH_README,
    files: &[
        ("README.md", SCRATCH_README),
        ("main.tf", include_str!("starters/scratch/main.tf")),
    ],
}];

/// The built-in template of this id.
#[must_use]
pub fn find(id: &str) -> Option<&'static Example> {
    EXAMPLES.iter().find(|example| example.id == id)
}
