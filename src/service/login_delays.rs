//! How long a sign-in waits after failed ones, by account and by client address. A stranger can
//! slow somebody's sign-in down, never prevent it; memory is bounded. Knows no user: an account
//! that does not exist is slowed down like any other.

use std::{
    hash::{DefaultHasher, Hash, Hasher},
    net::IpAddr,
    time::Duration,
};

use moka::{future::Cache, ops::compute::Op};

use crate::domain::clock::Timestamp;

/// Failures of one account that cost nothing.
const FREE_FOR_ACCOUNT: u32 = 5;
/// Failures from one address that cost nothing; many people may share one.
const FREE_FOR_ADDRESS: u32 = 20;
/// The first wait; each further failure doubles it.
const SHORTEST: Duration = Duration::from_millis(250);
/// The longest wait.
const LONGEST: Duration = Duration::from_secs(4);
/// Without a failure for so long, all is forgotten.
const FORGET_AFTER: Duration = Duration::from_mins(15);
/// Most accounts and most addresses remembered; those that fail often stay longest.
const MOST: u64 = 20_000;

/// Failed sign-ins of the last minutes, counted in this process.
#[derive(Clone)]
pub(super) struct LoginDelays {
    accounts: Cache<u64, Failures>,
    addresses: Cache<u64, Failures>,
}

#[derive(Clone, Copy)]
struct Failures {
    count: u32,
    last: Timestamp,
}

/// Who tries to sign in, as the delays see it.
#[derive(Clone, Copy)]
pub(super) struct Attempt {
    account: u64,
    address: u64,
}

impl Attempt {
    pub(super) fn new(email: &str, address: &str) -> Self {
        Self {
            account: key(email.trim().to_lowercase()),
            address: key(network(address)),
        }
    }
}

impl LoginDelays {
    pub(super) fn new() -> Self {
        let cache = || {
            Cache::builder()
                .max_capacity(MOST)
                .time_to_idle(FORGET_AFTER)
                .build()
        };
        Self {
            accounts: cache(),
            addresses: cache(),
        }
    }

    /// How long this attempt has to wait before the password is looked at.
    pub(super) async fn before(&self, attempt: Attempt, now: Timestamp) -> Duration {
        let count = |found: Option<Failures>| found.map_or(0, |failures| failures.at(now));
        let account = count(self.accounts.get(&attempt.account).await);
        let address = count(self.addresses.get(&attempt.address).await);
        wait(account, FREE_FOR_ACCOUNT).max(wait(address, FREE_FOR_ADDRESS))
    }

    /// Counts a wrong address or password.
    pub(super) async fn failed(&self, attempt: Attempt, now: Timestamp) {
        for (cache, key) in [
            (&self.accounts, attempt.account),
            (&self.addresses, attempt.address),
        ] {
            let add = |found: Option<moka::Entry<u64, Failures>>| {
                let before = found.map_or(0, |entry| entry.value().at(now));
                let count = before.saturating_add(1);
                std::future::ready(Op::Put(Failures { count, last: now }))
            };
            cache.entry(key).and_compute_with(add).await;
        }
    }

    /// Forgets the account's failures. Those of the address stay: who knows one password could
    /// else guess another one without ever waiting.
    pub(super) async fn succeeded(&self, attempt: Attempt) {
        self.accounts.invalidate(&attempt.account).await;
    }
}

impl Failures {
    fn at(self, now: Timestamp) -> u32 {
        let is_old = (now - self.last)
            .to_std()
            .is_ok_and(|since| since >= FORGET_AFTER);
        if is_old { 0 } else { self.count }
    }
}

fn wait(failures: u32, free: u32) -> Duration {
    match failures.checked_sub(free) {
        None => Duration::ZERO,
        Some(more) => SHORTEST
            .saturating_mul(2_u32.saturating_pow(more))
            .min(LONGEST),
    }
}

/// An IPv4 address, or the network of an IPv6 address: a client has all of its network.
fn network(address: &str) -> String {
    match address.parse() {
        Ok(IpAddr::V6(address)) => format!("{:x}", u128::from(address) >> 64),
        _ => address.to_owned(),
    }
}

fn key(text: impl Hash) -> u64 {
    let mut hasher = DefaultHasher::new();
    text.hash(&mut hasher);
    hasher.finish()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_double_and_have_an_end() {
        let waits = [4, 5, 6, 7, 8, 9, 10, u32::MAX].map(|failures| wait(failures, 5).as_millis());
        assert_eq!(waits, [0, 250, 500, 1000, 2000, 4000, 4000, 4000]);
    }

    #[test]
    fn neighbours_in_an_ipv6_network_are_one_client() {
        assert_eq!(network("2001:db8::1"), network("2001:db8::2"));
        assert_ne!(network("2001:db8:0:1::1"), network("2001:db8::1"));
        assert_ne!(network("192.0.2.1"), network("192.0.2.2"));
    }

    #[tokio::test]
    async fn success_forgets_the_account_and_not_the_address() {
        let delays = LoginDelays::new();
        let now = Timestamp::default();
        for n in 0..30 {
            let account = format!("user{}@example.com", n % 2);
            delays
                .failed(Attempt::new(&account, "192.0.2.1"), now)
                .await;
        }
        let elsewhere = Attempt::new("USER0@example.com", "192.0.2.9");
        assert_eq!(delays.before(elsewhere, now).await, LONGEST);
        delays.succeeded(elsewhere).await;
        assert_eq!(delays.before(elsewhere, now).await, Duration::ZERO);
        let here = Attempt::new("other@example.com", "192.0.2.1");
        assert_eq!(delays.before(here, now).await, LONGEST);
        let later = now + chrono::TimeDelta::minutes(15);
        assert_eq!(delays.before(here, later).await, Duration::ZERO);
    }
}
