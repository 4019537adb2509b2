//! Reads what a request wishes of a template's settings, and reports all that cannot be.

use chrono::TimeDelta;

use super::{
    template_requests::{CreateTemplateRequest, UpdateTemplateMeta},
    templates::{TemplateAutostartRequirement, TemplateAutostopRequirement},
};
use crate::domain::{
    deadlines::TemplateSchedule, faults::Fault, provisioning::SharingLevel,
    template_changes::TemplateChange, templates::NewSettings, weekdays::Weekdays,
};

type Faults = Vec<Fault>;

/// Weeks between two required stops, at most.
const LONGEST_WEEKS: i64 = 16;
/// The licensed durations are zero or at least this long, in milliseconds (spec CO-88).
const SHORTEST_MS: i64 = 60_000;
/// What a negative number is answered; some clients look for these words.
const NEGATIVE: &str = "Must be a positive integer or zero.";
/// What a short duration is answered; some clients look for these words.
const TOO_SHORT: &str = "Value must be at least one minute.";
/// What a share level is answered that is none; some clients look for the first words.
const NO_SHARE_LEVEL: &str =
    "invalid max port sharing level: must be owner, authenticated or public";

/// Reads the settings of a new template.
///
/// # Errors
/// All fields at fault, in the order of the spec's rows.
pub fn of_new(request: &CreateTemplateRequest) -> Result<NewSettings, Faults> {
    let mut faults = Faults::new();
    let usual = NewSettings::default();
    let default_ttl = duration(&mut faults, "default_ttl_ms", request.default_ttl_ms);
    let activity_bump = duration(&mut faults, "activity_bump_ms", request.activity_bump_ms);
    let stop = request.autostop_requirement.as_ref();
    let (stop_days, stop_weeks) = stop.map_or(
        (usual.schedule.stop_days, usual.schedule.stop_weeks),
        |wish| stop_days(&mut faults, wish),
    );
    let start = request.autostart_requirement.as_ref();
    let autostart_days = start.map_or(usual.schedule.autostart_days, |wish| {
        start_days(&mut faults, wish)
    });
    let failure_ttl = duration(&mut faults, "failure_ttl_ms", request.failure_ttl_ms);
    // One name for both, as the incumbent has it at creation.
    let field = "time_til_dormant_autodelete_ms";
    let time_til_dormant = duration(&mut faults, field, request.dormant_ttl_ms);
    let time_til_dormant_autodelete = duration(&mut faults, field, request.delete_ttl_ms);
    let level = request.max_port_share_level.as_deref();
    let max_port_share_level = share_level(&mut faults, "max_port_share_level", level);
    if !faults.is_empty() {
        return Err(faults);
    }
    Ok(NewSettings {
        schedule: TemplateSchedule {
            default_ttl: default_ttl.unwrap_or(usual.schedule.default_ttl),
            activity_bump: activity_bump.unwrap_or(usual.schedule.activity_bump),
            allow_user_autostop: request.allow_user_autostop.unwrap_or(true),
            allow_user_autostart: request.allow_user_autostart.unwrap_or(true),
            autostart_days,
            stop_days,
            stop_weeks,
        },
        failure_ttl: failure_ttl.unwrap_or(usual.failure_ttl),
        time_til_dormant: time_til_dormant.unwrap_or(usual.time_til_dormant),
        time_til_dormant_autodelete: time_til_dormant_autodelete
            .unwrap_or(usual.time_til_dormant_autodelete),
        require_active_version: request.require_active_version,
        max_port_share_level: max_port_share_level.unwrap_or(usual.max_port_share_level),
    })
}

/// Reads a change of a template.
///
/// # Errors
/// All fields at fault.
pub fn of_change(request: UpdateTemplateMeta) -> Result<TemplateChange, Faults> {
    let mut faults = Faults::new();
    let default_ttl = duration(&mut faults, "default_ttl_ms", Some(request.default_ttl_ms));
    let activity_bump = duration(
        &mut faults,
        "activity_bump_ms",
        Some(request.activity_bump_ms),
    );
    let stop = request.autostop_requirement.as_ref();
    let autostop_requirement = stop.map(|wish| stop_days(&mut faults, wish));
    let start = request.autostart_requirement.as_ref();
    let autostart_days = start.map(|wish| start_days(&mut faults, wish));
    let failure_ttl = long_duration(&mut faults, "failure_ttl_ms", request.failure_ttl_ms);
    let time_til_dormant = long_duration(
        &mut faults,
        "time_til_dormant_ms",
        request.time_til_dormant_ms,
    );
    let time_til_dormant_autodelete = long_duration(
        &mut faults,
        "time_til_dormant_autodelete_ms",
        request.time_til_dormant_autodelete_ms,
    );
    let level = request.max_port_share_level.as_deref();
    // This name, with "sharing", is the one that the web interface gets from the incumbent.
    let max_port_share_level = share_level(&mut faults, "max_port_sharing_level", level);
    if !faults.is_empty() {
        return Err(faults);
    }
    Ok(TemplateChange {
        name: Some(request.name).filter(|name| !name.is_empty()),
        display_name: request.display_name,
        description: request.description,
        icon: request.icon,
        default_ttl: default_ttl.unwrap_or_default(),
        activity_bump: activity_bump.unwrap_or_default(),
        autostop_requirement,
        autostart_days,
        allow_user_autostart: request.allow_user_autostart,
        allow_user_autostop: request.allow_user_autostop,
        allow_user_cancel_workspace_jobs: request.allow_user_cancel_workspace_jobs,
        failure_ttl,
        time_til_dormant,
        time_til_dormant_autodelete,
        require_active_version: request.require_active_version,
        deprecated: request.deprecation_message,
        disable_everyone_group_access: request.disable_everyone_group_access,
        max_port_share_level,
        update_workspace_last_used_at: request.update_workspace_last_used_at,
        update_workspace_dormant_at: request.update_workspace_dormant_at,
    })
}

