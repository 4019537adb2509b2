//! Settings of templates that their workspaces obey.

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::{Value, json};

use crate::fixture::{Client, Options, Provisioner, TestApp};

const HOUR: i64 = 3_600_000;

/// A change that leaves everything as it is in a new template.
fn change(more: &Value) -> Value {
    let mut body = json!({
        "activity_bump_ms": HOUR, "allow_user_autostart": true, "allow_user_autostop": true,
    });
    body.as_object_mut()
        .unwrap()
        .extend(more.as_object().unwrap().clone());
    body
}

/// An owner, a provisioner and a template.
async fn set_up(app: &TestApp) -> (Client, Provisioner, String) {
    let owner = app.owner().await;
    let provisioner = app.provisioner(&owner).await;
    let template = provisioner.template(&owner, "tpl").await;
    (owner, provisioner, template)
}

async fn patch(owner: &Client, template: &str, more: Value) -> Value {
    let path = format!("/templates/{template}");
    owner.patch(&path, change(&more)).await.expect(200)
}

async fn shown(client: &Client, workspace: &str) -> Value {
    client
        .get(&format!("/workspaces/{workspace}"))
        .await
        .expect(200)
}

fn instant(value: &Value) -> DateTime<Utc> {
    value.as_str().unwrap().parse().unwrap()
}

#[tokio::test]
async fn all_settings_are_kept() {
    let app = TestApp::start().await;
    let (owner, provisioner, template) = set_up(&app).await;
    let settings = json!({
        "default_ttl_ms": 8 * HOUR,
        "activity_bump_ms": 2 * HOUR,
        "autostop_requirement": {"days_of_week": ["saturday"], "weeks": 2},
        "autostart_requirement": {"days_of_week": ["monday", "friday"]},
        "allow_user_autostart": false,
        "allow_user_autostop": false,
        "failure_ttl_ms": HOUR,
        "time_til_dormant_ms": 24 * HOUR,
        "time_til_dormant_autodelete_ms": 48 * HOUR,
        "require_active_version": true,
        "max_port_share_level": "authenticated",
    });
    let mut wish = settings.clone();
    wish["deprecation_message"] = json!("use the other one");
    let changed = patch(&owner, &template, wish.clone()).await;
    let kept = owner
        .get(&format!("/templates/{template}"))
        .await
        .expect(200);
    assert_eq!(changed, kept);
    for (name, value) in settings.as_object().unwrap() {
        assert_eq!(&kept[name], value, "{name}");
    }
    assert_eq!(kept["deprecated"], true);
    assert_eq!(kept["deprecation_message"], "use the other one");
    wish["name"] = json!("tpl");
    let again = owner.patch(&format!("/templates/{template}"), wish).await;
    assert_eq!(again.status, 304);

    let version = provisioner.version(&owner, "v1", None).await;
    let mut order = settings.clone();
    order["name"] = json!("second");
    order["template_version_id"] = json!(version);
    order["dormant_ttl_ms"] = settings["time_til_dormant_ms"].clone();
    order["delete_ttl_ms"] = settings["time_til_dormant_autodelete_ms"].clone();
    let made = owner.post("/organizations/default/templates", order).await;
    let made = made.expect(201);
    for (name, value) in settings.as_object().unwrap() {
        assert_eq!(&made[name], value, "{name} of a new template");
    }
    let bad = change(&json!({"max_port_share_level": "friends"}));
    let bad = owner.patch(&format!("/templates/{template}"), bad).await;
    assert_eq!(bad.fields(), ["max_port_sharing_level"]);
}

#[tokio::test]
async fn a_template_forbids_schedules_of_users() {
    let app = TestApp::start().await;
    let (owner, provisioner, template) = set_up(&app).await;
    let id = provisioner.workspace(&owner, "box", &template).await;
    let ttl = format!("/workspaces/{id}/ttl");
    owner
        .put(&ttl, json!({"ttl_ms": 2 * HOUR}))
        .await
        .expect(204);
    patch(
        &owner,
        &template,
        json!({"allow_user_autostart": false, "allow_user_autostop": false, "default_ttl_ms": 5 * HOUR}),
    )
    .await;
    assert_eq!(shown(&owner, &id).await["ttl_ms"], 5 * HOUR);
    let refused = owner.put(&ttl, json!({"ttl_ms": HOUR})).await;
    assert_eq!(
        (refused.status.as_u16(), refused.fields()),
        (400, vec!["ttl_ms".to_owned()])
    );
    let autostart = format!("/workspaces/{id}/autostart");
    let refused = owner.put(&autostart, json!({"schedule": ""})).await;
    assert_eq!(
        (refused.status.as_u16(), refused.fields()),
        (400, vec!["schedule".to_owned()])
    );
    // What the template said stays when users may choose again.
    patch(&owner, &template, json!({"default_ttl_ms": 5 * HOUR})).await;
    assert_eq!(shown(&owner, &id).await["ttl_ms"], 5 * HOUR);
    patch(&owner, &template, json!({"default_ttl_ms": 6 * HOUR})).await;
    assert_eq!(shown(&owner, &id).await["ttl_ms"], 5 * HOUR);
    patch(&owner, &template, json!({"allow_user_autostop": false})).await;
    patch(&owner, &template, json!({})).await;
    assert_eq!(shown(&owner, &id).await["ttl_ms"], Value::Null);
}

