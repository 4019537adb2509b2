//! The only place that starts processes: each in a group of its own, with bounded reading,
//! a time limit, and an end in two steps (interrupt, then kill). Knows nothing of Terraform.

use std::{
    collections::BTreeMap,
    ffi::OsString,
    fs, io,
    path::{Path, PathBuf},
    process::{ExitStatus, Stdio},
    time::Duration,
};

use nix::{
    sys::signal::{Signal, killpg},
    unistd::Pid,
};
use tokio::{
    io::{AsyncRead, AsyncReadExt},
    process::{Child, Command},
    time::{Instant, sleep_until},
};
use tokio_util::sync::CancellationToken;

/// The longest line kept, in bytes; the rest of a longer one is dropped.
const LONGEST_LINE: usize = 1 << 20;
/// The most that is kept of captured output, in bytes.
const MOST_CAPTURED: usize = 512 << 20;
/// How long output may still arrive after the process itself has ended.
const DRAIN: Duration = Duration::from_secs(2);
/// Bytes read at once.
const CHUNK: usize = 16 << 10;

/// Environment variables by name.
pub type Variables = BTreeMap<OsString, OsString>;

/// What to start.
#[derive(Clone, Debug)]
pub struct Program<'a> {
    /// The executable file.
    pub executable: &'a Path,
    /// Its arguments.
    pub arguments: Vec<OsString>,
    /// The directory it runs in.
    pub directory: &'a Path,
    /// Its whole environment; nothing is inherited.
    pub environment: &'a Variables,
    /// Where to note the process group while it runs, so that [`kill_recorded`] can end it
    /// after a crash.
    pub record: Option<PathBuf>,
}

/// How long a process may take.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Limits {
    /// From its start to the interrupt.
    pub run: Duration,
    /// From the interrupt to the kill.
    pub grace: Duration,
}

/// Where a line was written.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Stream {
    /// Standard output.
    Output,
    /// Standard error.
    Errors,
}

/// Why a process did not end well.
#[derive(Debug, thiserror::Error)]
pub enum ProcessError {
    /// It could not be started or read.
    #[error("{0}")]
    Io(#[from] io::Error),
    /// It was canceled before it began.
    #[error("canceled before it began")]
    NotStarted,
    /// It exceeded its time limit.
    #[error("stopped after the time limit of {} seconds", .0.as_secs())]
    TimedOut(Duration),
    /// It could not be ended.
    #[error("does not end even when killed")]
    Unkillable,
    /// It ended with a bad status; captured error output follows, if any.
    #[error("{status}{}{errors}", if .errors.is_empty() { "" } else { ": " })]
    Failed {
        /// The status in words.
        status: String,
        /// What it wrote to standard error, when that was captured.
        errors: String,
    },
}

/// Runs a program and hands over each line it writes.
///
/// # Errors
/// [`ProcessError`] unless it ended with status 0.
pub async fn run(
    program: &Program<'_>,
    limits: Limits,
    cancel: &CancellationToken,
    mut on_line: impl FnMut(Stream, &str),
) -> Result<(), ProcessError> {
    let mut output = LineSplitter::default();
    let mut errors = LineSplitter::default();
    let result = supervise(program, limits, cancel, |stream, bytes| match stream {
        Stream::Output => output.push(bytes, |line| on_line(stream, line)),
        Stream::Errors => errors.push(bytes, |line| on_line(stream, line)),
    })
    .await;
    output.finish(|line| on_line(Stream::Output, line));
    errors.finish(|line| on_line(Stream::Errors, line));
    check(result?, String::new())
}

/// Runs a program and gives what it wrote to standard output.
///
/// # Errors
/// [`ProcessError`] unless it ended with status 0; the text of standard error is part of it.
pub async fn capture(
    program: &Program<'_>,
    limits: Limits,
    cancel: &CancellationToken,
) -> Result<Vec<u8>, ProcessError> {
    let mut output = Vec::new();
    let mut errors = Vec::new();
    let status = supervise(program, limits, cancel, |stream, bytes| {
        let kept = match stream {
            Stream::Output => &mut output,
            Stream::Errors => &mut errors,
        };
        let room = MOST_CAPTURED.saturating_sub(kept.len());
        kept.extend_from_slice(&bytes[..bytes.len().min(room)]);
    })
    .await?;
    check(status, String::from_utf8_lossy(&errors).trim().to_owned())?;
    Ok(output)
}

/// Kills the process group that a crashed server left behind, if it still runs.
pub fn kill_recorded(record: &Path) {
    let Ok(text) = fs::read_to_string(record) else {
        return;
    };
    let Some((leader, started)) = text.split_once(' ') else {
        return;
    };
    // The start time tells the process from a later one that got the same number.
    if let Ok(leader) = leader.parse()
        && start_time(leader).is_some_and(|known| known == started)
    {
        let _ = killpg(Pid::from_raw(leader), Signal::SIGKILL);
    }
    drop(fs::remove_file(record));
}

fn check(status: ExitStatus, errors: String) -> Result<(), ProcessError> {
    use std::os::unix::process::ExitStatusExt as _;

    if status.success() {
        return Ok(());
    }
    let status = match (status.code(), status.signal()) {
        (Some(code), _) => format!("exit status {code}"),
        (None, Some(signal)) => format!("ended by signal {signal}"),
        (None, None) => status.to_string(),
    };
    Err(ProcessError::Failed { status, errors })
}

/// Where a supervised process stands.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Phase {
    Running,
    Interrupted,
    Killed,
    Ended,
}

