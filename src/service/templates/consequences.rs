//! Carries a change of a template over to its workspaces, in the transaction of the change, so
//! that none is left with a time that the template no longer says.

use std::collections::HashMap;

use sqlx::PgConnection;

use crate::{
    domain::{
        clock::Timestamp, deadlines, ids::WorkspaceId, schedule::Schedule,
        template_changes::Consequences, templates::Template,
    },
    service::{quiet_hours, settings::Settings},
    store::{
        StoreError,
        templates::workspaces::{self, ForAll},
    },
};

/// Changes the workspaces of a template that was changed `now`.
pub(super) async fn carry_over(
    conn: &mut PgConnection,
    settings: &Settings,
    template: &Template,
    due: Consequences,
    now: Timestamp,
) -> Result<(), StoreError> {
    if due.reaches_all() {
        let change = ForAll {
            ttl: due.overwrites_ttl.then_some(template.schedule.default_ttl),
            last_used_at: due.counts_as_use.then_some(now),
        };
        workspaces::update_all(conn, template.id, change).await?;
    }
    if due.moves_deletions {
        let dormant_at = due.restarts_dormancy.then_some(now);
        let kept = template.time_til_dormant_autodelete;
        workspaces::update_deletions(conn, template.id, kept, dormant_at).await?;
    }
    if due.moves_starts {
        move_starts(conn, template, now).await?;
    }
    if due.moves_stops {
        move_stops(conn, settings, template, now).await?;
    }
    Ok(())
}

async fn move_starts(
    conn: &mut PgConnection,
    template: &Template,
    now: Timestamp,
) -> Result<(), StoreError> {
    let starting = workspaces::lock_starting(conn, template.id).await?;
    let next = |text: &str| {
        let schedule = Schedule::parse(text).ok()?;
        template.schedule.next_start(&schedule, now)
    };
    let (ids, times): (Vec<WorkspaceId>, Vec<Option<Timestamp>>) = starting
        .iter()
        .map(|(id, schedule)| (*id, next(schedule)))
        .unzip();
    workspaces::update_next_starts(conn, &ids, &times).await
}

async fn move_stops(
    conn: &mut PgConnection,
    settings: &Settings,
    template: &Template,
    now: Timestamp,
) -> Result<(), StoreError> {
    let running = workspaces::lock_running(conn, template.id).await?;
    // Few users have quiet hours of their own: each text is read once.
    let mut quiet_hours: HashMap<&str, Schedule> = HashMap::new();
    let mut moved = Vec::new();
    for workspace in &running {
        let quiet_hours = quiet_hours
            .entry(workspace.quiet_hours.as_str())
            .or_insert_with_key(|own| quiet_hours::counting(settings, own));
        let deadlines = deadlines::after_template_change(
            now,
            workspace.completed_at,
            workspace.deadlines,
            &template.schedule,
            quiet_hours,
        );
        moved.extend(deadlines.map(|deadlines| (workspace.build, deadlines)));
    }
    if moved.is_empty() {
        return Ok(());
    }
    workspaces::update_stops(conn, &moved, now).await
}
