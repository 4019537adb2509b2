//! Workspaces statement by statement: what is checked before one is made, how one is found, and
//! what its settings do. The ids are those of the specification that the incumbent's behaviour
//! is written down in.

use chrono::TimeDelta;
use http::Method;
use serde_json::{Value, json};

use crate::fixture::{Client, Options, Provisioner, TestApp, at};

const LOST: &str = "deadbeef-0000-4000-8000-000000000000";

struct Site {
    app: TestApp,
    owner: Client,
    provisioner: Provisioner,
    template: String,
}

impl Site {
    async fn new() -> Self {
        Self::with(Options::default()).await
    }

    async fn with(options: Options) -> Self {
        let app = TestApp::with(options).await;
        let owner = app.owner().await;
        let provisioner = app.provisioner(&owner).await;
        let template = provisioner.template(&owner, "tpl").await;
        Self {
            app,
            owner,
            provisioner,
            template,
        }
    }

    /// Makes and builds a workspace; gives its path.
    async fn workspace(&self, name: &str) -> String {
        let id = self
            .provisioner
            .workspace(&self.owner, name, &self.template);
        format!("/workspaces/{}", id.await)
    }

    /// Sets columns of the template behind the back of its operations.
    async fn set(&self, assignment: &str) {
        let statement = format!("UPDATE templates SET {assignment}");
        let statement = sqlx::AssertSqlSafe(statement);
        sqlx::query(statement).execute(&self.app.db).await.unwrap();
    }

    async fn deadline(&self, path: &str) -> Value {
        let shown = self.owner.get(path).await.expect(200);
        at(&shown, "latest_build.deadline").clone()
    }
}

/// WS-43, WS-44.
#[tokio::test]
async fn names_and_sources_have_rules() {
    let site = Site::new().await;
    let post = async |body: Value| site.owner.post("/users/me/workspaces", body).await;
    let long = "a".repeat(33);
    for name in [
        "", "a b", "-a", "a-", "a--b", "a_b", "new", "create", "é", &long,
    ] {
        let refused = post(json!({"name": name, "template_id": site.template})).await;
        assert_eq!(refused.status, 400, "{name:?}");
        assert_eq!(refused.fields(), ["name"], "{name:?}");
    }
    let both = json!({"name": "a", "template_id": site.template, "template_version_id": LOST});
    for (body, expected) in [
        (both, ["template_id", "template_version_id"]),
        (json!({"name": "a"}), ["template_id", "template_version_id"]),
    ] {
        let refused = post(body.clone()).await;
        assert_eq!(
            (refused.status.as_u16(), refused.fields()),
            (400, expected.map(str::to_owned).to_vec()),
            "{body}"
        );
    }
    // Keys in any letter case, unknown ones, and whatever follows the first value.
    let odd = format!(
        r#"{{"NAME": "A-1b", "Template_ID": "{}", "odd": 1}} and more"#,
        site.template
    );
    let made = site
        .owner
        .send(Method::POST, "/users/me/workspaces", &[], odd)
        .await;
    assert_eq!(made.expect(201)["name"], "A-1b");
}

/// WS-42, WS-45 to WS-49.
#[tokio::test]
async fn a_new_workspace_takes_what_its_template_says() {
    let site = Site::new().await;
    site.set(
        "default_ttl_ns = 3600000000000, allow_user_autostart = false, allow_user_autostop = true",
    )
    .await;
    let post = async |name: &str, more: Value| {
        let mut body = json!({"name": name, "template_id": site.template});
        body.as_object_mut()
            .unwrap()
            .extend(more.as_object().unwrap().clone());
        site.owner
            .post("/users/me/workspaces", body)
            .await
            .expect(201)
    };
    for (name, ttl) in [
        ("absent", json!({})),
        ("null", json!({"ttl_ms": null})),
        ("zero", json!({"ttl_ms": 0})),
    ] {
        let made = post(name, ttl).await;
        assert_eq!(made["ttl_ms"], 3_600_000, "{name}");
        assert_eq!(made["automatic_updates"], "never");
        assert_eq!(made["next_start_at"], Value::Null);
        let build = &made["latest_build"];
        assert_eq!(build["build_number"], 1);
        assert_eq!(build["transition"], "start");
        assert_eq!(build["reason"], "initiator");
        assert_eq!(build["status"], "pending");
        assert_eq!(build["resources"], json!([]));
        assert_eq!(build["template_version_name"], "");
    }
    assert_eq!(
        post("own", json!({"ttl_ms": 90_500})).await["ttl_ms"],
        60_000
    );
    // Whether users may choose is asked only when they change their minds.
    let made = post(
        "starts",
        json!({"autostart_schedule": "CRON_TZ=Europe/Berlin 30 9 * * 1-5"}),
    )
    .await;
    assert_eq!(
        made["autostart_schedule"],
        "CRON_TZ=Europe/Berlin 30 9 * * 1-5"
    );
    assert_eq!(made["next_start_at"], "2026-01-06T08:30:00Z");
}

