//! Keeps a started cluster running: starts it again when it ends by itself, stops it when
//! asked. A thread of its own, because it must outlive every task that uses the database.

use std::{
    process::Child,
    sync::{Arc, Condvar, Mutex, PoisonError},
    thread::{self, JoinHandle},
    time::{Duration, Instant},
};

use tokio::sync::watch;
use tracing::{error, info, warn};

use super::{PostgresError, cluster::Cluster, processes};

/// How often the thread looks whether the cluster still runs.
const GLANCE: Duration = Duration::from_millis(100);
/// Waits before a new start grow up to this.
const LONGEST_WAIT: Duration = Duration::from_secs(10);
/// This many ends in [`MEMORY`] are too many.
const MOST_ENDS: usize = 6;
const MEMORY: Duration = Duration::from_mins(5);

/// A running cluster that is kept running until this is dropped.
#[derive(Debug)]
pub(super) struct Supervisor {
    order: Arc<Order>,
    thread: Option<JoinHandle<()>>,
    given_up: watch::Receiver<bool>,
}

/// The order to stop, which the thread waits for.
#[derive(Debug, Default)]
struct Order {
    stop: Mutex<bool>,
    given: Condvar,
}

impl Supervisor {
    /// Takes charge of a cluster that `child` runs on `port`.
    pub(super) fn new(cluster: Cluster, child: Child, port: u16) -> Result<Self, PostgresError> {
        let order = Arc::new(Order::default());
        let (surrender, given_up) = watch::channel(false);
        let orders = Arc::clone(&order);
        let thread = thread::Builder::new()
            .name("postgres".to_owned())
            .spawn(move || {
                if !keep_running(&cluster, child, port, &orders) {
                    surrender.send_replace(true);
                }
            })?;
        Ok(Self {
            order,
            thread: Some(thread),
            given_up,
        })
    }

    /// Resolves when the cluster does not run any more and is not started again.
    pub(super) fn given_up(&self) -> impl Future<Output = ()> + Send + use<> {
        let mut given_up = self.given_up.clone();
        async move {
            // An error means that the thread is gone, and the cluster with it.
            given_up.wait_for(|given_up| *given_up).await.ok();
        }
    }
}

impl Drop for Supervisor {
    fn drop(&mut self) {
        *self
            .order
            .stop
            .lock()
            .unwrap_or_else(PoisonError::into_inner) = true;
        self.order.given.notify_all();
        if self
            .thread
            .take()
            .is_some_and(|thread| thread.join().is_err())
        {
            error!("the thread that watches PostgreSQL panicked");
        }
    }
}

impl Order {
    /// Waits for the order to stop; whether it came within the time.
    fn comes_within(&self, patience: Duration) -> bool {
        let stop = self.stop.lock().unwrap_or_else(PoisonError::into_inner);
        let (stop, _) = self
            .given
            .wait_timeout_while(stop, patience, |stop| !*stop)
            .unwrap_or_else(PoisonError::into_inner);
        *stop
    }
}

/// Whether the end was asked for.
fn keep_running(cluster: &Cluster, child: Child, port: u16, order: &Order) -> bool {
    let mut running = Some(child);
    let mut ends: Vec<Instant> = Vec::new();
    loop {
        let ended = match &mut running {
            Some(child) => match child.try_wait() {
                Ok(None) => None,
                Ok(Some(status)) => Some(status.to_string()),
                Err(error) => Some(error.to_string()),
            },
            None => Some("not started".to_owned()),
        };
        let Some(how) = ended else {
            if order.comes_within(GLANCE) {
                return running.as_mut().is_none_or(stop);
            }
            continue;
        };
        running = None;
        ends.retain(|end| end.elapsed() < MEMORY);
        ends.push(Instant::now());
        if ends.len() > MOST_ENDS {
            error!("PostgreSQL ends again and again; giving up");
            return false;
        }
        let wait = LONGEST_WAIT.min(GLANCE * (1 << (ends.len() - 1)));
        warn!(
            status = how,
            wait_ms = wait.as_millis(),
            "PostgreSQL ended by itself; starting it again"
        );
        if order.comes_within(wait) {
            return true;
        }
        match cluster.start_on(port) {
            Ok(child) => {
                info!("PostgreSQL runs again");
                running = Some(child);
            }
            Err(error) => error!(%error, "PostgreSQL could not be started again"),
        }
    }
}

fn stop(child: &mut Child) -> bool {
    if let Err(error) = processes::stop(child) {
        error!(%error, "PostgreSQL could not be stopped");
    }
    true
}