#[tokio::test]
async fn running_workspaces_get_the_demanded_stop() {
    let app = TestApp::start().await;
    let (owner, provisioner, template) = set_up(&app).await;
    let id = provisioner.workspace(&owner, "box", &template).await;
    let stopped = provisioner.workspace(&owner, "still", &template).await;
    provisioner.build(&owner, &stopped, "stop").await;
    let mut watch = owner.events(&format!("/workspaces/{id}/watch")).await;
    watch.next_data().await.unwrap();
    let daily = json!({"days_of_week": ["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"],
        "weeks": 1});
    patch(&owner, &template, json!({"autostop_requirement": daily})).await;
    let told = watch.next_data().await.unwrap();
    let build = &shown(&owner, &id).await["latest_build"];
    assert_eq!(told["latest_build"]["max_deadline"], build["max_deadline"]);
    assert_eq!(build["deadline"], build["max_deadline"]);
    let latest = instant(&build["max_deadline"]);
    let now = app.clock.now();
    assert!(latest >= now + TimeDelta::hours(2) - TimeDelta::minutes(1));
    assert!(latest <= now + TimeDelta::hours(27));
    let build = &shown(&owner, &stopped).await["latest_build"];
    assert_eq!(build["max_deadline"], Value::Null);
    // Without the demand the deadline of this run stays, and may be moved again.
    let none = json!({"autostop_requirement": {"days_of_week": [], "weeks": 1}});
    patch(&owner, &template, none).await;
    let build = &shown(&owner, &id).await["latest_build"];
    assert_eq!(build["max_deadline"], Value::Null);
    assert_eq!(instant(&build["deadline"]), latest);
}

#[tokio::test]
async fn days_of_starts_move_the_next_start() {
    let app = TestApp::start().await;
    let (owner, provisioner, template) = set_up(&app).await;
    let id = provisioner.workspace(&owner, "box", &template).await;
    let schedule = json!({"schedule": "CRON_TZ=UTC 30 9 * * *"});
    owner
        .put(&format!("/workspaces/{id}/autostart"), schedule)
        .await
        .expect(204);
    for (days, expected) in [(json!(["sunday"]), Some("Sun")), (json!([]), None)] {
        let days = json!({"autostart_requirement": {"days_of_week": days}});
        patch(&owner, &template, days).await;
        let next = &shown(&owner, &id).await["next_start_at"];
        let day = next
            .as_str()
            .map(|_| instant(next).format("%a").to_string());
        assert_eq!(day.as_deref(), expected);
    }
}

#[tokio::test]
async fn dormant_workspaces_are_deleted_when_the_template_says() {
    let app = TestApp::start().await;
    let (owner, provisioner, template) = set_up(&app).await;
    let id = provisioner.workspace(&owner, "box", &template).await;
    let awake = provisioner.workspace(&owner, "other", &template).await;
    let dormant = format!("/workspaces/{id}/dormant");
    let asleep = owner.put(&dormant, json!({"dormant": true})).await;
    let since = instant(&asleep.expect(200)["dormant_at"]);
    let kept = json!({"time_til_dormant_autodelete_ms": 48 * HOUR});
    patch(&owner, &template, kept).await;
    let workspace = shown(&owner, &id).await;
    assert_eq!(instant(&workspace["dormant_at"]), since);
    assert_eq!(
        instant(&workspace["deleting_at"]),
        since + TimeDelta::hours(48)
    );
    assert_eq!(shown(&owner, &awake).await["deleting_at"], Value::Null);
    app.clock.advance(TimeDelta::hours(3));
    patch(
        &owner,
        &template,
        json!({"time_til_dormant_autodelete_ms": 24 * HOUR,
            "update_workspace_dormant_at": true, "update_workspace_last_used_at": true}),
    )
    .await;
    let workspace = shown(&owner, &id).await;
    let since = instant(&workspace["dormant_at"]);
    assert!(since >= app.clock.now() - TimeDelta::minutes(1));
    assert_eq!(
        instant(&workspace["deleting_at"]),
        since + TimeDelta::hours(24)
    );
    for id in [&id, &awake] {
        let used = instant(&shown(&owner, id).await["last_used_at"]);
        assert!(used >= app.clock.now() - TimeDelta::minutes(1));
    }
    patch(&owner, &template, json!({})).await;
    assert_eq!(shown(&owner, &id).await["deleting_at"], Value::Null);
}

