//! Signing in through an `OpenID` Connect provider.

use http::Method;
use serde_json::{Value, json};

use crate::fixture::{Client, Issuer, Options, TestApp, at, cookies};

/// An application that lets people in through a provider, and its owner.
async fn start(
    change: impl FnOnce(&mut workspaced::domain::identity::OidcSettings),
) -> (TestApp, Issuer, Client) {
    let issuer = Issuer::start().await;
    let mut settings = issuer.settings();
    change(&mut settings);
    let mut options = Options::default();
    options.settings.oidc = Some(settings.into());
    let app = TestApp::with(options).await;
    let owner = app.owner().await;
    (app, issuer, owner)
}

fn kyle() -> Value {
    json!({"email": "kyle@example.com", "email_verified": true, "preferred_username": "kyle",
        "name": "Kyle K", "picture": "/kyle.png"})
}

/// Signs in and gives the session.
async fn come_in(app: &TestApp, issuer: &Issuer) -> Client {
    let answer = issuer.sign_in(&app.anonymous()).await;
    assert_eq!(
        answer.status,
        307,
        "{}",
        String::from_utf8_lossy(&answer.raw)
    );
    let all = cookies(&answer);
    let token = all
        .split("; ")
        .find_map(|pair| pair.strip_prefix("coder_session_token="));
    Client::at(app, Some(token.unwrap().to_owned()))
}

async fn status(app: &TestApp, issuer: &Issuer) -> u16 {
    issuer.sign_in(&app.anonymous()).await.status.as_u16()
}

#[tokio::test]
async fn somebody_new_signs_up_and_comes_back_as_the_same_user() {
    let (app, issuer, owner) = start(|_| {}).await;
    let methods = app.anonymous().get("/users/authmethods").await.expect(200);
    assert_eq!(
        methods["oidc"],
        json!({"enabled": true, "signInText": "Our provider", "iconUrl": "/icon.svg"})
    );
    issuer.say(kyle());
    let client = come_in(&app, &issuer).await;
    let me = client.get("/users/me").await.expect(200);
    assert_eq!(me["username"], "kyle");
    assert_eq!(me["name"], "Kyle K");
    assert_eq!(me["avatar_url"], "/kyle.png");
    assert_eq!(me["login_type"], "oidc");
    assert_eq!(
        at(&me, "organization_ids.0"),
        &json!(app.organization(&owner).await)
    );
    // The provider knows the person by the subject: another address is the same user's.
    let mut changed = kyle();
    changed["email"] = json!("new@example.com");
    issuer.say(changed);
    let again = come_in(&app, &issuer).await;
    let now = again.get("/users/me").await.expect(200);
    assert_eq!(
        (&now["id"], &now["email"]),
        (&me["id"], &json!("new@example.com"))
    );
}

#[tokio::test]
async fn an_answer_needs_this_browsers_state() {
    let (app, issuer, _) = start(|_| {}).await;
    issuer.say(kyle());
    let browser = app.anonymous();
    let path = "/users/oidc/callback?code=the-code";
    assert_eq!(browser.get(path).await.status, 400);
    assert_eq!(browser.get(&format!("{path}&state=x")).await.status, 401);
    let (state, cookies) = issuer.begin(&browser, "/users/oidc/callback").await;
    let headers = [("cookie", cookies.as_str())];
    let wrong = browser
        .send(Method::GET, &format!("{path}&state=x"), &headers, "")
        .await;
    assert_eq!(wrong.status, 401);
    // The provider compares the challenge with the browser's own secret.
    let stolen = format!("oauth_state={state}; oauth_verifier=another");
    let headers = [("cookie", stolen.as_str())];
    let path = format!("{path}&state={state}");
    assert_eq!(
        browser.send(Method::GET, &path, &headers, "").await.status,
        400
    );
    let error = browser
        .get("/users/oidc/callback?error=access_denied")
        .await;
    assert_eq!(error.status, 400);
}

#[tokio::test]
async fn the_way_back_stays_on_this_server() {
    let (app, issuer, _) = start(|_| {}).await;
    issuer.say(kyle());
    let browser = app.anonymous();
    let from = "/users/oidc/callback?redirect=https%3A%2F%2Fevil.example%2Fworkspaces";
    let (state, cookies) = issuer.begin(&browser, from).await;
    let path = format!("/users/oidc/callback?code=the-code&state={state}");
    let headers = [("cookie", cookies.as_str())];
    let back = browser.send(Method::GET, &path, &headers, "").await;
    assert_eq!(
        (back.status.as_u16(), &back.headers["location"]),
        (307, &"/workspaces".parse().unwrap())
    );
}