async fn supervise(
    program: &Program<'_>,
    limits: Limits,
    cancel: &CancellationToken,
    mut on_bytes: impl FnMut(Stream, &[u8]),
) -> Result<ExitStatus, ProcessError> {
    if cancel.is_cancelled() {
        return Err(ProcessError::NotStarted);
    }
    let mut child = start(program)?;
    let mut group = Group::of(&child, program.record.clone());
    let mut output = Pipe::new(child.stdout.take());
    let mut errors = Pipe::new(child.stderr.take());
    let mut phase = Phase::Running;
    let mut deadline = Instant::now() + limits.run;
    let mut timed_out = false;
    let mut status = None;
    while status.is_none() || output.is_open() || errors.is_open() {
        tokio::select! {
            bytes = output.read(), if output.is_open() => on_bytes(Stream::Output, bytes),
            bytes = errors.read(), if errors.is_open() => on_bytes(Stream::Errors, bytes),
            ended = child.wait(), if status.is_none() => {
                status = Some(ended?);
                group.release();
                phase = Phase::Ended;
                deadline = Instant::now() + DRAIN;
            }
            () = cancel.cancelled(), if phase == Phase::Running => {
                group.signal(Signal::SIGINT);
                phase = Phase::Interrupted;
                deadline = Instant::now() + limits.grace;
            }
            () = sleep_until(deadline) => match phase {
                Phase::Running => {
                    timed_out = true;
                    group.signal(Signal::SIGINT);
                    phase = Phase::Interrupted;
                    deadline = Instant::now() + limits.grace;
                }
                Phase::Interrupted => {
                    group.signal(Signal::SIGKILL);
                    phase = Phase::Killed;
                    deadline = Instant::now() + DRAIN;
                }
                // Something in the background still holds the pipes; it is not waited for.
                Phase::Killed | Phase::Ended => break,
            },
        }
    }
    if timed_out {
        return Err(ProcessError::TimedOut(limits.run));
    }
    status.ok_or(ProcessError::Unkillable)
}

fn start(program: &Program<'_>) -> io::Result<Child> {
    #[expect(
        clippy::disallowed_methods,
        reason = "the one place that starts processes"
    )]
    let mut command = Command::new(program.executable);
    command
        .args(&program.arguments)
        .current_dir(program.directory)
        .env_clear()
        .envs(program.environment)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .process_group(0)
        .kill_on_drop(true)
        .spawn()
}

