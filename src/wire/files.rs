//! Shapes of uploaded archives.

use serde::Serialize;
use uuid::Uuid;

/// What an upload is answered (codersdk.UploadResponse).
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct UploadResponse {
    /// The archive's id, under a name that it has had for long.
    pub hash: Uuid,
}