fn duration(faults: &mut Faults, field: &str, wish: Option<i64>) -> Option<TimeDelta> {
    let milliseconds = wish?;
    if milliseconds < 0 {
        faults.push(Fault::new(field, NEGATIVE));
    }
    let duration = TimeDelta::try_milliseconds(milliseconds);
    // The database counts nanoseconds in 64 bits.
    if duration.is_none_or(|duration| duration.num_nanoseconds().is_none()) {
        faults.push(Fault::new(field, "is too long"));
    }
    duration
}

fn long_duration(faults: &mut Faults, field: &str, milliseconds: i64) -> TimeDelta {
    if milliseconds != 0 && milliseconds < SHORTEST_MS {
        faults.push(Fault::new(field, TOO_SHORT));
        return TimeDelta::zero();
    }
    duration(faults, field, Some(milliseconds)).unwrap_or_default()
}

fn days(faults: &mut Faults, field: &str, names: &[String]) -> Weekdays {
    Weekdays::from_names(names).unwrap_or_else(|fault| {
        faults.push(Fault::new(field, fault.to_string()));
        Weekdays::NONE
    })
}

fn start_days(faults: &mut Faults, wish: &TemplateAutostartRequirement) -> Weekdays {
    days(
        faults,
        "autostart_requirement.days_of_week",
        &wish.days_of_week,
    )
}

fn share_level(faults: &mut Faults, field: &str, wish: Option<&str>) -> Option<SharingLevel> {
    let level = SharingLevel::parse(wish?);
    if level.is_none() {
        faults.push(Fault::new(field, NO_SHARE_LEVEL));
    }
    level
}

fn stop_days(faults: &mut Faults, wish: &TemplateAutostopRequirement) -> (Weekdays, u16) {
    let days = days(
        faults,
        "autostop_requirement.days_of_week",
        &wish.days_of_week,
    );
    let field = "autostop_requirement.weeks";
    if wish.weeks < 0 {
        faults.push(Fault::new(field, NEGATIVE));
    }
    if wish.weeks > LONGEST_WEEKS {
        faults.push(Fault::new(
            field,
            format!("must be at most {LONGEST_WEEKS}"),
        ));
    }
    (days, u16::try_from(wish.weeks.max(1)).unwrap_or(1))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fields(faults: &[Fault]) -> Vec<&str> {
        faults.iter().map(|fault| fault.field.as_str()).collect()
    }

    #[test]
    fn reports_all_that_cannot_be() {
        let request = UpdateTemplateMeta {
            default_ttl_ms: -4,
            autostop_requirement: Some(TemplateAutostopRequirement {
                days_of_week: vec!["someday".to_owned()],
                weeks: 17,
            }),
            failure_ttl_ms: 1,
            time_til_dormant_autodelete_ms: -1,
            max_port_share_level: Some("friends".to_owned()),
            ..UpdateTemplateMeta::default()
        };
        assert_eq!(
            fields(&of_change(request).unwrap_err()),
            [
                "default_ttl_ms",
                "autostop_requirement.days_of_week",
                "autostop_requirement.weeks",
                "failure_ttl_ms",
                "time_til_dormant_autodelete_ms",
                "max_port_sharing_level"
            ]
        );
        let request = CreateTemplateRequest {
            default_ttl_ms: Some(i64::MAX),
            autostart_requirement: Some(TemplateAutostartRequirement {
                days_of_week: vec!["mon".to_owned()],
            }),
            ..CreateTemplateRequest::default()
        };
        assert_eq!(
            fields(&of_new(&request).unwrap_err()),
            ["default_ttl_ms", "autostart_requirement.days_of_week"]
        );
    }

    #[test]
    fn reads_days_in_any_letter_case() {
        let request = UpdateTemplateMeta {
            autostop_requirement: Some(TemplateAutostopRequirement {
                days_of_week: vec!["Saturday".to_owned()],
                weeks: 0,
            }),
            ..UpdateTemplateMeta::default()
        };
        let change = of_change(request).unwrap();
        let (days, weeks) = change.autostop_requirement.unwrap();
        assert_eq!((days.names(), weeks), (vec!["saturday"], 1));
    }
}
