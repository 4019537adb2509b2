//! Watching all workspaces that fit a search.

use serde_json::{Value, json};

use crate::fixture::{Client, Events, Provisioner, TestApp};

async fn all(client: &Client, query: &str) -> Events {
    let mut events = client.events(&format!("/workspaces/watch{query}")).await;
    assert_eq!(events.next().await, Some(("ping".to_owned(), None)));
    events
}

/// The next event that is no ping.
async fn next(events: &mut Events) -> (String, Value) {
    loop {
        if let (name, Some(data)) = events.next().await.unwrap() {
            return (name, data);
        }
    }
}

/// The next state, as name and status.
async fn state(events: &mut Events) -> (String, String) {
    let (name, data) = next(events).await;
    assert_eq!(name, "data", "{data}");
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    (text(&data["name"]), text(&data["latest_build"]["status"]))
}

fn removed(id: &str) -> (String, Value) {
    ("removed".to_owned(), json!({"id": id}))
}

async fn rename(client: &Client, id: &str, name: &str) {
    let path = format!("/workspaces/{id}");
    client.patch(&path, json!({"name": name})).await.expect(204);
}

async fn setup(app: &TestApp) -> (Client, Provisioner, String) {
    let owner = app.owner().await;
    let provisioner = app.provisioner(&owner).await;
    let template = provisioner.template(&owner, "tpl").await;
    (owner, provisioner, template)
}

#[tokio::test]
async fn workspaces_come_change_and_go() {
    let app = TestApp::start().await;
    let (owner, provisioner, template) = setup(&app).await;
    let first = provisioner.workspace(&owner, "first", &template).await;
    let mut events = all(&owner, "").await;
    rename(&owner, &first, "renamed").await;
    let expected = owner.get(&format!("/workspaces/{first}")).await;
    let expected = String::from_utf8(expected.raw).unwrap();
    let event = events.next_raw().await.unwrap();
    assert_eq!(
        event,
        format!("event: data\ndata: {}\n\n", expected.trim_end())
    );
    let second = provisioner.workspace(&owner, "second", &template).await;
    // Creation itself is no event; that its job is taken is one.
    let mut last = String::new();
    while last != "running" {
        let (name, status) = state(&mut events).await;
        assert_eq!(name, "second");
        last = status;
    }
    provisioner.build(&owner, &second, "delete").await;
    loop {
        match next(&mut events).await {
            (name, data) if name == "data" => assert_eq!(data["name"], "second"),
            gone => {
                assert_eq!(gone, removed(&second));
                break;
            }
        }
    }
    rename(&owner, &first, "again").await;
    assert_eq!(state(&mut events).await.0, "again");
    app.lifecycle.shut_down();
    assert_eq!(events.next().await, None);
}

#[tokio::test]
async fn only_what_fits_the_search_is_in_the_set() {
    let app = TestApp::start().await;
    let (owner, provisioner, template) = setup(&app).await;
    let id = provisioner.workspace(&owner, "box", &template).await;
    let other = provisioner.workspace(&owner, "other", &template).await;
    let mut running = all(&owner, "?q=status:running%20name:box").await;
    let mut stopped = all(&owner, "?q=status:stopped").await;
    provisioner.build(&owner, &other, "stop").await;
    assert_eq!(state(&mut stopped).await, pair("other", "stopped"));
    provisioner.build(&owner, &id, "stop").await;
    assert_eq!(next(&mut running).await, removed(&id));
    assert_eq!(state(&mut stopped).await, pair("box", "stopped"));
    provisioner.build(&owner, &id, "start").await;
    assert_eq!(next(&mut stopped).await, removed(&id));
    assert_eq!(state(&mut running).await, pair("box", "running"));
    let refused = owner.get("/workspaces/watch?q=status:odd").await;
    assert_eq!(refused.fields(), ["status"]);
    let refused = owner.get("/workspaces/watch?q=organization:none").await;
    assert_eq!(refused.fields(), ["organization"]);
    // Other words in this place are still read as ids.
    let refused = owner.get("/workspaces/watched").await;
    assert_eq!(refused.status, 400);
}

fn pair(name: &str, status: &str) -> (String, String) {
    (name.to_owned(), status.to_owned())
}

