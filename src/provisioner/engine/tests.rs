//! Finding an engine, and downloading one from a file server of the test.

use std::{
    fs,
    io::{Cursor, Write as _},
    os::unix::fs::PermissionsExt,
    sync::atomic::{AtomicU32, Ordering},
};

use sha2::{Digest, Sha256};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpListener,
};
use zip::write::SimpleFileOptions;

use super::{
    download::{Release, fetch_once, hex},
    *,
};

struct Scratch(PathBuf);

impl Scratch {
    fn new() -> Self {
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let path = env::temp_dir().join(format!("engine-{}-{number}", std::process::id()));
        fs::create_dir_all(&path).unwrap();
        Self(path)
    }

    /// Puts an executable script into a directory of its own and gives that directory.
    fn program(&self, directory: &str, name: &str, version: &str) -> PathBuf {
        let directory = self.0.join(directory);
        fs::create_dir_all(&directory).unwrap();
        let file = directory.join(name);
        fs::write(&file, script(version)).unwrap();
        fs::set_permissions(&file, fs::Permissions::from_mode(0o755)).unwrap();
        directory
    }

    fn settings(&self, search: &[PathBuf]) -> EngineSettings {
        EngineSettings {
            executable: None,
            search_path: env::join_paths(search).unwrap(),
            environment: Variables::new(),
            cache_directory: self.0.join("cache"),
            download: false,
            download_base: String::new(),
        }
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        drop(fs::remove_dir_all(&self.0));
    }
}

fn script(version: &str) -> String {
    format!("#!/bin/sh\necho '{{\"terraform_version\": \"{version}\"}}'\n")
}

fn zip_with_engine() -> Vec<u8> {
    let mut zip = zip::ZipWriter::new(Cursor::new(Vec::new()));
    zip.start_file("LICENSE", SimpleFileOptions::default())
        .unwrap();
    zip.start_file("tofu", SimpleFileOptions::default())
        .unwrap();
    zip.write_all(script("1.12.0").as_bytes()).unwrap();
    zip.finish().unwrap().into_inner()
}

/// Serves `body` to every request and gives the address; runs as long as the test polls it.
async fn with_server<T>(body: &[u8], test: impl AsyncFnOnce(String) -> T) -> T {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    let serve = async {
        loop {
            let (mut stream, _) = listener.accept().await.unwrap();
            let mut request = [0; 4096];
            let _ = stream.read(&mut request).await.unwrap();
            let head = format!(
                "HTTP/1.1 200 OK\r\ncontent-length: {}\r\nconnection: close\r\n\r\n",
                body.len()
            );
            stream.write_all(head.as_bytes()).await.unwrap();
            stream.write_all(body).await.unwrap();
        }
    };
    tokio::select! {
        result = test(address) => result,
        () = serve => unreachable!("the server does not end"),
    }
}

#[tokio::test]
async fn terraform_comes_before_tofu_and_before_a_download() {
    let scratch = Scratch::new();
    let tofu = scratch.program("a", "tofu", "1.8.0");
    let terraform = scratch.program("b", "terraform", "1.11.4");
    let engine = Engine::find(&scratch.settings(&[tofu, terraform.clone()]))
        .await
        .unwrap();
    assert_eq!(engine.executable, terraform.join("terraform"));
    assert_eq!(engine.version, Version(1, 11, 4));
}

#[tokio::test]
async fn an_old_engine_on_the_path_is_left_aside() {
    let scratch = Scratch::new();
    let old = scratch.program("a", "terraform", "1.0.11");
    let tofu = scratch.program("b", "tofu", "1.6.0-rc1");
    let engine = Engine::find(&scratch.settings(&[old.clone(), tofu]))
        .await
        .unwrap();
    assert_eq!(engine.version, Version(1, 6, 0));
    let named = EngineSettings {
        executable: Some(old.join("terraform")),
        ..scratch.settings(&[])
    };
    assert_eq!(
        Engine::find(&named).await.unwrap_err().to_string(),
        r#"terraform version "1.0.11" is too old. required >= "1.1.0""#
    );
}

#[tokio::test]
async fn without_an_engine_the_error_says_how_to_get_one() {
    let scratch = Scratch::new();
    let error = Engine::find(&scratch.settings(&[])).await.unwrap_err();
    assert!(error.to_string().contains("Install one"), "{error}");
}

#[tokio::test]
async fn a_release_is_downloaded_once_and_runs() {
    let scratch = Scratch::new();
    let archive = zip_with_engine();
    let release = |url: String| Release {
        version: "1.12.0".to_owned(),
        url,
        digest: hex(&Sha256::digest(&archive)),
    };
    let cache = scratch.0.join("cache");
    let executable = with_server(&archive, async |address| {
        let release = release(address);
        let (first, second) =
            tokio::join!(fetch_once(&release, &cache), fetch_once(&release, &cache));
        assert_eq!(first.unwrap(), cache.join("tofu-1.12.0/tofu"));
        second.unwrap()
    })
    .await;
    // The server is gone; what is in the cache is used.
    let again = fetch_once(&release("http://127.0.0.1:1".to_owned()), &cache)
        .await
        .unwrap();
    assert_eq!(again, executable);
    let named = EngineSettings {
        executable: Some(executable),
        ..scratch.settings(&[])
    };
    assert_eq!(
        Engine::find(&named).await.unwrap().version,
        Version(1, 12, 0)
    );
}

#[tokio::test]
async fn a_wrong_digest_leaves_nothing_behind() {
    let scratch = Scratch::new();
    let settings = |base: String| EngineSettings {
        download: true,
        download_base: base,
        ..scratch.settings(&[])
    };
    let error = with_server(b"not the release", async |address| {
        Engine::find(&settings(address)).await.unwrap_err()
    })
    .await;
    assert!(error.to_string().contains("has the SHA-256"), "{error}");
    let kept: Vec<_> = fs::read_dir(scratch.0.join("cache/tofu-1.12.0"))
        .unwrap()
        .map(|entry| entry.unwrap().file_name())
        .collect();
    assert_eq!(kept, ["lock"]);
    let unreachable = Engine::find(&settings("http://127.0.0.1:1".to_owned()))
        .await
        .unwrap_err();
    assert!(
        unreachable.to_string().contains("cannot be downloaded"),
        "{unreachable}"
    );
}

#[test]
fn versions_are_read_and_compared_as_numbers() {
    assert!(Version::read("1.10.0") > Version::read("1.9.9"));
    assert_eq!(Version::read("1.2.3-beta1"), Some(Version(1, 2, 3)));
    for bad in ["", "1", "1.2", "1.2.x", "1.2.3.4"] {
        assert_eq!(Version::read(bad), None, "{bad}");
    }
}
