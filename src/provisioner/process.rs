//! The only place that starts processes: each in a group of its own, with bounded reading,
//! a time limit, and an end in two steps (interrupt, then kill). Knows nothing of Terraform.

mod lines;

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

use self::lines::LineSplitter;

/// The most that is kept of captured output, in bytes.
const MOST_CAPTURED: usize = 512 << 20;
/// How long output may still arrive after the process itself has ended.
const DRAIN: Duration = Duration::from_secs(2);
/// Looks at a killed process until it is gone.
const MOST_LOOKS: u32 = 100;
/// The pause between two looks.
const BETWEEN_LOOKS: Duration = Duration::from_millis(20);
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

/// Kills the process group that a crashed server left behind, if it still runs, and blocks
/// until its leader is gone, so that what it wrote can be read.
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
        for _ in 0..MOST_LOOKS {
            if start_time(leader).is_none_or(|known| known != started) {
                break;
            }
            std::thread::sleep(BETWEEN_LOOKS);
        }
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

#[cfg(test)]
mod tests;