/// Checks 2 to 8 of section 3, WS-41, WS-53.
#[tokio::test]
async fn what_a_workspace_is_made_from_is_checked_in_order() {
    let site = Site::new().await;
    let ann = site.app.user(&site.owner, "ann").await;
    let organization = site.app.organization(&site.owner).await;
    let order = |name: &str| json!({"name": name, "template_id": site.template, "ttl_ms": 1});
    // What else is wrong does not matter before rights are settled.
    let path = format!("/organizations/{organization}/members/admin/workspaces");
    assert_eq!(ann.post(&path, order("x")).await.status, 404);
    let own = format!("/organizations/{organization}/members/me/workspaces");
    let made = json!({"name": "own", "template_id": site.template});
    let made = ann.post(&own, made).await.expect(201);
    assert_eq!(made["organization_id"], json!(organization));
    let path = format!("/organizations/{organization}/members/ann/workspaces");
    let given = json!({"name": "gift", "template_id": site.template});
    let given = site.owner.post(&path, given).await.expect(201);
    assert_eq!(given["owner_name"], "ann");
    assert_eq!(at(&given, "latest_build.initiator_name"), "admin");
    site.set("deprecated = 'use the other one'").await;
    let refused = ann.post(&own, order("x")).await;
    assert_eq!(refused.status, 400);
    assert_eq!(refused.json()["detail"], "use the other one");
    site.set("deprecated = '', deleted = true").await;
    assert_eq!(ann.post(&own, order("x")).await.status, 404);
}

/// WS-54, WS-60 to WS-64.
#[tokio::test]
async fn of_equal_names_the_living_then_the_youngest_is_found() {
    let site = Site::new().await;
    let mut ids = Vec::new();
    for _ in 0..2 {
        let path = site.workspace("box").await;
        ids.push(path.trim_start_matches("/workspaces/").to_owned());
        site.provisioner
            .build(&site.owner, &ids[ids.len() - 1], "delete")
            .await;
        site.app.clock.advance(TimeDelta::hours(1));
    }
    let by_name = "/users/me/workspace/BOX";
    let deleted = format!("{by_name}?include_deleted=1");
    assert_eq!(site.owner.get(by_name).await.status, 404);
    assert_eq!(
        site.owner.get(&deleted).await.expect(200)["id"],
        json!(ids[1])
    );
    let live = site.workspace("Box").await;
    let live = live.trim_start_matches("/workspaces/");
    assert_eq!(site.owner.get(by_name).await.expect(200)["id"], live);
    assert_eq!(site.owner.get(&deleted).await.expect(200)["id"], live);
    let by_id = format!("/workspaces/{live}?include_deleted=maybe");
    assert_eq!(site.owner.get(&by_id).await.fields(), ["deleted"]);
    let bad = format!("{by_name}?include_deleted=maybe");
    assert_eq!(site.owner.get(&bad).await.fields(), ["include_deleted"]);
    assert_eq!(
        site.owner.get("/users/me/workspace/a_b--c").await.status,
        404
    );
}