#[tokio::test]
async fn nobody_is_told_of_what_they_may_not_read() {
    let app = TestApp::start().await;
    let (owner, provisioner, template) = setup(&app).await;
    let ann = app.user(&owner, "ann").await;
    let bob = app.user(&owner, "bob").await;
    let hers = provisioner.workspace(&ann, "hers", &template).await;
    let his = provisioner.workspace(&bob, "his", &template).await;
    let mut events = all(&ann, "").await;
    let mut resumed = all(&ann, "?resume=0").await;
    assert_eq!(state(&mut resumed).await.0, "hers");
    let seen = resumed.last_id.unwrap();
    rename(&bob, &his, "secret").await;
    provisioner.build(&bob, &his, "delete").await;
    rename(&ann, &hers, "crate").await;
    assert_eq!(state(&mut events).await.0, "crate");
    assert_eq!(state(&mut resumed).await.0, "crate");
    let mut again = all(&ann, &format!("?resume={seen}")).await;
    assert_eq!(state(&mut again).await.0, "crate");
}

#[tokio::test]
async fn rights_are_those_of_the_moment() {
    let app = TestApp::start().await;
    let (owner, provisioner, template) = setup(&app).await;
    let ann = app.user(&owner, "ann").await;
    let id = provisioner.workspace(&owner, "box", &template).await;
    let mut events = all(&ann, "").await;
    let roles = |roles: Value| json!({ "roles": roles });
    owner
        .put("/users/ann/roles", roles(json!(["template-admin"])))
        .await
        .expect(200);
    assert_eq!(
        state(&mut events).await.0,
        "box",
        "what may be seen now comes"
    );
    let path = format!("/workspaces/{id}/watch");
    let mut one = ann.events(&path).await;
    one.next_data().await.unwrap();
    rename(&owner, &id, "crate").await;
    assert_eq!(state(&mut events).await.0, "crate");
    assert_eq!(one.next_data().await.unwrap()["name"], "crate");
    owner
        .put("/users/ann/roles", roles(json!([])))
        .await
        .expect(200);
    assert_eq!(next(&mut events).await, removed(&id), "and goes again");
    rename(&owner, &id, "secret").await;
    let (name, data) = next(&mut one).await;
    assert_eq!(name, "error", "{data}");
    // Her own are told on.
    provisioner.workspace(&ann, "hers", &template).await;
    assert_eq!(state(&mut events).await.0, "hers");
}

#[tokio::test]
async fn a_resumed_stream_tells_each_missed_change_once() {
    let app = TestApp::start().await;
    let (owner, provisioner, template) = setup(&app).await;
    let mut ids = Vec::new();
    for name in ["one", "two", "three"] {
        ids.push(provisioner.workspace(&owner, name, &template).await);
    }
    let mut first = all(&owner, "?resume=0").await;
    for name in ["one", "two", "three"] {
        assert_eq!(state(&mut first).await, pair(name, "running"));
    }
    let seen = first.last_id.unwrap();
    drop(first);
    rename(&owner, &ids[0], "uno").await;
    rename(&owner, &ids[0], "un").await;
    provisioner.build(&owner, &ids[1], "delete").await;
    let mut second = all(&owner, &format!("?resume={seen}")).await;
    assert_eq!(state(&mut second).await, pair("un", "running"));
    assert_eq!(next(&mut second).await, removed(&ids[1]));
    rename(&owner, &ids[2], "tres").await;
    assert_eq!(state(&mut second).await, pair("tres", "running"));
    let seen = second.last_id.unwrap();
    drop(second);
    let mut third = all(&owner, &format!("?resume={seen}")).await;
    rename(&owner, &ids[2], "drei").await;
    assert_eq!(state(&mut third).await, pair("drei", "running"));
}

#[tokio::test]
async fn a_slow_reader_is_told_the_newest_of_each() {
    const WORKSPACES: usize = 80;
    let app = TestApp::start().await;
    let (owner, provisioner, template) = setup(&app).await;
    let mut ids = Vec::new();
    for n in 0..WORKSPACES {
        let name = format!("box{n}");
        ids.push(provisioner.workspace(&owner, &name, &template).await);
    }
    let mut slow = all(&owner, "").await;
    let mut quick = all(&owner, "").await;
    for round in 0..3 {
        for (n, id) in ids.iter().enumerate() {
            rename(&owner, id, &format!("box{n}-{round}")).await;
            while state(&mut quick).await.0 != format!("box{n}-{round}") {}
        }
    }
    for n in 0..WORKSPACES {
        assert_eq!(state(&mut slow).await.0, format!("box{n}-2"));
    }
}

