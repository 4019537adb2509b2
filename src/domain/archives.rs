//! Template archives: a tar inside, a zip where a client prefers it. Bounds what an archive
//! may unfold to; knows neither where archives are kept nor what Terraform reads in them.

use std::{
    io::{self, Cursor, Read, Write},
    path::{Component, Path},
};

use thiserror::Error;
use zip::{ZipArchive, ZipWriter, write::SimpleFileOptions};

/// Bytes that an archive may have, packed and unpacked alike.
pub const ARCHIVE_LIMIT: usize = 100 * 1024 * 1024;
/// Entries that a zip may have.
const ENTRY_LIMIT: usize = 50_000;
const FILE_MODE: u32 = 0o644;
const DIRECTORY_MODE: u32 = 0o755;

/// Why an archive is not taken.
#[derive(Debug, Error)]
pub enum ArchiveError {
    /// It does not follow its own format.
    #[error("the archive is broken: {0}")]
    Broken(String),
    /// It unfolds to more than it may.
    #[error("the archive unpacks to more than {ARCHIVE_LIMIT} bytes")]
    TooLarge,
    /// It has more entries than it may.
    #[error("the archive has more than {ENTRY_LIMIT} entries")]
    TooManyEntries,
    /// An entry would land outside the archive's own directory, or is a link.
    #[error("the entry {0:?} is not a file or directory of the archive")]
    Path(String),
}

impl From<zip::result::ZipError> for ArchiveError {
    fn from(error: zip::result::ZipError) -> Self {
        Self::Broken(error.to_string())
    }
}

impl From<io::Error> for ArchiveError {
    fn from(error: io::Error) -> Self {
        Self::Broken(error.to_string())
    }
}

/// Makes a tar of a zip.
///
/// # Errors
/// When the zip is broken, or would unfold beyond the bounds.
pub fn zip_to_tar(data: &[u8]) -> Result<Vec<u8>, ArchiveError> {
    let mut archive = ZipArchive::new(Cursor::new(data))?;
    if archive.len() > ENTRY_LIMIT {
        return Err(ArchiveError::TooManyEntries);
    }
    let mut tar = tar::Builder::new(Vec::new());
    let mut left = ARCHIVE_LIMIT;
    for index in 0..archive.len() {
        let mut entry = archive.by_index(index)?;
        let name = entry.name().to_owned();
        if entry.is_symlink() || !is_inside(Path::new(&name)) {
            return Err(ArchiveError::Path(name));
        }
        let mut header = tar::Header::new_gnu();
        if entry.is_dir() {
            header.set_entry_type(tar::EntryType::Directory);
            header.set_mode(entry.unix_mode().unwrap_or(DIRECTORY_MODE) & 0o777);
            header.set_size(0);
            tar.append_data(&mut header, &name, io::empty())?;
            continue;
        }
        // The size that the directory claims may be a lie: what is read counts.
        let mut content = Vec::new();
        let bound = u64::try_from(left).unwrap_or(u64::MAX) + 1;
        (&mut entry).take(bound).read_to_end(&mut content)?;
        left = left
            .checked_sub(content.len())
            .ok_or(ArchiveError::TooLarge)?;
        header.set_entry_type(tar::EntryType::Regular);
        header.set_mode(entry.unix_mode().unwrap_or(FILE_MODE) & 0o777);
        header.set_size(content.len() as u64);
        tar.append_data(&mut header, &name, content.as_slice())?;
    }
    Ok(tar.into_inner()?)
}

/// Makes a zip of a tar; what is neither file nor directory is left out.
///
/// # Errors
/// When the tar is broken.
pub fn tar_to_zip(data: &[u8]) -> Result<Vec<u8>, ArchiveError> {
    let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
    let mut archive = tar::Archive::new(data);
    for entry in archive.entries()? {
        let mut entry = entry?;
        let name = entry.path()?.to_string_lossy().into_owned();
        let mode = entry.header().mode().unwrap_or(FILE_MODE);
        let options = SimpleFileOptions::default().unix_permissions(mode);
        match entry.header().entry_type() {
            tar::EntryType::Directory => zip.add_directory(name, options)?,
            tar::EntryType::Regular => {
                zip.start_file(name, options)?;
                io::copy(&mut entry, &mut zip)?;
            }
            _ => {}
        }
    }
    Ok(zip.finish()?.into_inner())
}

/// Makes a tar of named texts.
///
/// # Errors
/// When a name does not fit into a tar.
pub fn tar_of(files: &[(&str, &str)]) -> io::Result<Vec<u8>> {
    let mut tar = tar::Builder::new(Vec::new());
    for (name, text) in files {
        let mut header = tar::Header::new_gnu();
        header.set_mode(FILE_MODE);
        header.set_size(text.len() as u64);
        tar.append_data(&mut header, name, text.as_bytes())?;
    }
    let mut data = tar.into_inner()?;
    data.flush()?;
    Ok(data)
}

/// Whether a path stays where it is unpacked.
fn is_inside(path: &Path) -> bool {
    path.components()
        .all(|part| matches!(part, Component::Normal(_) | Component::CurDir))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn zip_of(files: &[(&str, &[u8])]) -> Vec<u8> {
        let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
        for (name, content) in files {
            zip.start_file(*name, SimpleFileOptions::default()).unwrap();
            zip.write_all(content).unwrap();
        }
        zip.finish().unwrap().into_inner()
    }

    fn names(tar: &[u8]) -> Vec<String> {
        tar::Archive::new(tar)
            .entries()
            .unwrap()
            .map(|entry| entry.unwrap().path().unwrap().display().to_string())
            .collect()
    }

    #[test]
    fn goes_from_zip_to_tar_and_back() {
        let tar = zip_to_tar(&zip_of(&[("main.tf", b"# a"), ("sub/b.tf", b"# b")])).unwrap();
        assert_eq!(names(&tar), ["main.tf", "sub/b.tf"]);
        let again = zip_to_tar(&tar_to_zip(&tar).unwrap()).unwrap();
        assert_eq!(names(&again), ["main.tf", "sub/b.tf"]);
        assert_eq!(names(&tar_of(&[("a", "b")]).unwrap()), ["a"]);
    }

    #[test]
    fn refuses_what_leaves_or_swells() {
        assert!(matches!(
            zip_to_tar(b"not a zip at all"),
            Err(ArchiveError::Broken(_))
        ));
        assert!(matches!(
            zip_to_tar(&zip_of(&[("../escape.tf", b"")])),
            Err(ArchiveError::Path(_))
        ));
        let large = vec![0; ARCHIVE_LIMIT / 2 + 1];
        assert!(matches!(
            zip_to_tar(&zip_of(&[("a", &large), ("b", &large)])),
            Err(ArchiveError::TooLarge)
        ));
        assert!(tar_to_zip(&[7; 700]).is_err());
    }
}
