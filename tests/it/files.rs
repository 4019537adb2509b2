//! Uploading and downloading template archives.

use std::io::{Cursor, Write as _};

use http::Method;
use serde_json::json;
use workspaced::http::middleware::RateLimits;

use crate::fixture::{Options, TestApp};

const TAR: [(&str, &str); 1] = [("Content-Type", "application/x-tar")];
const ZIP: [(&str, &str); 1] = [("Content-Type", "application/zip")];

fn zip(name: &str) -> Vec<u8> {
    let mut zip = zip::ZipWriter::new(Cursor::new(Vec::new()));
    zip.start_file(name, zip::write::SimpleFileOptions::default())
        .unwrap();
    zip.write_all(b"# nothing\n").unwrap();
    zip.finish().unwrap().into_inner()
}

#[tokio::test]
async fn the_same_bytes_are_kept_once_for_each_user() {
    let app = TestApp::start().await;
    let owner = app.owner().await;
    let ann = app.user(&owner, "ann").await;
    let first = owner
        .send(Method::POST, "/files", &TAR, "some bytes")
        .await
        .expect(201);
    let again = owner
        .send(Method::POST, "/files", &TAR, "some bytes")
        .await
        .expect(200);
    assert_eq!(first, again);
    let hers = ann
        .send(Method::POST, "/files", &TAR, "some bytes")
        .await
        .expect(201);
    assert_ne!(first, hers);
    let path = format!("/files/{}", first["hash"].as_str().unwrap());
    assert_eq!(owner.get(&path).await.raw, b"some bytes");
    assert_eq!(ann.get(&path).await.status, 404);
    assert_eq!(app.anonymous().get(&path).await.status, 401);
}

#[tokio::test]
async fn a_zip_becomes_a_tar_and_comes_back_as_either() {
    let app = TestApp::start().await;
    let owner = app.owner().await;
    let made = owner
        .send(Method::POST, "/files", &ZIP, zip("main.tf"))
        .await
        .expect(201);
    let path = format!("/files/{}", made["hash"].as_str().unwrap());
    let tar = owner.get(&path).await;
    assert_eq!(tar.headers["content-type"], "application/x-tar");
    assert!(tar.raw.starts_with(b"main.tf\0"));
    let back = owner.get(&format!("{path}?format=zip")).await;
    assert_eq!(back.headers["content-type"], "application/zip");
    assert!(back.raw.starts_with(b"PK"));
    assert_eq!(owner.get(&format!("{path}?format=rar")).await.status, 400);
}

#[tokio::test]
async fn archives_that_cannot_be_are_refused() {
    let app = TestApp::start().await;
    let owner = app.owner().await;
    for (headers, body) in [
        (&[][..], zip("main.tf")),
        (&[("Content-Type", "text/plain")][..], zip("main.tf")),
        (&ZIP[..], b"not a zip at all".to_vec()),
        (&ZIP[..], zip("../outside.tf")),
        (&TAR[..], vec![0; 100 * 1024 * 1024 + 1]),
    ] {
        let refused = owner.send(Method::POST, "/files", headers, body).await;
        assert_eq!(refused.status, 400);
        assert_ne!(refused.json()["message"], json!(""));
    }
}

#[tokio::test]
async fn uploads_are_limited_by_user() {
    let app = TestApp::with(Options {
        limits: RateLimits::new(512),
        ..Options::default()
    })
    .await;
    let owner = app.owner().await;
    for _ in 0..12 {
        let answer = owner.send(Method::POST, "/files", &TAR, "x").await;
        assert_eq!(answer.headers["x-ratelimit-limit"], "12");
        assert!(answer.status.is_success());
    }
    let refused = owner.send(Method::POST, "/files", &TAR, "x").await;
    assert_eq!(refused.status, 429);
    let bypass = [TAR[0], ("X-Coder-Bypass-Ratelimit", "true")];
    let let_through = owner.send(Method::POST, "/files", &bypass, "x").await;
    assert!(let_through.status.is_success());
    let nobody = app
        .anonymous()
        .send(Method::POST, "/files", &TAR, "x")
        .await;
    assert_eq!(nobody.status, 401);
    assert_eq!(nobody.headers["x-ratelimit-limit"], "512");
}