#[tokio::test]
async fn a_change_costs_the_same_however_many_watch_and_are_listed() {
    let app = TestApp::start().await;
    let (owner, provisioner, template) = setup(&app).await;
    let id = provisioner.workspace(&owner, "box", &template).await;
    let mut one = all(&owner, "?q=status:running").await;
    let cost = async |events: &mut [&mut Events], name: &str| {
        let counter = crate::fixture::QueryCounter::start();
        rename(&owner, &id, name).await;
        for events in events {
            assert_eq!(state(events).await.0, name);
        }
        counter.take()
    };
    let single = cost(&mut [&mut one], "first").await;
    for n in 0..20 {
        provisioner
            .workspace(&owner, &format!("more{n}"), &template)
            .await;
    }
    let mut many = Vec::new();
    for _ in 0..50 {
        many.push(all(&owner, "?q=status:running").await);
    }
    let mut watching: Vec<&mut Events> = many.iter_mut().collect();
    // What was still on its way when they began is no part of the cost.
    rename(&owner, &id, "between").await;
    for events in &mut watching {
        while state(events).await.0 != "between" {}
    }
    let crowd = cost(&mut watching, "second").await;
    assert_eq!(single.len(), crowd.len(), "{single:#?}\n{crowd:#?}");
}

#[tokio::test]
async fn changes_of_templates_and_owners_are_told() {
    let app = TestApp::start().await;
    let (owner, provisioner, template) = setup(&app).await;
    let ann = app.user(&owner, "ann").await;
    provisioner.workspace(&ann, "hers", &template).await;
    provisioner.workspace(&owner, "mine", &template).await;
    let mut events = all(&owner, "?q=owner:ann").await;
    let path = format!("/templates/{template}");
    owner
        .patch(&path, json!({"display_name": "New"}))
        .await
        .expect(200);
    let (_, data) = next(&mut events).await;
    assert_eq!(data["template_display_name"], "New");
    assert_eq!(data["name"], "hers");
    let body = json!({"username": "anna", "name": ""});
    owner.put("/users/ann/profile", body).await.expect(200);
    assert_eq!(next(&mut events).await.0, "removed");
}

#[tokio::test]
async fn another_replica_tells_too() {
    let app = TestApp::start().await;
    let (owner, provisioner, template) = setup(&app).await;
    let id = provisioner.workspace(&owner, "box", &template).await;
    let replica = app.replica();
    let elsewhere = Client::at(&replica, owner.token.clone());
    let mut events = all(&elsewhere, "").await;
    rename(&owner, &id, "crate").await;
    assert_eq!(state(&mut events).await.0, "crate");
}

#[tokio::test]
async fn a_lost_event_only_delays() {
    let app = TestApp::start().await;
    let (owner, provisioner, template) = setup(&app).await;
    let id = provisioner.workspace(&owner, "box", &template).await;
    let mut events = all(&owner, "").await;
    let mut one = owner.events(&format!("/workspaces/{id}/watch")).await;
    one.next_data().await.unwrap();
    sqlx::query("UPDATE workspaces SET name = 'crate'")
        .execute(&app.db)
        .await
        .unwrap();
    // Whoever lost the connection to the other replicas looks at everything again.
    sqlx::query("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE query LIKE 'LISTEN %' AND datname = current_database()")
        .execute(&app.db)
        .await
        .unwrap();
    assert_eq!(state(&mut events).await.0, "crate");
    assert_eq!(one.next_data().await.unwrap()["name"], "crate");
}

#[tokio::test]
async fn one_user_watches_a_bounded_number_of_searches() {
    let app = TestApp::start().await;
    let (owner, ..) = setup(&app).await;
    let mut open = Vec::new();
    for n in 0..32 {
        open.push(all(&owner, &format!("?q=name:n{n}")).await);
        // The same search again is no other one.
        open.push(all(&owner, &format!("?q=name:n{n}")).await);
    }
    let refused = owner.get("/workspaces/watch?q=name:more").await;
    assert_eq!(refused.status, 429);
    open.clear();
    all(&owner, "?q=name:more").await;
}