#[tokio::test]
async fn only_tokens_of_the_issuer_for_us_and_of_now_count() {
    let (app, issuer, _) = start(|_| {}).await;
    for (claim, value) in [
        ("aud", json!("another")),
        ("iss", json!("https://another.example")),
        ("exp", json!(1_000)),
        ("nonce", json!("another")),
        ("sub", json!("")),
    ] {
        let mut claims = kyle();
        claims[claim] = value;
        issuer.say(claims);
        assert_eq!(status(&app, &issuer).await, 400, "{claim}");
    }
    issuer.say(kyle());
    issuer.tell(json!({"sub": "another"}));
    assert_eq!(status(&app, &issuer).await, 400);
    issuer.tell(json!({}));
    issuer.break_signatures();
    assert_eq!(status(&app, &issuer).await, 400);
    issuer.forget_id_tokens();
    assert_eq!(status(&app, &issuer).await, 400);
}

#[tokio::test]
async fn some_may_not_come_in() {
    let (app, issuer, owner) = start(|settings| {
        settings.email_domains = vec!["@Example.com".to_owned()];
        settings.allow_signups = false;
    })
    .await;
    issuer.say(kyle());
    assert_eq!(status(&app, &issuer).await, 403);
    issuer.say(json!({"email": "admin@example.com"}));
    // The owner signs in by password.
    assert_eq!(status(&app, &issuer).await, 403);
    issuer.say(json!({"email": "kyle@example.com", "email_verified": false}));
    assert_eq!(status(&app, &issuer).await, 403);
    issuer.say(json!({"email": "kyle@sub.example.com"}));
    assert_eq!(status(&app, &issuer).await, 403);
    issuer.say(json!({"email": 3}));
    assert_eq!(status(&app, &issuer).await, 400);
    let organization = app.organization(&owner).await;
    let body = json!({"username": "kyle", "email": "kyle@example.com", "login_type": "oidc",
        "organization_ids": [organization]});
    owner.post("/users", body).await.expect(201);
    issuer.say(kyle());
    come_in(&app, &issuer).await;
    let mut other = kyle();
    other["sub"] = json!("somebody else");
    issuer.say(other);
    assert_eq!(status(&app, &issuer).await, 403);
    owner
        .put("/users/kyle/status/suspend", json!({}))
        .await
        .expect(200);
    issuer.say(kyle());
    assert_eq!(status(&app, &issuer).await, 401);
}

#[tokio::test]
async fn groups_and_roles_follow_the_claims() {
    let (app, issuer, owner) = start(|settings| {
        settings.groups.field = "groups".to_owned();
        settings.groups.auto_create_missing_groups = true;
        settings.role_field = "roles".to_owned();
        settings.role_mapping = [("boss".to_owned(), vec!["owner".to_owned()])].into();
    })
    .await;
    let with = |groups: Value, roles: Value| {
        let mut claims = kyle();
        claims["groups"] = groups;
        claims["roles"] = roles;
        claims
    };
    issuer.say(with(
        json!(["red", "blue"]),
        json!(["boss", "unknown", "auditor"]),
    ));
    come_in(&app, &issuer).await;
    let user = owner.get("/users/kyle").await.expect(200);
    assert_eq!(at(&user, "roles.0.name"), "owner");
    assert_eq!(at(&user, "roles.1.name"), "auditor");
    let organization = app.organization(&owner).await;
    let members = async |group: &str| {
        let path = format!("/organizations/{organization}/groups/{group}");
        owner.get(&path).await.expect(200)["total_member_count"].clone()
    };
    assert_eq!(
        (members("red").await, members("blue").await),
        (json!(1), json!(1))
    );
    issuer.say(with(json!("blue"), json!([])));
    come_in(&app, &issuer).await;
    assert_eq!(
        (members("red").await, members("blue").await),
        (json!(0), json!(1))
    );
    assert_eq!(
        owner.get("/users/kyle").await.expect(200)["roles"],
        json!([])
    );
}

#[tokio::test]
async fn a_provider_that_names_no_subject_knows_people_by_their_address() {
    let (app, issuer, _owner) = start(|_| {}).await;
    let mut nameless = kyle();
    nameless["sub"] = Value::Null;
    issuer.say(nameless.clone());
    // Nothing more to tell.
    issuer.tell(Value::Null);
    let me =
        |client: Client| async move { client.get("/users/me").await.expect(200)["id"].clone() };
    let first = me(come_in(&app, &issuer).await).await;
    assert_eq!(me(come_in(&app, &issuer).await).await, first);
    let mut other = nameless.clone();
    other["email"] = json!("other@example.com");
    issuer.say(other);
    assert_ne!(me(come_in(&app, &issuer).await).await, first);
    // Once the provider has named the person, the address alone opens nothing.
    issuer.say(kyle());
    assert_eq!(me(come_in(&app, &issuer).await).await, first);
    issuer.say(nameless);
    assert_eq!(status(&app, &issuer).await, 403);
}
