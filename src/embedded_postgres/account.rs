//! Whose processes the cluster's are: `PostgreSQL` refuses to run as root, so root hands
//! it to an account without rights. Owns users, ownership and reachability of files only.

use std::{
    fs, io,
    os::unix::{
        fs::{MetadataExt, PermissionsExt, chown},
        process::CommandExt,
    },
    path::{Path, PathBuf},
    process::Command,
};

use nix::unistd::{Gid, Uid, User};
use sha2::{Digest, Sha256};

use super::PostgresError;

/// Accounts to hand the cluster to, the first that exists.
const UNPRIVILEGED: [&str; 2] = ["postgres", "nobody"];

/// Where root keeps what the account cannot reach elsewhere.
const SYSTEM_DIRECTORY: &str = "/var/lib/workspaced";

/// The account that runs the cluster's processes.
#[derive(Clone, Debug)]
pub(super) struct Account {
    user: Uid,
    group: Gid,
    /// Another account than that of this process.
    other: bool,
}

impl Account {
    /// This process's own account; for root, one without rights.
    pub(super) fn choose() -> Result<Self, PostgresError> {
        if !Uid::effective().is_root() {
            return Ok(Self {
                user: Uid::effective(),
                group: Gid::effective(),
                other: false,
            });
        }
        let found = UNPRIVILEGED
            .iter()
            .find_map(|name| User::from_name(name).ok().flatten());
        let user = found.ok_or(PostgresError::NoAccount)?;
        Ok(Self {
            user: user.uid,
            group: user.gid,
            other: true,
        })
    }

    /// Has the command run as the account.
    pub(super) fn hand_over(&self, command: &mut Command) {
        if self.other {
            command.uid(self.user.as_raw()).gid(self.group.as_raw());
        }
    }

    /// Makes a directory that only the account may enter.
    pub(super) fn make_directory(&self, directory: &Path) -> io::Result<()> {
        fs::create_dir_all(directory)?;
        self.take(directory)?;
        fs::set_permissions(directory, fs::Permissions::from_mode(0o700))
    }

    /// Makes the account the owner of a file or directory.
    pub(super) fn take(&self, path: &Path) -> io::Result<()> {
        if self.other {
            chown(path, Some(self.user.as_raw()), Some(self.group.as_raw()))?;
        }
        Ok(())
    }

    /// The directory itself if the account can get into it, else a place for it that the account can reach.
    pub(super) fn reachable(&self, directory: &Path) -> io::Result<PathBuf> {
        fs::create_dir_all(directory)?;
        let directory = directory.canonicalize()?;
        if !self.other || self.may_pass(&directory)? {
            return Ok(directory);
        }
        let digest = Sha256::digest(directory.as_os_str().as_encoded_bytes());
        let name = digest
            .iter()
            .take(8)
            .fold(0_u64, |name, byte| name << 8 | u64::from(*byte));
        let substitute = Path::new(SYSTEM_DIRECTORY).join(format!("{name:016x}"));
        fs::create_dir_all(&substitute)?;
        Ok(substitute)
    }

    fn may_pass(&self, directory: &Path) -> io::Result<bool> {
        for step in directory.ancestors() {
            let metadata = fs::metadata(step)?;
            let needed = if metadata.uid() == self.user.as_raw() {
                0o100
            } else if metadata.gid() == self.group.as_raw() {
                0o010
            } else {
                0o001
            };
            if metadata.mode() & needed == 0 {
                return Ok(false);
            }
        }
        Ok(true)
    }
}