/// The process group of a running child; killed when dropped before its release.
struct Group {
    leader: Option<Pid>,
    record: Option<PathBuf>,
}

impl Group {
    fn of(child: &Child, record: Option<PathBuf>) -> Self {
        let leader = child.id().and_then(|id| i32::try_from(id).ok());
        if let (Some(record), Some(leader)) = (&record, leader)
            && let Some(started) = start_time(leader)
            && let Err(error) = fs::write(record, format!("{leader} {started}"))
        {
            tracing::warn!(%error, "cannot note a process group; a crash would leave it running");
        }
        Self {
            leader: leader.map(Pid::from_raw),
            record,
        }
    }

    fn signal(&self, signal: Signal) {
        if let Some(leader) = self.leader {
            // The group may have ended in this instant.
            let _ = killpg(leader, signal);
        }
    }

    fn release(&mut self) {
        self.leader = None;
        if let Some(record) = self.record.take() {
            drop(fs::remove_file(record));
        }
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        self.signal(Signal::SIGKILL);
        self.release();
    }
}

/// When a process started, in the kernel's own ticks; only Linux tells.
fn start_time(process: i32) -> Option<String> {
    let stat = fs::read_to_string(format!("/proc/{process}/stat")).ok()?;
    // The second field is a name in brackets that may hold blanks; the 22nd is the start.
    let (_, after_name) = stat.rsplit_once(')')?;
    after_name.split_whitespace().nth(19).map(str::to_owned)
}

/// One end of a pipe, with the buffer it is read into.
struct Pipe<R> {
    reader: Option<R>,
    buffer: Vec<u8>,
}

impl<R: AsyncRead + Unpin> Pipe<R> {
    fn new(reader: Option<R>) -> Self {
        Self {
            reader,
            buffer: vec![0; CHUNK],
        }
    }

    fn is_open(&self) -> bool {
        self.reader.is_some()
    }

    /// The next bytes; none when the pipe has just ended.
    async fn read(&mut self) -> &[u8] {
        let read = match &mut self.reader {
            Some(reader) => reader.read(&mut self.buffer).await.unwrap_or(0),
            None => 0,
        };
        if read == 0 {
            self.reader = None;
        }
        &self.buffer[..read]
    }
}

/// Cuts a stream of bytes into lines; never holds more than one bounded line.
#[derive(Default)]
struct LineSplitter {
    line: Vec<u8>,
}

impl LineSplitter {
    fn push(&mut self, bytes: &[u8], mut on_line: impl FnMut(&str)) {
        let mut pieces = bytes.split(|byte| *byte == b'\n').peekable();
        while let Some(piece) = pieces.next() {
            let room = LONGEST_LINE.saturating_sub(self.line.len());
            self.line.extend_from_slice(&piece[..piece.len().min(room)]);
            if pieces.peek().is_some() {
                self.flush(&mut on_line);
            }
        }
    }

    fn finish(&mut self, on_line: impl FnMut(&str)) {
        if !self.line.is_empty() {
            self.flush(on_line);
        }
    }

    fn flush(&mut self, mut on_line: impl FnMut(&str)) {
        on_line(String::from_utf8_lossy(&self.line).trim_end_matches('\r'));
        self.line.clear();
    }
}

#[cfg(test)]
mod tests {
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

    #[test]
    fn long_lines_are_cut_and_do_not_stall() {
        let mut splitter = LineSplitter::default();
        let mut lengths = Vec::new();
        splitter.push(&vec![b'x'; LONGEST_LINE + 5], |_| {});
        splitter.push(b"yy\nshort\r\n", |line| lengths.push(line.len()));
        splitter.finish(|_| panic!("nothing is left"));
        assert_eq!(lengths, [LONGEST_LINE, 5]);
    }

    #[test]
    fn an_old_record_of_another_process_kills_nothing() {
        let record = std::env::temp_dir().join(format!("record-{}", std::process::id()));
        fs::write(&record, format!("{} 1", std::process::id())).unwrap();
        kill_recorded(&record);
        assert!(!record.exists());
    }
}
