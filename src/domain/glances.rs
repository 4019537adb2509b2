//! What a reader learns of a workspace before anything is loaded: enough to decide on rights
//! and to tell whether what was loaded earlier is still true.

use super::{
    clock::Timestamp,
    entity_tags::Summary,
    ids::{OrganizationId, TemplateId, UserId, WorkspaceId},
    queue::{Job, MatchedProvisioners},
    rights::Object,
};

/// Which states of the rows that are shown together were read: the revision of each, in a
/// fixed order. A revision stands for one state of one row, so equal ones show the same.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Fingerprint(pub Vec<i64>);

impl Fingerprint {
    /// The revision of the whole: that of the row that changed last.
    #[must_use]
    pub fn newest(&self) -> i64 {
        self.0.iter().copied().max().unwrap_or_default()
    }
}

/// Which transactions a statement saw as ended. Statements of equal ones read the same,
/// whatever they read: every writer has a transaction number of its own.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Snapshot(pub String);

/// A page of a list of workspaces.
#[derive(Clone, Debug)]
pub struct GlancedPage {
    /// The page.
    pub glances: Vec<Glance>,
    /// How many workspaces there are on all pages.
    pub count: i64,
    /// What the statement saw; `None` when it found nothing to tell it by.
    pub snapshot: Option<Snapshot>,
}

/// Where a job stands among those that wait. Other jobs change it, so no revision tells of it.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub struct QueuePlace {
    /// Its place, from 1; 0 when it does not wait.
    pub position: i64,
    /// How many jobs wait.
    pub size: i64,
    /// The daemons that could take it; none when it does not wait.
    pub matched: MatchedProvisioners,
}

/// A workspace at a glance.
#[derive(Clone, Debug)]
pub struct Glance {
    /// Its id.
    pub id: WorkspaceId,
    /// Whose it is.
    pub owner_id: UserId,
    /// Where it belongs.
    pub organization_id: OrganizationId,
    /// Whether it sleeps.
    pub is_dormant: bool,
    /// Whether a delete build has succeeded.
    pub deleted: bool,
    /// Its template.
    pub template_id: TemplateId,
    /// Whether the template was deleted.
    pub template_deleted: bool,
    /// What rights on the template are asked of.
    pub template: Object,
    /// Which state would be shown.
    pub fingerprint: Fingerprint,
    /// Where the job of its latest build stands.
    pub place: QueuePlace,
}

impl Glance {
    /// What rights on it are asked of.
    #[must_use]
    pub fn object(&self) -> Object {
        Object::workspace(self.owner_id, self.organization_id, self.is_dormant).with_id(self.id.0)
    }

    /// Adds to a summary what this reader would be shown.
    pub fn add_to(&self, summary: &mut Summary, reader: UserId) {
        summary.bytes(self.id.0.as_bytes());
        for revision in &self.fingerprint.0 {
            summary.number(*revision);
        }
        summary.number(i64::from(self.owner_id == reader));
        summary.number(self.place.position);
        summary.number(self.place.size);
        if self.place.position > 0 {
            let matched = self.place.matched;
            let seen = matched.most_recently_seen;
            summary.number(matched.count);
            summary.number(matched.available);
            summary.number(seen.map_or(i64::MIN, |at: Timestamp| at.timestamp_micros()));
        }
    }
}

impl QueuePlace {
    /// That of a loaded job.
    #[must_use]
    pub fn of(job: &Job) -> Self {
        Self {
            position: job.queue_position,
            size: job.queue_size,
            matched: job.matched,
        }
    }
}