/// WS-74 to WS-77.
#[tokio::test]
async fn a_page_is_read_before_the_search() {
    let site = Site::new().await;
    for (query, expected) in [
        ("limit=-1&q=colour:red", vec!["limit"]),
        (
            "limit=x&offset=y&after_id=z",
            vec!["after_id", "limit", "offset"],
        ),
        ("limit=2147483648", vec!["limit"]),
        ("limit=1&limit=2", vec!["limit"]),
        ("q=colour:red+status:odd", vec!["colour", "status"]),
    ] {
        let refused = site.owner.get(&format!("/workspaces?{query}")).await;
        let mut fields = refused.fields();
        fields.sort();
        assert_eq!(
            (refused.status.as_u16(), fields),
            (400, expected.into_iter().map(str::to_owned).collect()),
            "{query}"
        );
    }
    let ignored = format!("/workspaces?after_id={LOST}&limit=&offset=2147483647");
    site.owner.get(&ignored).await.expect(200);
}

/// WS-71, WS-72: rights are part of the search, so pages are full and the count is right.
#[tokio::test]
async fn what_is_hidden_takes_no_room_on_a_page() {
    let site = Site::new().await;
    let ann = site.app.user(&site.owner, "ann").await;
    for n in 0..3 {
        site.workspace(&format!("a-{n}")).await;
        site.provisioner
            .workspace(&ann, &format!("b-{n}"), &site.template)
            .await;
    }
    for (page, expected) in [
        ("limit=2", vec!["b-0", "b-1"]),
        ("limit=2&offset=2", vec!["b-2"]),
        ("limit=2&offset=4", vec![]),
    ] {
        let list = ann.get(&format!("/workspaces?{page}")).await.expect(200);
        let workspaces = list["workspaces"].as_array().unwrap();
        let names: Vec<_> = workspaces
            .iter()
            .map(|one| one["name"].as_str().unwrap())
            .collect();
        assert_eq!(
            (list["count"].as_i64(), names),
            (Some(3), expected),
            "{page}"
        );
    }
}

/// WS-90 to WS-94.
#[tokio::test]
async fn renaming_is_refused_in_order() {
    let site = Site::new().await;
    let path = site.workspace("box").await;
    site.workspace("other").await;
    let rename = async |name: Value| {
        let answer = site.owner.patch(&path, json!({"name": name})).await;
        answer.status.as_u16()
    };
    assert_eq!(rename(json!("")).await, 400);
    assert_eq!(site.owner.patch(&path, json!({})).await.fields(), ["name"]);
    assert_eq!(rename(json!("a b")).await, 400);
    let taken = site.owner.patch(&path, json!({"name": "OTHER"})).await;
    assert_eq!(
        (taken.status.as_u16(), taken.fields()),
        (409, vec!["name".to_owned()])
    );
    assert_eq!(rename(json!("Box")).await, 204);
    let id = path.trim_start_matches("/workspaces/");
    site.provisioner.build(&site.owner, id, "delete").await;
    assert_eq!(rename(json!("later")).await, 405);
}

/// WS-91, WS-92.
#[tokio::test]
async fn renaming_can_be_off() {
    let mut options = Options::default();
    options.settings.allow_workspace_renames = false;
    let site = Site::with(options).await;
    let path = site.workspace("box").await;
    site.owner
        .patch(&path, json!({"name": "box"}))
        .await
        .expect(204);
    assert_eq!(
        site.owner.patch(&path, json!({"name": "Box"})).await.status,
        400
    );
    assert_eq!(
        site.owner.get(&path).await.expect(200)["allow_renames"],
        false
    );
}

