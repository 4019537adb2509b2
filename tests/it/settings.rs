//! The environment and the command line as a person meets them: through the built program.

use std::process::{Command, Output};

fn run(arguments: &[&str], environment: &[(&str, &str)]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_workspaced"))
        .args(arguments)
        .env_clear()
        .envs(environment.iter().copied())
        .output()
        .unwrap()
}

fn complaint(arguments: &[&str], environment: &[(&str, &str)]) -> String {
    let output = run(arguments, environment);
    assert_eq!(output.status.code(), Some(2), "{output:?}");
    assert!(output.stdout.is_empty());
    String::from_utf8(output.stderr).unwrap()
}

#[test]
fn a_wrong_variable_is_one_sentence_and_exit_code_two() {
    let home = ("HOME", "/nowhere");
    assert_eq!(
        complaint(&[], &[home, ("CODER_DISABLE_PASSWORD_AUTH", "yes")]),
        "workspaced: CODER_DISABLE_PASSWORD_AUTH (--disable-password-auth) cannot be \"yes\": \
         write true or false\n"
    );
    assert_eq!(
        complaint(&["server"], &[home, ("CODER_TLS_ENABLE", "true")]),
        "workspaced: TLS needs as many files in CODER_TLS_CERT_FILE (0) as in CODER_TLS_KEY_FILE (0), \
         and at least one\n"
    );
    assert_eq!(
        complaint(&["sever"], &[home]),
        "workspaced: sever is not a command; workspaced --help lists them\n"
    );
}

#[test]
fn an_empty_variable_counts_as_not_set() {
    // Only the last setting is wrong, so the empty one before it was not read as a duration.
    let sentence = complaint(
        &[],
        &[
            ("HOME", "/nowhere"),
            ("CODER_SESSION_DURATION", ""),
            ("CODER_ACCESS_URL", "ftp://example.com"),
        ],
    );
    assert!(sentence.contains("CODER_ACCESS_URL"), "{sentence}");
}

#[test]
fn help_groups_the_settings_and_shows_no_values() {
    let secret = ("CODER_PROVISIONER_DAEMON_PSK", "hunter2");
    let output = run(&["server", "--help"], &[secret]);
    assert_eq!(output.status.code(), Some(0));
    let text = String::from_utf8(output.stdout).unwrap();
    for heading in [
        "Networking:",
        "Storage:",
        "Sign-in:",
        "Provisioning:",
        "Introspection:",
    ] {
        assert!(text.contains(heading), "{heading} is missing in {text}");
    }
    assert!(text.contains("CODER_PROVISIONER_DAEMON_PSK") && !text.contains("hunter2"));
}