#[tokio::test]
async fn only_the_active_version_is_built_where_it_is_required() {
    let app = TestApp::start().await;
    let (owner, provisioner, template) = set_up(&app).await;
    let ann = app.user(&owner, "ann").await;
    let id = provisioner.workspace(&ann, "box", &template).await;
    let old = shown(&ann, &id).await["latest_build"]["template_version_id"].clone();
    let new = provisioner.version(&owner, "v2", Some(&template)).await;
    owner
        .patch(
            &format!("/templates/{template}/versions"),
            json!({"id": new}),
        )
        .await
        .expect(200);
    provisioner.build(&ann, &id, "stop").await;
    patch(&owner, &template, json!({"require_active_version": true})).await;
    let builds = format!("/workspaces/{id}/builds");
    let start = |version: &Value| json!({"transition": "start", "template_version_id": version});
    ann.post(&builds, json!({"transition": "start"}))
        .await
        .expect(403);
    ann.post(&builds, start(&old)).await.expect(403);
    let order = json!({"name": "second", "template_version_id": old});
    ann.post("/users/me/workspaces", order.clone())
        .await
        .expect(403);
    owner.post("/users/me/workspaces", order).await.expect(201);
    ann.post(&builds, start(&json!(new))).await.expect(201);
}

#[tokio::test]
async fn a_deprecated_template_makes_no_workspaces() {
    let app = TestApp::start().await;
    let (owner, provisioner, template) = set_up(&app).await;
    let id = provisioner.workspace(&owner, "box", &template).await;
    patch(&owner, &template, json!({"deprecation_message": "too old"})).await;
    let order = json!({"name": "second", "template_id": template});
    let refused = owner.post("/users/me/workspaces", order.clone()).await;
    assert_eq!(refused.status, 400);
    assert_eq!(refused.json()["detail"], "too old");
    provisioner.build(&owner, &id, "stop").await;
    let found = owner.get("/templates?q=deprecated:true").await.expect(200);
    assert_eq!(found.as_array().unwrap().len(), 1);
    patch(&owner, &template, json!({"deprecation_message": ""})).await;
    owner.post("/users/me/workspaces", order).await.expect(201);
}

#[tokio::test]
async fn users_choose_their_quiet_hours() {
    let app = TestApp::start().await;
    let (owner, provisioner, template) = set_up(&app).await;
    let ann = app.user(&owner, "ann").await;
    let bob = app.user(&owner, "bob").await;
    let path = "/users/ann/quiet-hours";
    let usual = ann.get(path).await.expect(200);
    let next = instant(&usual["next"]);
    assert!(next > app.clock.now() && next <= app.clock.now() + TimeDelta::hours(24));
    assert_eq!(
        usual,
        json!({"raw_schedule": "CRON_TZ=UTC 0 0 * * *", "user_set": false, "user_can_set": true,
            "time": "00:00", "timezone": "UTC", "next": usual["next"]})
    );
    for bad in [
        "",
        "x",
        "0 9 * * 1",
        "0 9,10 * * *",
        "CRON_TZ=Nowhere/Here 0 9 * * *",
    ] {
        let refused = ann.put(path, json!({"schedule": bad})).await;
        assert_eq!(
            (refused.status.as_u16(), refused.fields()),
            (400, vec!["schedule".to_owned()]),
            "{bad:?}"
        );
    }
    let own = json!({"schedule": "CRON_TZ=Asia/Tokyo 5 3 * * *"});
    bob.put(path, own.clone()).await.expect(400);
    let set = ann.put("/users/me/quiet-hours", own).await.expect(200);
    assert_eq!(set["time"], "03:05");
    assert_eq!(set["timezone"], "Asia/Tokyo");
    assert_eq!(set["user_set"], true);
    assert_eq!(owner.get(path).await.expect(200), set);
    let entries = owner.get("/audit?q=resource_type:user&limit=1").await;
    let entry = &entries.expect(200)["audit_logs"][0];
    assert_eq!(
        entry["diff"]["quiet_hours_schedule"]["new"],
        "CRON_TZ=Asia/Tokyo 5 3 * * *"
    );

    // A demanded stop is at these hours.
    let daily = json!([
        "monday",
        "tuesday",
        "wednesday",
        "thursday",
        "friday",
        "saturday",
        "sunday"
    ]);
    let daily = json!({"autostop_requirement": {"days_of_week": daily, "weeks": 1}});
    patch(&owner, &template, daily).await;
    let id = provisioner.workspace(&ann, "box", &template).await;
    let latest = instant(&shown(&ann, &id).await["latest_build"]["max_deadline"]);
    assert_eq!(latest.format("%H:%M").to_string(), "18:05");
}

#[tokio::test]
async fn a_deployment_chooses_quiet_hours_for_all() {
    let mut options = Options::default();
    options.settings.allow_custom_quiet_hours = false;
    options.settings.default_quiet_hours_schedule = "0 2 * * *".to_owned();
    let app = TestApp::with(options).await;
    let owner = app.owner().await;
    let path = "/users/me/quiet-hours";
    let shown = owner.get(path).await.expect(200);
    assert_eq!(shown["raw_schedule"], "CRON_TZ=UTC 0 2 * * *");
    assert_eq!(shown["user_can_set"], false);
    let own = json!({"schedule": "0 9 * * *"});
    owner.put(path, own).await.expect(403);
}