/// WS-100 to WS-106.
#[tokio::test]
async fn schedules_and_times_to_live_have_rules() {
    let site = Site::new().await;
    let path = site.workspace("box").await;
    let put = async |setting: &str, body: Value| {
        let answer = site.owner.put(&format!("{path}/{setting}"), body).await;
        let fields = if answer.raw.is_empty() {
            Vec::new()
        } else {
            answer.fields()
        };
        (answer.status.as_u16(), fields.join(" "))
    };
    let no = |field: &str| (400, field.to_owned());
    let yes = || (204, String::new());
    for (schedule, expected) in [
        ("CRON_TZ=US/Central 30 9 * * 1-5", yes()),
        ("*/30 * * * MON-fri", yes()),
        ("30 9 1 * 1-5", no("schedule")),
        ("30 9 * * 7", no("schedule")),
        ("@daily", no("schedule")),
        ("TZ=UTC 30 9 * * *", no("schedule")),
        ("CRON_TZ=Mars/Base 30 9 * * *", no("schedule")),
        ("", yes()),
    ] {
        assert_eq!(
            put("autostart", json!({"schedule": schedule})).await,
            expected,
            "{schedule}"
        );
    }
    assert_eq!(put("autostart", json!({})).await, yes());
    for (ttl, expected) in [
        (json!(59_999), no("ttl_ms")),
        (json!(-60_000), no("ttl_ms")),
        (json!(60_000), yes()),
        (json!(2_592_059_999_i64), yes()),
        (json!(2_592_060_000_i64), no("ttl_ms")),
    ] {
        assert_eq!(put("ttl", json!({"ttl_ms": ttl})).await, expected, "{ttl}");
    }
    // A new time to live counts from the next build on.
    assert_eq!(site.deadline(&path).await, Value::Null);
    let id = path.trim_start_matches("/workspaces/");
    site.provisioner.build(&site.owner, id, "stop").await;
    assert_eq!(site.deadline(&path).await, "2026-02-04T09:00:00Z");
    // Only a started workspace loses its deadline with its time to live.
    assert_eq!(put("ttl", json!({"ttl_ms": null})).await, yes());
    assert_eq!(site.deadline(&path).await, "2026-02-04T09:00:00Z");
    // Where the template decides, that is said before the value is looked at; syntax goes first.
    site.set("allow_user_autostart = false, allow_user_autostop = false")
        .await;
    assert_eq!(put("ttl", json!({"ttl_ms": 3_600_000})).await, no("ttl_ms"));
    assert_eq!(
        put("autostart", json!({"schedule": ""})).await,
        no("schedule")
    );
}

/// WS-107 to WS-110.
#[tokio::test]
async fn sleeping_and_waking_set_what_belongs_to_them() {
    let site = Site::new().await;
    let order =
        json!({"name": "box", "template_id": site.template, "autostart_schedule": "0 9 * * *"});
    let made = site
        .owner
        .post("/users/me/workspaces", order)
        .await
        .expect(201);
    site.provisioner.work_off().await;
    let path = format!("/workspaces/{}", made["id"].as_str().unwrap());
    site.set("time_til_dormant_autodelete_ns = 86400000000000")
        .await;
    site.app.clock.advance(TimeDelta::hours(1));
    let put = async |dormant: Value| site.owner.put(&format!("{path}/dormant"), dormant).await;
    assert_eq!(put(json!({})).await.status, 304);
    let asleep = put(json!({"dormant": true})).await.expect(200);
    assert_eq!(asleep["dormant_at"], "2026-01-05T10:00:00Z");
    assert_eq!(asleep["deleting_at"], "2026-01-06T10:00:00Z");
    assert_eq!(asleep["last_used_at"], "2026-01-05T09:00:00Z");
    assert_eq!(asleep["next_start_at"], Value::Null);
    assert_eq!(put(json!({"dormant": true})).await.status, 304);
    let builds = format!("{path}/builds");
    let build = async |transition: &str| {
        let body = json!({"transition": transition});
        let status = site.owner.post(&builds, body).await.status.as_u16();
        site.provisioner.work_off().await;
        status
    };
    assert_eq!(build("start").await, 403);
    assert_eq!(build("stop").await, 201);
    site.app.clock.advance(TimeDelta::hours(1));
    let awake = put(json!({"dormant": false})).await.expect(200);
    assert_eq!(awake["dormant_at"], Value::Null);
    assert_eq!(awake["deleting_at"], Value::Null);
    assert_eq!(awake["last_used_at"], "2026-01-05T11:00:00Z");
    assert_eq!(build("start").await, 201);
}

