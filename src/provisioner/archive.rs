//! Unpacks a template's tar archive into a directory, within bounds and never outside of it.

use std::{
    fs::{self, OpenOptions},
    io::{self, Read},
    os::unix::fs::{OpenOptionsExt, PermissionsExt},
    path::{Component, Path, PathBuf},
};

use tar::{Archive, EntryType};

/// The most entries an archive may hold.
const MOST_ENTRIES: usize = 20_000;
/// The largest file, in bytes.
const LARGEST_FILE: u64 = 10 << 20;
/// The most that all files together may take, in bytes.
const MOST_BYTES: u64 = 256 << 20;

/// Why an archive is not unpacked.
#[derive(Debug, thiserror::Error)]
pub enum ArchiveError {
    /// It is not a tar, or the disk refuses.
    #[error("cannot unpack the template: {0}")]
    Io(#[from] io::Error),
    /// A name leads out of the directory.
    #[error("refusing to extract to non-local path {0:?}")]
    OutsidePath(PathBuf),
    /// A file is too large.
    #[error("the file {0:?} of the template is larger than {limit} MiB", limit = LARGEST_FILE >> 20)]
    LargeFile(PathBuf),
    /// There are too many files, or they are too large together.
    #[error("the template has more than {MOST_ENTRIES} files or {limit} MiB", limit = MOST_BYTES >> 20)]
    TooMuch,
}

/// Unpacks directories and regular files of `tar` into `directory`; links and devices are
/// left out. Blocks; call it where that is allowed.
///
/// # Errors
/// [`ArchiveError`] at the first entry that breaks a rule; earlier ones stay unpacked.
pub fn unpack(tar: &[u8], directory: &Path) -> Result<(), ArchiveError> {
    let mut total = 0;
    for (number, entry) in Archive::new(tar).entries()?.enumerate() {
        let mut entry = entry?;
        let name = entry.path()?.into_owned();
        let Some(local) = local_path(&name) else {
            return Err(ArchiveError::OutsidePath(name));
        };
        let target = directory.join(local);
        let mode = entry.header().mode()? & 0o777;
        match entry.header().entry_type() {
            EntryType::Directory => {
                fs::create_dir_all(&target)?;
                // Files must be able to follow, whatever the header says.
                fs::set_permissions(&target, fs::Permissions::from_mode(mode | 0o700))?;
            }
            EntryType::Regular | EntryType::Continuous => {
                if entry.size() > LARGEST_FILE {
                    return Err(ArchiveError::LargeFile(name));
                }
                total += entry.size();
                write_file(&mut entry, &target, mode)?;
            }
            _ => {}
        }
        if number >= MOST_ENTRIES || total > MOST_BYTES {
            return Err(ArchiveError::TooMuch);
        }
    }
    Ok(())
}

fn write_file(content: &mut impl Read, target: &Path, mode: u32) -> io::Result<()> {
    if let Some(parent) = target.parent() {
        fs::create_dir_all(parent)?;
    }
    let mut file = OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(true)
        .mode(if mode == 0 { 0o600 } else { mode })
        .open(target)?;
    io::copy(content, &mut file)?;
    Ok(())
}

/// The path without `.` parts; `None` when it is absolute or climbs up.
fn local_path(name: &Path) -> Option<PathBuf> {
    let mut local = PathBuf::new();
    for part in name.components() {
        match part {
            Component::Normal(part) => local.push(part),
            Component::CurDir => {}
            Component::ParentDir | Component::RootDir | Component::Prefix(_) => return None,
        }
    }
    Some(local)
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU32, Ordering};

    use tar::{Builder, Header};

    use super::*;

    struct Scratch(PathBuf);

    impl Scratch {
        fn new() -> Self {
            static NUMBER: AtomicU32 = AtomicU32::new(0);
            let number = NUMBER.fetch_add(1, Ordering::Relaxed);
            let path =
                std::env::temp_dir().join(format!("archive-{}-{number}", std::process::id()));
            fs::create_dir_all(&path).unwrap();
            Self(path)
        }
    }

    impl Drop for Scratch {
        fn drop(&mut self) {
            drop(fs::remove_dir_all(&self.0));
        }
    }

    fn tar_of(entries: &[(&str, EntryType, u32, u64)]) -> Vec<u8> {
        let mut builder = Builder::new(Vec::new());
        for (name, kind, mode, size) in entries {
            let mut header = Header::new_gnu();
            // Set as raw bytes, since the builder itself refuses dangerous names.
            header.as_old_mut().name[..name.len()].copy_from_slice(name.as_bytes());
            header.set_entry_type(*kind);
            header.set_mode(*mode);
            header.set_size(*size);
            header.set_cksum();
            builder
                .append(&header, io::repeat(b'x').take(*size))
                .unwrap();
        }
        builder.into_inner().unwrap()
    }

    #[test]
    fn files_and_directories_appear_with_their_modes() {
        let scratch = Scratch::new();
        let tar = tar_of(&[
            ("dir/", EntryType::Directory, 0o500, 0),
            ("dir/a.tf", EntryType::Regular, 0o644, 3),
            ("./deep/er/b.sh", EntryType::Regular, 0o755, 1),
            ("zero", EntryType::Regular, 0, 1),
            ("link", EntryType::Symlink, 0o777, 0),
        ]);
        unpack(&tar, &scratch.0).unwrap();
        let mode = |name: &str| {
            fs::metadata(scratch.0.join(name))
                .unwrap()
                .permissions()
                .mode()
                & 0o777
        };
        assert_eq!(fs::read(scratch.0.join("dir/a.tf")).unwrap(), b"xxx");
        assert_eq!(mode("dir"), 0o700);
        assert_eq!(mode("deep/er/b.sh"), 0o755);
        assert_eq!(mode("zero"), 0o600);
        assert!(!scratch.0.join("link").exists());
    }

    #[test]
    fn names_that_lead_out_are_refused() {
        for name in ["../up", "a/../../up", "/etc/passwd"] {
            let scratch = Scratch::new();
            let tar = tar_of(&[(name, EntryType::Regular, 0o644, 1)]);
            let error = unpack(&tar, &scratch.0).unwrap_err();
            assert!(
                error
                    .to_string()
                    .starts_with("refusing to extract to non-local path"),
                "{name}: {error}"
            );
        }
    }

    #[test]
    fn large_files_are_refused() {
        let scratch = Scratch::new();
        let tar = tar_of(&[("big", EntryType::Regular, 0o644, LARGEST_FILE + 1)]);
        assert!(matches!(
            unpack(&tar, &scratch.0),
            Err(ArchiveError::LargeFile(_))
        ));
        assert!(!scratch.0.join("big").exists());
    }

    #[test]
    fn what_is_no_tar_is_an_error() {
        let scratch = Scratch::new();
        assert!(unpack(&[b'x'; 2000], &scratch.0).is_err());
    }
}
