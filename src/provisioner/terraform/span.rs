//! Times a step of a build by the clock.

use crate::domain::{
    clock::{Clock, Timestamp},
    provisioning::{Timing, TimingStage},
};

/// A step that Terraform tells no events of.
pub(super) struct Span<'a> {
    clock: &'a Clock,
    stage: TimingStage,
    started_at: Timestamp,
}

impl<'a> Span<'a> {
    pub(super) fn begin(clock: &'a Clock, stage: TimingStage) -> Self {
        Self {
            clock,
            stage,
            started_at: clock.now(),
        }
    }

    pub(super) fn end(self, action: &str) -> Timing {
        Timing {
            started_at: self.started_at,
            ended_at: self.clock.now(),
            stage: self.stage,
            source: "terraform".to_owned(),
            action: action.to_owned(),
            resource: "state file".to_owned(),
        }
    }
}
