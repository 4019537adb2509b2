//! Programs that end, run too long, are cancelled or leave children behind.

use super::*;

const LIMITS: Limits = Limits {
    run: Duration::from_secs(30),
    grace: Duration::from_millis(200),
};

fn shell<'a>(script: &str, environment: &'a Variables) -> Program<'a> {
    Program {
        executable: Path::new("/bin/sh"),
        arguments: vec!["-c".into(), script.into()],
        directory: Path::new("/"),
        environment,
        record: None,
    }
}

fn path() -> Variables {
    Variables::from([("PATH".into(), "/usr/bin:/bin".into())])
}

#[tokio::test]
async fn lines_of_both_streams_arrive_and_the_last_needs_no_end() {
    let environment = path();
    let program = shell("echo one; echo two >&2; printf three", &environment);
    let mut lines = Vec::new();
    run(
        &program,
        LIMITS,
        &CancellationToken::new(),
        |stream, line| {
            lines.push((stream, line.to_owned()));
        },
    )
    .await
    .unwrap();
    lines.sort_by(|left, right| left.1.cmp(&right.1));
    assert_eq!(
        lines,
        [
            (Stream::Output, "one".to_owned()),
            (Stream::Output, "three".to_owned()),
            (Stream::Errors, "two".to_owned()),
        ]
    );
}

#[tokio::test]
async fn a_bad_status_is_named() {
    let environment = path();
    let error = capture(
        &shell("echo why >&2; exit 3", &environment),
        LIMITS,
        &CancellationToken::new(),
    )
    .await
    .unwrap_err();
    assert_eq!(error.to_string(), "exit status 3: why");
}

#[tokio::test]
async fn the_environment_is_not_inherited() {
    let environment = Variables::from([("ONLY".into(), "this".into())]);
    let output = capture(
        &shell("/usr/bin/env", &environment),
        LIMITS,
        &CancellationToken::new(),
    )
    .await
    .unwrap();
    let text = String::from_utf8(output).unwrap();
    assert!(text.contains("ONLY=this"));
    assert!(!text.contains("CARGO"));
}

#[tokio::test]
async fn a_cancel_interrupts_the_whole_group() {
    let environment = path();
    let cancel = CancellationToken::new();
    let program = shell(
        "trap 'echo interrupted; exit 9' INT; echo up; sleep 60 & wait",
        &environment,
    );
    let mut heard = Vec::new();
    let error = run(&program, LIMITS, &cancel, |_, line| {
        heard.push(line.to_owned());
        cancel.cancel();
    })
    .await
    .unwrap_err();
    assert_eq!(heard, ["up", "interrupted"]);
    assert_eq!(error.to_string(), "exit status 9");
}

#[tokio::test]
async fn what_ignores_the_interrupt_is_killed_after_the_grace() {
    let environment = path();
    let limits = Limits {
        run: Duration::from_millis(100),
        ..LIMITS
    };
    let program = shell("trap '' INT; while :; do sleep 60; done", &environment);
    let began = Instant::now();
    let error = run(&program, limits, &CancellationToken::new(), |_, _| {})
        .await
        .unwrap_err();
    assert!(matches!(error, ProcessError::TimedOut(_)));
    assert!(began.elapsed() < Duration::from_secs(20));
}

#[tokio::test]
async fn a_canceled_program_does_not_begin() {
    let environment = path();
    let cancel = CancellationToken::new();
    cancel.cancel();
    let error = run(&shell("exit 0", &environment), LIMITS, &cancel, |_, _| {})
        .await
        .unwrap_err();
    assert!(matches!(error, ProcessError::NotStarted));
}

#[tokio::test]
async fn a_dropped_run_takes_its_group_along() {
    let environment = path();
    let record = std::env::temp_dir().join(format!("group-{}", std::process::id()));
    let program = Program {
        record: Some(record.clone()),
        ..shell("echo up; sleep 60", &environment)
    };
    let (cancel, up) = (CancellationToken::new(), CancellationToken::new());
    let mut noted = String::new();
    tokio::select! {
        _ = run(&program, LIMITS, &cancel, |_, _| {
            noted = fs::read_to_string(&record).unwrap();
            up.cancel();
        }) => panic!("it should still run"),
        () = up.cancelled() => {}
    }
    assert!(!record.exists());
    let leader = noted.split_once(' ').unwrap().0;
    let gone = async {
        while is_alive(leader) {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(Duration::from_secs(10), gone)
        .await
        .unwrap();
}

/// Whether a process runs; a corpse that is yet to be collected does not.
fn is_alive(process: &str) -> bool {
    let stat = fs::read_to_string(format!("/proc/{process}/stat")).unwrap_or_default();
    stat.rsplit_once(')')
        .is_some_and(|(_, after)| !after.trim_start().starts_with(['Z', 'X']))
}

#[tokio::test]
async fn a_group_that_a_crash_left_is_ended_by_its_record() {
    let environment = path();
    let record = std::env::temp_dir().join(format!("crash-{}", std::process::id()));
    let program = Program {
        record: Some(record.clone()),
        ..shell("echo up; sleep 60", &environment)
    };
    let error = run(&program, LIMITS, &CancellationToken::new(), |_, _| {
        kill_recorded(&record);
    })
    .await
    .unwrap_err();
    assert_eq!(error.to_string(), "ended by signal 9");
}

#[test]
fn an_old_record_of_another_process_kills_nothing() {
    let record = std::env::temp_dir().join(format!("record-{}", std::process::id()));
    fs::write(&record, format!("{} 1", std::process::id())).unwrap();
    kill_recorded(&record);
    assert!(!record.exists());
}
