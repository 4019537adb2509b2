//! What an uploaded template archive is. Its bytes are in `archives`.

use super::{
    ids::{FileId, UserId},
    rights::{Object, ResourceKind},
};

/// The content type of an archive as it is kept.
pub const TAR: &str = "application/x-tar";
/// The content type of an archive as a zip.
pub const ZIP: &str = "application/zip";

/// An archive without its bytes.
#[derive(Clone, Debug)]
pub struct StoredFile {
    /// Its id.
    pub id: FileId,
    /// Who brought it.
    pub created_by: UserId,
    /// Its content type.
    pub mimetype: String,
}

/// A file that this user brought, for asking rights.
#[must_use]
pub fn object(created_by: UserId) -> Object {
    Object::of(ResourceKind::File).owned_by(created_by)
}
