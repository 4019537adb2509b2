//! Tests of job states and of what they say about a workspace.

use chrono::DateTime;

use super::*;

fn at(second: i64) -> Timestamp {
    DateTime::from_timestamp(second, 0).unwrap()
}

fn columns(
    completed: Option<i64>,
    error: &str,
    canceled: Option<i64>,
    started: Option<i64>,
) -> JobColumns {
    JobColumns {
        updated_at: at(9),
        started_at: started.map(at),
        worker_id: started.map(|_| DaemonId::random()),
        canceled_at: canceled.map(at),
        completed_at: completed.map(at),
        error: (!error.is_empty()).then(|| error.to_owned()),
        error_code: None,
    }
}

#[test]
fn the_status_follows_from_the_columns() {
    for (completed, error, canceled, started, status) in [
        (Some(3), "broken", Some(2), Some(1), JobStatus::Failed),
        (Some(3), "broken", None, Some(1), JobStatus::Failed),
        (None, "broken", None, Some(1), JobStatus::Failed),
        (Some(3), "", Some(2), Some(1), JobStatus::Canceled),
        (Some(3), "", Some(2), None, JobStatus::Canceled),
        (Some(3), "", None, Some(1), JobStatus::Succeeded),
        (None, "", Some(2), Some(1), JobStatus::Canceling),
        (None, "", None, None, JobStatus::Pending),
        (None, "", None, Some(1), JobStatus::Running),
    ] {
        let state = JobState::from_columns(columns(completed, error, canceled, started)).unwrap();
        assert_eq!(state.status(), status);
        assert_eq!(state.completed_at().is_some(), status.has_ended());
    }
    let orphan = JobState::from_columns(columns(None, "", Some(2), None));
    assert_eq!(orphan, Err(ImpossibleJob));
}

#[test]
fn canceling_ends_what_waits_and_asks_what_runs() {
    let ended = JobState::Pending.cancel(at(5)).unwrap();
    assert_eq!(ended.status(), JobStatus::Canceled);
    assert_eq!(ended.clone().cancel(at(6)), Err(CancelRefused::Ended));
    let running = JobState::from_columns(columns(None, "", None, Some(1))).unwrap();
    let canceling = running.cancel(at(5)).unwrap();
    assert_eq!(canceling.status(), JobStatus::Canceling);
    assert_eq!(canceling.canceled_at(), Some(at(5)));
    assert_eq!(canceling.cancel(at(6)), Err(CancelRefused::Canceled));
}

#[test]
fn workspace_status_and_its_reverse_agree() {
    for status in WorkspaceStatus::ALL {
        let (job, transition) = status.needs();
        assert_eq!(
            WorkspaceStatus::of(job, transition.unwrap_or(Transition::Stop)),
            *status
        );
    }
}

#[test]
fn error_codes_are_found_in_the_text() {
    assert_eq!(
        JobErrorCode::of_text("plan: missing parameter \"size\""),
        Some(JobErrorCode::MissingTemplateParameter)
    );
    assert_eq!(
        JobErrorCode::of_text("these required template variables have no value: a"),
        Some(JobErrorCode::RequiredTemplateVariables)
    );
    assert_eq!(JobErrorCode::of_text("exit status 1"), None);
}
