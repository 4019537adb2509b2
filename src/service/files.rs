//! Use cases on uploaded template archives.

use std::fmt::Write as _;

use bytes::Bytes;
use sha2::{Digest as _, Sha256};
use thiserror::Error;

use super::Core;
use crate::{
    domain::{
        archives::{self, ArchiveError},
        files::{self as file_rules, TAR, ZIP},
        ids::FileId,
        rights::{Action, actor::Actor},
    },
    store::{StoreError, files, templates},
};

/// How an archive is packed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Packing {
    /// As it is kept.
    Tar,
    /// As some clients like it better.
    Zip,
}

/// Why an archive is not kept or not handed out.
#[derive(Debug, Error)]
pub enum FileError {
    /// No such archive, or the caller may not see it.
    #[error("no such archive")]
    NotFound,
    /// The caller may not bring archives.
    #[error("the user may not upload")]
    Denied,
    /// The archive cannot be unpacked.
    #[error(transparent)]
    Archive(#[from] ArchiveError),
    /// The conversion was cut short by the end of the process.
    #[error("the conversion was cut short")]
    CutShort,
    /// The database failed.
    #[error("the archive could not be read or kept")]
    Store(#[from] StoreError),
}

/// An archive that was brought.
#[derive(Clone, Copy, Debug)]
pub struct Kept {
    /// Its id.
    pub id: FileId,
    /// Whether the user had not brought the same bytes before.
    pub is_new: bool,
}

/// Uploaded archives.
#[derive(Clone)]
pub struct Files {
    core: Core,
}

impl Files {
    /// The service.
    #[must_use]
    pub fn new(core: Core) -> Self {
        Self { core }
    }

    /// Keeps an archive as a tar, once for each user (spec CO-72).
    ///
    /// # Errors
    /// [`FileError::Archive`] for a zip that is broken or unfolds too far.
    pub async fn keep(
        &self,
        actor: &Actor,
        packing: Packing,
        data: Bytes,
    ) -> Result<Kept, FileError> {
        if !actor.may(Action::Create, &file_rules::object(actor.id)) {
            return Err(FileError::Denied);
        }
        let (tar, hash) = unblocked(move || {
            let tar = match packing {
                Packing::Tar => data,
                Packing::Zip => archives::zip_to_tar(&data)?.into(),
            };
            let hash = hexadecimal(&Sha256::digest(&tar));
            Ok((tar, hash))
        })
        .await?;
        let mut conn = self.core.conn().await?;
        if let Some(id) = files::find_by_hash(&mut conn, &hash, actor.id).await? {
            return Ok(Kept { id, is_new: false });
        }
        let file = files::NewFile {
            id: FileId::random(),
            hash: &hash,
            created_by: actor.id,
            mimetype: TAR,
            data: &tar,
            created_at: self.core.now(),
        };
        if files::insert(&mut conn, &file).await? {
            return Ok(Kept {
                id: file.id,
                is_new: true,
            });
        }
        // The same bytes came at the same time through another request.
        let found = files::find_by_hash(&mut conn, &hash, actor.id).await?;
        let id = found.ok_or(FileError::NotFound)?;
        Ok(Kept { id, is_new: false })
    }

    /// The bytes of an archive and their content type.
    ///
    /// # Errors
    /// [`FileError::NotFound`] unless the caller brought it, may read all, or may change a
    /// template made from it (spec CO-73).
    pub async fn read(
        &self,
        actor: &Actor,
        id: FileId,
        packing: Packing,
    ) -> Result<(String, Vec<u8>), FileError> {
        let mut conn = self.core.conn().await?;
        let file = files::find(&mut conn, id)
            .await?
            .ok_or(FileError::NotFound)?;
        if !actor.may(Action::Read, &file_rules::object(file.created_by)) {
            let ids = files::list_templates(&mut conn, id).await?;
            let used_by = templates::list_by_ids(&mut conn, &ids).await?;
            if !used_by
                .iter()
                .any(|template| actor.may(Action::Update, &template.object()))
            {
                return Err(FileError::NotFound);
            }
        }
        let data = files::get_data(&mut conn, id).await?;
        drop(conn);
        match packing {
            Packing::Tar => Ok((file.mimetype, data)),
            Packing::Zip => {
                let zip = unblocked(move || Ok(archives::tar_to_zip(&data)?)).await?;
                Ok((ZIP.to_owned(), zip))
            }
        }
    }
}

/// Runs what needs a processor for long apart from what waits for the network.
async fn unblocked<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, FileError> + Send + 'static,
) -> Result<T, FileError> {
    match tokio::task::spawn_blocking(work).await {
        Ok(done) => done,
        Err(_) => Err(FileError::CutShort),
    }
}

fn hexadecimal(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        // Writing to a text cannot fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}
