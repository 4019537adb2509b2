//! The mirror: a folder laid out as Terraform wants it, with a script that starts this program.
//! The script is small and stays the same, so that Terraform hashes and links it quickly.

use std::{
    fs, io,
    os::unix::fs::PermissionsExt as _,
    path::{Path, PathBuf},
};

use super::{HOSTS, VERSION};

/// Writes the mirror for both engines.
pub(super) fn write(mirror: &Path, program: &Path) -> io::Result<()> {
    for host in HOSTS {
        let folder = folder(mirror, host);
        fs::create_dir_all(&folder)?;
        let script = format!(
            "#!/bin/sh\n# The provider coder/coder is part of workspaced.\nexec {} terraform-provider\n",
            quoted(program)
        );
        let file = folder.join(format!("terraform-provider-coder_v{VERSION}"));
        write_if_other(
            &file,
            &mirror.with_extension("new"),
            script.as_bytes(),
            0o755,
        )?;
    }
    Ok(())
}

/// Writes a file in one step, by way of `scratch`, unless it holds that already: Terraform must
/// never see half of it.
pub(super) fn write_if_other(
    file: &Path,
    scratch: &Path,
    content: &[u8],
    mode: u32,
) -> io::Result<()> {
    if fs::read(file).is_ok_and(|present| present == content) {
        return Ok(());
    }
    fs::write(scratch, content)?;
    fs::set_permissions(scratch, fs::Permissions::from_mode(mode))?;
    fs::rename(scratch, file)
}

fn folder(mirror: &Path, host: &str) -> PathBuf {
    let processor = match std::env::consts::ARCH {
        "x86_64" => "amd64",
        "aarch64" => "arm64",
        other => other,
    };
    let system = match std::env::consts::OS {
        "macos" => "darwin",
        other => other,
    };
    mirror
        .join(host)
        .join("coder/coder")
        .join(VERSION)
        .join(format!("{system}_{processor}"))
}

/// A path as one word of the shell.
fn quoted(path: &Path) -> String {
    format!("'{}'", path.to_string_lossy().replace('\'', r"'\''"))
}
