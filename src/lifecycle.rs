//! The process's life: signals, the two stages of an ending, and every task that runs
//! beside the main one. The only place that spawns tasks. Knows nothing of what they do.
//!
//! An ending has two stages. *Drain*: nothing new begins, what runs may finish. *Abort*:
//! whatever still runs is dropped. The first signal starts the drain; the time limit or
//! a second signal starts the abort.

use std::{
    future::Future,
    panic::AssertUnwindSafe,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use futures::FutureExt;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio_util::{
    sync::{CancellationToken, WaitForCancellationFutureOwned},
    task::{TaskTracker, task_tracker::TaskTrackerToken},
};
use tracing::{error, info, warn};

/// How long dropped tasks may take to go away before the process leaves without them.
const ABORT_GRACE: Duration = Duration::from_secs(5);

/// A handle on the process's life; clones share it.
#[derive(Clone, Debug, Default)]
pub struct Lifecycle {
    tasks: TaskTracker,
    drain: CancellationToken,
    abort: CancellationToken,
    failed: Arc<AtomicBool>,
}

/// How the process's life ended.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Ending {
    /// It was asked to end and did.
    Asked,
    /// A task that should have lived on ended first.
    Failed,
}

impl Lifecycle {
    /// A life that has just begun.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Runs a task that lives as long as the process. It must end soon after
    /// [`draining`](Self::draining) resolves; if it ends or panics before, the process drains and fails.
    pub fn spawn<F>(&self, name: &'static str, task: F)
    where
        F: Future<Output = ()> + Send + 'static,
    {
        let lifecycle = self.clone();
        self.run(async move {
            let outcome = AssertUnwindSafe(task).catch_unwind().await;
            if outcome.is_err() {
                lifecycle.fail(name, "panicked");
            } else if !lifecycle.is_draining() {
                lifecycle.fail(name, "ended early");
            }
        });
    }

    /// Runs a task that ends by itself, such as one connection. A panic in it is logged and harms nothing else.
    pub fn spawn_brief<F>(&self, name: &'static str, task: F)
    where
        F: Future<Output = ()> + Send + 'static,
    {
        self.run(async move {
            if AssertUnwindSafe(task).catch_unwind().await.is_err() {
                error!(task = name, "a task panicked");
            }
        });
    }

    /// Counts as running work until dropped: for what others run and the drain should wait for.
    pub fn hold(&self) -> TaskTrackerToken {
        self.tasks.token()
    }

    /// Resolves when the drain starts.
    pub fn draining(&self) -> WaitForCancellationFutureOwned {
        self.drain.clone().cancelled_owned()
    }

    /// Resolves when the abort starts.
    pub fn aborting(&self) -> WaitForCancellationFutureOwned {
        self.abort.clone().cancelled_owned()
    }

    /// Whether the drain has started.
    #[must_use]
    pub fn is_draining(&self) -> bool {
        self.drain.is_cancelled()
    }

    /// Starts the drain, as the first signal does.
    pub fn shut_down(&self) {
        self.drain.cancel();
    }

    /// Starts the drain and makes the process end as failed, for a reason already logged.
    pub fn shut_down_failed(&self) {
        self.failed.store(true, Ordering::Relaxed);
        self.drain.cancel();
    }

    /// Waits until the process's life is over: a signal or a failed task starts the drain, which
    /// lasts at most `drain_limit`; then what still runs is aborted.
    pub async fn run_to_end(&self, signals: &mut Signals, drain_limit: Duration) -> Ending {
        tokio::select! {
            () = self.drain.cancelled() => {}
            name = signals.next() => info!(signal = name, "draining; a second signal aborts"),
        }
        self.end(signals, drain_limit).await;
        if self.failed.load(Ordering::Relaxed) {
            Ending::Failed
        } else {
            Ending::Asked
        }
    }

    async fn end(&self, signals: &mut Signals, drain_limit: Duration) {
        self.drain.cancel();
        self.tasks.close();
        tokio::select! {
            () = self.tasks.wait() => return,
            () = tokio::time::sleep(drain_limit) => {
                warn!(tasks = self.tasks.len(), "the drain took too long; aborting what still runs");
            }
            name = signals.next() => warn!(signal = name, tasks = self.tasks.len(), "aborting"),
        }
        self.abort.cancel();
        if tokio::time::timeout(ABORT_GRACE, self.tasks.wait())
            .await
            .is_err()
        {
            error!(tasks = self.tasks.len(), "leaving while tasks still run");
        }
    }

    fn fail(&self, name: &'static str, how: &'static str) {
        error!(task = name, "a task {how}; shutting down");
        self.shut_down_failed();
    }

    fn run<F>(&self, task: F)
    where
        F: Future<Output = ()> + Send + 'static,
    {
        let abort = self.abort.clone();
        let tracked = self.tasks.track_future(async move {
            tokio::select! {
                biased;
                () = abort.cancelled() => {}
                () = task => {}
            }
        });
        #[expect(
            clippy::disallowed_methods,
            reason = "the one place that spawns, and it tracks what it spawns"
        )]
        tokio::spawn(tracked);
    }
}