/// WS-119 to WS-121.
#[tokio::test]
async fn a_deadline_moves_within_its_bounds() {
    let site = Site::new().await;
    let path = site.workspace("box").await;
    let extend = async |deadline: Value| {
        let answer = site
            .owner
            .put(&format!("{path}/extend"), json!({"deadline": deadline}))
            .await;
        answer.status.as_u16()
    };
    for absent in [json!(null), json!("0001-01-01T00:00:00Z")] {
        assert_eq!(extend(absent).await, 400);
    }
    // Nothing to move: the workspace stops only by hand.
    assert_eq!(extend(json!("2026-01-05T12:00:00Z")).await, 409);
    site.owner
        .put(&format!("{path}/ttl"), json!({"ttl_ms": 7_200_000}))
        .await
        .expect(204);
    let id = path.trim_start_matches("/workspaces/");
    site.provisioner.build(&site.owner, id, "stop").await;
    assert_eq!(extend(json!("2026-01-05T12:00:00Z")).await, 409);
    site.provisioner.build(&site.owner, id, "start").await;
    for (deadline, status) in [
        ("2026-01-05T09:28:59Z", 400),
        ("2026-01-05T09:29:00Z", 200),
        ("2027-01-05T09:00:00Z", 200),
        ("2026-01-05T12:00:00+01:00", 200),
    ] {
        assert_eq!(extend(json!(deadline)).await, status, "{deadline}");
    }
    assert_eq!(site.deadline(&path).await, "2026-01-05T11:00:00Z");
    let latest = "UPDATE workspace_builds SET max_deadline = '2026-01-05 12:00:00+00'";
    sqlx::query(latest).execute(&site.app.db).await.unwrap();
    assert_eq!(extend(json!("2026-01-05T12:00:01Z")).await, 400);
    assert_eq!(extend(json!("2026-01-05T12:00:00Z")).await, 200);
}

/// WS-113, WS-112.
#[tokio::test]
async fn what_one_likes_is_ones_own() {
    let site = Site::new().await;
    let ann = site.app.user(&site.owner, "ann").await;
    let id = site
        .provisioner
        .workspace(&ann, "box", &site.template)
        .await;
    let path = format!("/workspaces/{id}");
    for _ in 0..2 {
        ann.put(&format!("{path}/favorite"), json!({}))
            .await
            .expect(204);
    }
    assert_eq!(ann.get(&path).await.expect(200)["favorite"], true);
    assert_eq!(site.owner.get(&path).await.expect(200)["favorite"], false);
    assert_eq!(
        site.owner.delete(&format!("{path}/favorite")).await.status,
        403
    );
    for _ in 0..2 {
        ann.delete(&format!("{path}/favorite")).await.expect(204);
    }
    for word in [json!("sometimes"), json!(""), json!("ALWAYS")] {
        let body = json!({"automatic_updates": word});
        let refused = ann.put(&format!("{path}/autoupdates"), body).await;
        assert_eq!(refused.fields(), ["automatic_updates"], "{word}");
    }
}

/// WS-126 to WS-129.
#[tokio::test]
async fn timings_are_three_lists_also_before_there_are_any() {
    let site = Site::new().await;
    let order = json!({"name": "box", "template_id": site.template});
    let made = site
        .owner
        .post("/users/me/workspaces", order)
        .await
        .expect(201);
    let path = format!("/workspaces/{}/timings", made["id"].as_str().unwrap());
    let none = json!({"provisioner_timings": [], "agent_script_timings": [], "agent_connection_timings": []});
    assert_eq!(site.owner.get(&path).await.expect(200), none);
    site.provisioner.work_off().await;
    let shown = site.owner.get(&path).await.expect(200);
    let wait = &shown["agent_connection_timings"][0];
    assert_eq!(wait["stage"], "connect");
    assert_eq!(wait["started_at"], "2026-01-05T09:00:00Z");
    assert_eq!(wait["ended_at"], "0001-01-01T00:00:00Z");
    assert_eq!(wait["workspace_agent_name"], "main");
}
