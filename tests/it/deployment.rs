//! What the deployment tells about itself: its settings, its health, small lists.

use serde_json::json;
use workspaced::{
    domain::given_settings::{GivenSetting, SettingSource, SettingValue},
    service::settings::Settings,
};

use crate::fixture::{Options, TestApp};

fn given(variable: &str, flag: &str, value: SettingValue) -> GivenSetting {
    GivenSetting {
        variable: variable.to_owned(),
        flag: flag.to_owned(),
        short_flag: None,
        description: "What it is for".to_owned(),
        default: String::new(),
        value,
        source: SettingSource::Environment,
    }
}

#[tokio::test]
async fn administrators_see_the_settings_without_secrets() {
    let mut settings = Settings::new("https://dev.example.com".parse().unwrap());
    settings.given = vec![
        given(
            "CODER_PG_CONNECTION_URL",
            "postgres-url",
            SettingValue::Secret,
        ),
        given(
            "CODER_API_RATE_LIMIT",
            "api-rate-limit",
            SettingValue::Number(7),
        ),
        given(
            "CODER_EXPERIMENTS",
            "experiments",
            SettingValue::List(Vec::new()),
        ),
    ];
    let app = TestApp::with(Options {
        settings,
        ..Options::default()
    })
    .await;
    let owner = app.owner().await;
    let member = app.user(&owner, "member").await;
    assert_eq!(member.get("/deployment/config").await.status, 403);
    let shown = owner.get("/deployment/config").await.expect(200);
    assert_eq!(shown["config"]["access_url"], "https://dev.example.com");
    assert_eq!(shown["config"]["rate_limit"]["api"], 7);
    assert_eq!(shown["config"].get("pg_connection_url"), None);
    assert_eq!(shown["options"][0]["name"], "API Rate Limit");
    assert_eq!(shown["options"][0]["value"], 7);
    assert_eq!(shown["options"][1]["value"], json!(null));
    let secret = &shown["options"][2];
    assert_eq!(secret["annotations"], json!({"secret": "true"}));
    assert_eq!(secret.get("value"), None);
}

#[tokio::test]
async fn the_health_report_is_for_administrators_who_may_mute_it() {
    let app = TestApp::start().await;
    let owner = app.owner().await;
    let member = app.user(&owner, "member").await;
    for path in ["/debug/health", "/debug/health/settings"] {
        assert_eq!(member.get(path).await.status, 404, "{path}");
    }
    let settings = owner.get("/debug/health/settings").await.expect(200);
    assert_eq!(settings, json!({"dismissed_healthchecks": []}));
    let wanted = json!({"dismissed_healthchecks": ["Database", "DERP"]});
    let path = "/debug/health/settings";
    owner.put(path, wanted.clone()).await.expect(200);
    assert_eq!(owner.put(path, wanted).await.status, 204);
    let unknown = json!({"dismissed_healthchecks": ["Weather"]});
    let refused = owner.put(path, unknown).await;
    assert_eq!(refused.fields(), ["dismissed_healthchecks"]);
    let report = owner.get("/debug/health").await.expect(200);
    assert_eq!(report["database"]["dismissed"], true);
    assert_eq!(report["database"]["reachable"], true);
    assert_eq!(report["access_url"]["dismissed"], false);
    // Nothing listens at the access URL of a test, and no daemon runs.
    assert_eq!(report["access_url"]["reachable"], false);
    assert_eq!(report["severity"], "error");
    assert_eq!(
        report["provisioner_daemons"]["warnings"][0]["code"],
        "EPD01"
    );
    let log = owner
        .get("/audit?q=resource_type:health_settings")
        .await
        .expect(200);
    assert_eq!(log["count"], 1);
}

#[tokio::test]
async fn small_lists_have_their_shapes() {
    let app = TestApp::start().await;
    let owner = app.owner().await;
    let links = owner.get("/external-auth").await.expect(200);
    assert_eq!(links, json!({"providers": [], "links": []}));
    let proxies = owner.get("/workspaceproxies").await.expect(200);
    assert_eq!(proxies["regions"][0]["name"], "primary");
    assert_eq!(proxies["regions"][0]["status"]["status"], "ok");
    let days = owner.get("/insights/daus?tz_offset=-2").await.expect(200);
    assert_eq!(days["tz_hour_offset"], -2);
    assert!(days["entries"].as_array().unwrap().len() > 30);
    assert_eq!(owner.get("/insights/daus?tz_offset=x").await.status, 400);
    let member = app.user(&owner, "member").await;
    assert_eq!(member.get("/insights/daus").await.status, 403);
}