/// The signals that end the process: an interrupt from the terminal and a wish to terminate.
#[derive(Debug)]
pub struct Signals {
    interrupt: Signal,
    terminate: Signal,
}

impl Signals {
    /// From here on the signals no longer end the process by themselves.
    ///
    /// # Errors
    /// When the system refuses to deliver them.
    pub fn listen() -> std::io::Result<Self> {
        Ok(Self {
            interrupt: signal(SignalKind::interrupt())?,
            terminate: signal(SignalKind::terminate())?,
        })
    }

    /// Waits for the next signal; its name.
    pub async fn next(&mut self) -> &'static str {
        tokio::select! {
            _ = self.interrupt.recv() => "SIGINT",
            _ = self.terminate.recv() => "SIGTERM",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LONG: Duration = Duration::from_mins(1);

    async fn end(lifecycle: &Lifecycle, drain_limit: Duration) -> Ending {
        let mut signals = Signals::listen().unwrap();
        lifecycle.run_to_end(&mut signals, drain_limit).await
    }

    #[tokio::test]
    async fn tasks_may_finish_while_the_process_drains() {
        let lifecycle = Lifecycle::new();
        let finished = Arc::new(AtomicBool::new(false));
        let (draining, done) = (lifecycle.draining(), Arc::clone(&finished));
        lifecycle.spawn("careful", async move {
            draining.await;
            tokio::task::yield_now().await;
            done.store(true, Ordering::SeqCst);
        });
        lifecycle.shut_down();
        assert_eq!(end(&lifecycle, LONG).await, Ending::Asked);
        assert!(finished.load(Ordering::SeqCst));
    }

    #[tokio::test]
    async fn a_task_that_ends_early_ends_the_process_as_failed() {
        let lifecycle = Lifecycle::new();
        lifecycle.spawn("short", async {});
        assert_eq!(end(&lifecycle, LONG).await, Ending::Failed);
    }

    #[tokio::test]
    async fn a_panic_ends_the_process_as_failed() {
        let lifecycle = Lifecycle::new();
        lifecycle.spawn("broken", async { panic!("on purpose") });
        assert_eq!(end(&lifecycle, LONG).await, Ending::Failed);
    }

    #[tokio::test]
    async fn a_brief_task_may_end_and_panic() {
        let lifecycle = Lifecycle::new();
        lifecycle.spawn_brief("connection", async {});
        lifecycle.spawn_brief("connection", async { panic!("on purpose") });
        lifecycle.shut_down();
        assert_eq!(end(&lifecycle, LONG).await, Ending::Asked);
    }

    #[tokio::test]
    async fn what_does_not_drain_is_aborted() {
        let lifecycle = Lifecycle::new();
        lifecycle.spawn("stubborn", std::future::pending());
        lifecycle.shut_down();
        let ending = end(&lifecycle, Duration::from_millis(1)).await;
        assert_eq!(ending, Ending::Asked);
        assert!(lifecycle.tasks.is_empty());
    }
}
