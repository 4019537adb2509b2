//! Brings the provider `coder/coder` that this program holds to Terraform's init, through a
//! mirror of one provider and a configuration of Terraform's command line that names it; all
//! other providers come from where they came before. Decides when that is done. The provider
//! itself is in `terraform_provider`, which this knows only as a command.

mod cli_config;
mod lock_file;
mod mirror;
mod registry;

#[cfg(test)]
mod tests;

use std::{
    fs, io,
    path::{Path, PathBuf},
    sync::Arc,
};

use tracing::warn;

use self::{cli_config::Arrangement, registry::Registry};
use super::process::Variables;
use crate::domain::clock::Timestamp;

/// The version that the provider shows to Terraform: the one whose behaviour it has.
pub const VERSION: &str = "1.0.4";
/// The addresses under which Terraform and OpenTofu know the provider.
const HOSTS: [&str; 2] = ["registry.terraform.io", "registry.opentofu.org"];
/// The variable that names the configuration of Terraform's command line.
const CONFIG: &str = "TF_CLI_CONFIG_FILE";
/// Folders of modules are looked into no deeper than this.
const DEEPEST: usize = 16;

/// When the provider in the program is used.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Policy {
    /// Where the template's lock file pins no other one, and neither the host's own
    /// configuration nor the registry has one.
    Auto,
    /// For each template, whatever its lock file says.
    Always,
}

/// The provider in the program.
#[derive(Clone, Debug)]
pub struct BuiltinProvider {
    policy: Policy,
    /// This program.
    program: PathBuf,
    registry: Arc<Registry>,
}

/// How one init gets the provider from the program.
#[derive(Debug)]
pub struct Source {
    /// Variables that init runs with besides its others.
    pub variables: Variables,
}

impl BuiltinProvider {
    /// The provider that `program` serves; `registry` replaces the address of the engine's own
    /// registry.
    #[must_use]
    pub fn new(policy: Policy, program: PathBuf, registry: Option<String>) -> Self {
        Self {
            policy,
            program,
            registry: Arc::new(Registry::new(registry)),
        }
    }

    /// Decides for the template in `template`, and lays out in `directory` what init needs;
    /// `None` when the provider comes from elsewhere or is not asked for.
    ///
    /// # Errors
    /// When the directory cannot be written.
    pub async fn source(
        &self,
        template: &Path,
        directory: &Path,
        engine: &Path,
        host: &Variables,
        now: Timestamp,
    ) -> io::Result<Option<Source>> {
        if !mentions_provider(template, 0)? {
            return Ok(None);
        }
        let user = cli_config::of_host(host);
        let lock = template.join(".terraform.lock.hcl");
        if self.policy == Policy::Auto {
            if fs::read_to_string(&lock).is_ok_and(|text| lock_file::pins(&text)) {
                return Ok(None);
            }
            match user.arrangement() {
                Arrangement::HasProvider => return Ok(None),
                Arrangement::Registry if self.registry.answers(engine, now).await => {
                    return Ok(None);
                }
                Arrangement::Registry | Arrangement::Nowhere => {}
            }
        }
        let mirror = directory.join("provider");
        mirror::write(&mirror, &self.program)?;
        let Some(composed) = user.with_mirror(&mirror) else {
            warn!("the host's configuration of Terraform cannot be read; it is left as it is");
            return Ok(None);
        };
        if let Ok(text) = fs::read_to_string(&lock)
            && let Some(text) = lock_file::without_provider(&text)
        {
            fs::write(&lock, text)?;
        }
        let file = directory.join("terraformrc");
        mirror::write_if_other(
            &file,
            &file.with_extension("new"),
            composed.as_bytes(),
            0o600,
        )?;
        // A cache of its own: what is linked there must never be mixed with downloads.
        let cache = cache_in(directory);
        fs::create_dir_all(&cache)?;
        Ok(Some(Source {
            variables: [
                (CONFIG.into(), file.into()),
                ("TF_PLUGIN_CACHE_DIR".into(), cache.into()),
            ]
            .into(),
        }))
    }
}

/// Where init keeps providers when it gets one of them from this program.
#[must_use]
pub fn cache_in(directory: &Path) -> PathBuf {
    directory.join("tf-builtin")
}

/// Whether a template, or the state it begins with, has anything of the provider.
fn mentions_provider(folder: &Path, depth: usize) -> io::Result<bool> {
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        if path.is_dir() {
            if depth < DEEPEST && mentions_provider(&path, depth + 1)? {
                return Ok(true);
            }
        } else if [".tf", ".tf.json", ".tofu", ".tfstate"]
            .iter()
            .any(|ending| name.ends_with(ending))
        {
            let text = fs::read(&path)?;
            let has = |part: &[u8]| text.windows(part.len()).any(|window| window == part);
            if has(b"coder/coder") || has(b"\"coder_") {
                return Ok(true);
            }
        }
    }
    Ok(false)
}
