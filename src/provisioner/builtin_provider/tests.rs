//! Where the provider comes from, as hosts and templates have it.

use std::env;

use tokio::net::TcpListener;

use super::{cli_config::CliConfig, *};
use crate::domain::random;

struct Folder(PathBuf);

impl Folder {
    fn new() -> Self {
        let folder = env::temp_dir().join(format!("provider-{}", random::alphanumeric(12)));
        fs::create_dir_all(folder.join("template")).unwrap();
        fs::create_dir_all(folder.join("runner")).unwrap();
        Self(folder)
    }

    fn write(&self, name: &str, text: &str) -> PathBuf {
        let file = self.0.join(name);
        fs::write(&file, text).unwrap();
        file
    }

    async fn source(&self, provider: &BuiltinProvider, host: &Variables) -> Option<Source> {
        let (template, runner) = (self.0.join("template"), self.0.join("runner"));
        let engine = Path::new("/bin/terraform");
        let now = Timestamp::default();
        let source = provider.source(&template, &runner, engine, host, now);
        source.await.unwrap()
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

const TEMPLATE: &str = "data \"coder_workspace\" \"me\" {}\n";
const LOCK: &str = r#"
provider "registry.terraform.io/coder/coder" {
  version = "1.0.4"
  hashes = ["h1:x"]
}
provider "registry.terraform.io/hashicorp/null" {
  version = "3.0.0"
  hashes = ["h1:y"]
}
"#;

fn without_registry(policy: Policy) -> BuiltinProvider {
    let nowhere = Some("http://127.0.0.1:9".to_owned());
    BuiltinProvider::new(policy, "/opt/work's/workspaced".into(), nowhere)
}

#[tokio::test]
async fn without_a_registry_the_provider_in_the_program_is_used() {
    let folder = Folder::new();
    folder.write("template/main.tf", TEMPLATE);
    let provider = without_registry(Policy::Auto);
    let source = folder.source(&provider, &Variables::new()).await.unwrap();
    let config = &source.variables[std::ffi::OsStr::new(CONFIG)];
    let config = fs::read_to_string(config).unwrap();
    assert!(config.contains("runner/provider\""), "{config}");
    assert!(config.contains("direct"), "{config}");
    let script = folder
        .0
        .join("runner/provider/registry.opentofu.org/coder/coder/1.0.4");
    let platform = fs::read_dir(script).unwrap().next().unwrap().unwrap();
    let script = platform.path().join("terraform-provider-coder_v1.0.4");
    let script = fs::read_to_string(script).unwrap();
    assert!(script.contains(r"exec '/opt/work'\''s/workspaced' terraform-provider"));
}

#[tokio::test]
async fn a_template_without_the_provider_needs_no_decision() {
    let folder = Folder::new();
    folder.write("template/main.tf", "resource \"terraform_data\" \"x\" {}\n");
    let provider = without_registry(Policy::Always);
    assert!(folder.source(&provider, &Variables::new()).await.is_none());
}

#[tokio::test]
async fn a_lock_file_pins_the_registrys_provider_unless_ours_must_be() {
    let folder = Folder::new();
    folder.write("template/main.tf", TEMPLATE);
    let lock = folder.write("template/.terraform.lock.hcl", LOCK);
    let auto = without_registry(Policy::Auto);
    assert!(folder.source(&auto, &Variables::new()).await.is_none());
    let always = without_registry(Policy::Always);
    assert!(folder.source(&always, &Variables::new()).await.is_some());
    let lock = fs::read_to_string(lock).unwrap();
    assert!(lock.contains("hashicorp/null"), "{lock}");
    assert!(!lock.contains("coder/coder"), "{lock}");
}

#[tokio::test]
async fn a_registry_that_answers_goes_first() {
    let folder = Folder::new();
    folder.write("template/main.tf", TEMPLATE);
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    let answered = async {
        use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
        let (mut stream, _) = listener.accept().await.unwrap();
        let mut request = [0; 1024];
        let read = stream.read(&mut request).await.unwrap();
        let answer = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\nconnection: close\r\n\r\n{}";
        stream.write_all(answer).await.unwrap();
        String::from_utf8_lossy(&request[..read]).into_owned()
    };
    let provider = BuiltinProvider::new(Policy::Auto, "/workspaced".into(), Some(address));
    let host = Variables::new();
    let (asked, source) = tokio::join!(answered, folder.source(&provider, &host));
    assert!(asked.starts_with("GET /v1/providers/coder/coder/versions "));
    assert!(source.is_none());
    // Known for a while: nobody listens any more.
    assert!(folder.source(&provider, &host).await.is_none());
}

#[tokio::test]
async fn the_hosts_own_mirror_goes_first_when_it_has_the_provider() {
    let folder = Folder::new();
    folder.write("template/main.tf", TEMPLATE);
    let mirror = folder.0.join("mirror");
    let text = format!(
        "provider_installation {{\n  filesystem_mirror {{\n    path = {:?}\n  }}\n}}\n",
        mirror.display().to_string()
    );
    let file = folder.write("terraformrc", &text);
    let host = Variables::from([(CONFIG.into(), file.into())]);
    let provider = without_registry(Policy::Auto);
    assert!(folder.source(&provider, &host).await.is_some());
    fs::create_dir_all(mirror.join("registry.terraform.io/coder/coder/1.0.4")).unwrap();
    assert!(folder.source(&provider, &host).await.is_none());
}

#[test]
fn the_hosts_configuration_is_kept_for_all_other_providers() {
    let config = CliConfig::from_text(
        r#"
        plugin_cache_dir = "/cache"
        credentials "example.com" {
          token = "t"
        }
        provider_installation {
          network_mirror {
            url = "https://mirror.example.com/"
          }
          direct {
            exclude = ["example.com/*/*"]
          }
        }
        "#,
    );
    assert_eq!(config.arrangement(), Arrangement::HasProvider);
    insta::assert_snapshot!(config.with_mirror(Path::new("/mirror")).unwrap());
}

#[test]
fn arrangements_are_told_apart() {
    let arrangement = |method: &str| {
        let text = format!("provider_installation {{\n{method}\n}}\n");
        CliConfig::from_text(&text).arrangement()
    };
    let nothing = CliConfig::from_text("");
    assert_eq!(nothing.arrangement(), Arrangement::Registry);
    assert_eq!(arrangement("direct {}"), Arrangement::Registry);
    let excluded = "direct {\n  exclude = [\"registry.terraform.io/coder/*\"]\n}";
    assert_eq!(arrangement(excluded), Arrangement::Nowhere);
    let other = "network_mirror {\n  url = \"https://x/\"\n  include = [\"hashicorp/*\"]\n}";
    assert_eq!(arrangement(other), Arrangement::Nowhere);
    let overridden = "dev_overrides {\n  \"coder/coder\" = \"/x\"\n}";
    assert_eq!(arrangement(overridden), Arrangement::HasProvider);
}
