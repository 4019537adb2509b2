//! The configuration of Terraform's command line that the host has: what it says about where
//! the provider comes from, and the same configuration with the mirror in front.

use std::{
    ffi::OsStr,
    fs,
    path::{Path, PathBuf},
};

use hcl::{Attribute, Block, Body, Expression, structure::Structure};

use super::{CONFIG, HOSTS};
use crate::provisioner::process::Variables;

/// The block that says where providers come from.
const INSTALLATION: &str = "provider_installation";
/// The folders in which Terraform looks for providers when nothing is configured.
const IMPLIED: [&str; 2] = [
    "/usr/local/share/terraform/plugins",
    "/usr/share/terraform/plugins",
];
/// The same below the home.
const IMPLIED_AT_HOME: [&str; 2] = [".terraform.d/plugins", ".local/share/terraform/plugins"];

/// The host's configuration.
#[derive(Debug, Default)]
pub(super) struct CliConfig {
    text: String,
    /// Folders with providers that Terraform looks into by itself.
    implied: Vec<PathBuf>,
}

/// Where the host's configuration has the provider come from.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Arrangement {
    /// From a place that has it.
    HasProvider,
    /// From the public registry.
    Registry,
    /// From nowhere.
    Nowhere,
}

/// Reads what Terraform would read in this environment.
pub(super) fn of_host(host: &Variables) -> CliConfig {
    let variable = |name: &str| host.get(OsStr::new(name)).map(PathBuf::from);
    let home = variable("HOME");
    let mut files = Vec::new();
    if let Some(named) = variable(CONFIG).filter(|file| !file.as_os_str().is_empty()) {
        files.push(named);
    } else if let Some(home) = &home {
        files.push(home.join(".terraformrc"));
        let more = fs::read_dir(home.join(".terraform.d"))
            .into_iter()
            .flatten();
        let mut more: Vec<PathBuf> = more
            .flatten()
            .map(|entry| entry.path())
            .filter(|path| path.extension().is_some_and(|ending| ending == "tfrc"))
            .collect();
        more.sort();
        files.extend(more);
    }
    let texts = files
        .iter()
        .filter_map(|file| fs::read_to_string(file).ok());
    let at_home = home
        .iter()
        .flat_map(|home| IMPLIED_AT_HOME.map(|folder| home.join(folder)));
    CliConfig {
        text: texts.collect::<Vec<_>>().join("\n"),
        implied: IMPLIED
            .iter()
            .map(PathBuf::from)
            .chain(at_home)
            .filter(|folder| folder.is_dir())
            .collect(),
    }
}

impl CliConfig {
    /// Where the provider comes from as things are.
    pub(super) fn arrangement(&self) -> Arrangement {
        let Ok(body) = hcl::parse(&self.text) else {
            // Terraform will say what is wrong with it.
            return Arrangement::HasProvider;
        };
        let mut found = Arrangement::Nowhere;
        let mut installations = body
            .blocks()
            .filter(|block| block.identifier() == INSTALLATION)
            .peekable();
        if installations.peek().is_none() {
            let has = self.implied.iter().any(|folder| has_provider(folder));
            return if has {
                Arrangement::HasProvider
            } else {
                Arrangement::Registry
            };
        }
        for method in installations.flat_map(|block| block.body().blocks()) {
            let is_here = match method.identifier() {
                "dev_overrides" => method
                    .body()
                    .attributes()
                    .any(|one| names_provider(one.key())),
                "filesystem_mirror" => {
                    serves(method)
                        && text_of(method, "path").is_some_and(|path| has_provider(Path::new(path)))
                }
                "network_mirror" => serves(method),
                "direct" => {
                    if serves(method) {
                        found = Arrangement::Registry;
                    }
                    false
                }
                _ => false,
            };
            if is_here {
                return Arrangement::HasProvider;
            }
        }
        found
    }

    /// The configuration with the provider from a mirror, and all else as it was.
    pub(super) fn with_mirror(&self, mirror: &Path) -> Option<String> {
        let mut body = hcl::parse(&self.text).ok()?;
        let ours = Block::builder("filesystem_mirror")
            .add_attribute(("path", mirror.to_string_lossy().into_owned()))
            .add_attribute(("include", addresses()))
            .build();
        let present = body
            .blocks_mut()
            .find(|block| block.identifier == INSTALLATION.into());
        if let Some(installation) = present {
            for method in installation.body.blocks_mut() {
                if method.identifier() == "dev_overrides" {
                    method.body.0.retain(|structure| {
                        structure
                            .as_attribute()
                            .is_none_or(|one| !names_provider(one.key()))
                    });
                } else {
                    exclude_provider(&mut method.body);
                }
            }
            installation.body.0.insert(0, ours.into());
        } else {
            let mut installation = Block::builder(INSTALLATION).add_block(ours);
            for folder in &self.implied {
                installation = installation.add_block(
                    Block::builder("filesystem_mirror")
                        .add_attribute(("path", folder.to_string_lossy().into_owned()))
                        .add_attribute(("exclude", addresses()))
                        .build(),
                );
            }
            let direct = Block::builder("direct").add_attribute(("exclude", addresses()));
            let installation = installation.add_block(direct.build());
            body.0.push(Structure::Block(installation.build()));
        }
        hcl::to_string(&body).ok()
    }
}

fn addresses() -> Vec<String> {
    HOSTS.map(|host| format!("{host}/coder/coder")).into()
}

fn exclude_provider(method: &mut Body) {
    let present = method
        .attributes_mut()
        .find(|attribute| attribute.key() == "exclude");
    match present.map(|attribute| &mut attribute.expr) {
        Some(Expression::Array(excluded)) => {
            excluded.extend(addresses().into_iter().map(Expression::from));
        }
        _ => method
            .0
            .push(Structure::Attribute(Attribute::new("exclude", addresses()))),
    }
}

fn has_provider(folder: &Path) -> bool {
    HOSTS
        .iter()
        .any(|host| folder.join(host).join("coder/coder").is_dir())
}

/// Whether a method of installation may bring the provider.
fn serves(method: &Block) -> bool {
    let names = |attribute: &str| {
        let listed = method
            .body()
            .attributes()
            .find(|one| one.key() == attribute);
        listed.map(|listed| match listed.expr() {
            Expression::Array(patterns) => patterns
                .iter()
                .any(|pattern| matches!(pattern, Expression::String(one) if names_provider(one))),
            _ => false,
        })
    };
    names("include").unwrap_or(true) && !names("exclude").unwrap_or(false)
}

fn text_of<'a>(block: &'a Block, attribute: &str) -> Option<&'a str> {
    let found = block
        .body()
        .attributes()
        .find(|one| one.key() == attribute)?;
    match found.expr() {
        Expression::String(text) => Some(text),
        _ => None,
    }
}

/// Whether an address or a pattern of addresses, with or without a host, fits the provider.
fn names_provider(pattern: &str) -> bool {
    let fits = |part: &str, wanted: &str| part == "*" || part == wanted;
    match pattern.split('/').collect::<Vec<_>>()[..] {
        [space, name] => fits(space, "coder") && fits(name, "coder"),
        [host, space, name] => {
            HOSTS.iter().any(|one| fits(host, one)) && fits(space, "coder") && fits(name, "coder")
        }
        _ => false,
    }
}

#[cfg(test)]
impl CliConfig {
    pub(super) fn from_text(text: &str) -> Self {
        Self {
            text: text.to_owned(),
            implied: Vec::new(),
        }
    }
}
