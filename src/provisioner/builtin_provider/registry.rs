//! Whether the public registry can be asked for the provider; the answer is kept for a while.

use std::{path::Path, time::Duration};

use chrono::TimeDelta;
use tokio::sync::Mutex;

use super::HOSTS;
use crate::domain::clock::Timestamp;

/// How long the registry may take.
const PATIENCE: Duration = Duration::from_secs(3);
/// How long it is believed to be there.
const GOOD: TimeDelta = TimeDelta::minutes(10);
/// How long it is believed to be away.
const BAD: TimeDelta = TimeDelta::minutes(1);

/// The registry.
#[derive(Debug)]
pub(super) struct Registry {
    /// Its address, where it is not the engine's own.
    address: Option<String>,
    /// What it was found to be, and until when that holds.
    last: Mutex<Option<(bool, Timestamp)>>,
}

impl Registry {
    pub(super) fn new(address: Option<String>) -> Self {
        Self {
            address,
            last: Mutex::new(None),
        }
    }

    /// Whether it has the provider for this engine.
    pub(super) async fn answers(&self, engine: &Path, now: Timestamp) -> bool {
        let mut last = self.last.lock().await;
        if let Some((found, until)) = *last
            && now < until
        {
            return found;
        }
        let found = self.ask(engine).await;
        *last = Some((found, now + if found { GOOD } else { BAD }));
        found
    }

    async fn ask(&self, engine: &Path) -> bool {
        let is_tofu = engine.file_name().is_some_and(|name| name == "tofu");
        let own = format!("https://{}", HOSTS[usize::from(is_tofu)]);
        let address = self.address.as_ref().unwrap_or(&own);
        let Ok(client) = reqwest::Client::builder().timeout(PATIENCE).build() else {
            return false;
        };
        let asked = client
            .get(format!("{address}/v1/providers/coder/coder/versions"))
            .send()
            .await;
        asked.is_ok_and(|answer| answer.status().is_success())
    }
}
