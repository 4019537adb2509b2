//! The command that gives a user a new password where nobody can sign in any more: reads it, and
//! has the service keep it. Whoever runs it has the database, so no right is asked for.

use std::io::{self, IsTerminal, Read, Write};

use anyhow::{Context as _, bail};
use nix::sys::termios::{self, LocalFlags, SetArg, SpecialCharacterIndices as Special, Termios};

use super::{App, Parts, run::Database};
use crate::{
    config::Config,
    domain::{clock::Clock, ids::RequestId, passwords::Hasher},
    lifecycle::Lifecycle,
    pubsub,
    store::pool::PoolSettings,
};

/// Far more than the longest password.
const LONGEST_LINE: u64 = 4096;
/// What Ctrl-C types where it makes no signal.
const CTRL_C: u8 = 3;

/// Reads the new password: typed twice and unseen at a terminal, else the first line of what
/// comes in.
///
/// # Errors
/// When nothing was typed, both differ, or the terminal fails.
pub fn read_password() -> anyhow::Result<String> {
    if !io::stdin().is_terminal() {
        return read_line();
    }
    let _unseen = Unseen::begin().context("the terminal cannot hide what is typed")?;
    let first = ask("New password: ")?;
    let second = ask("The same again: ")?;
    if first != second {
        bail!("the two passwords differ");
    }
    Ok(first)
}

/// Sets the user's password, ends its sessions and tells the servers on the same database.
///
/// # Errors
/// When there is no such user, it does not sign in by password, or the password breaks a rule.
pub async fn reset_password(
    config: &Config,
    username: &str,
    password: String,
) -> anyhow::Result<()> {
    let database = Database::open(config).await?;
    let access_url = config.network.access_url(([127, 0, 0, 1], 0).into());
    let parts = Parts {
        database_url: database.url().to_owned(),
        pool: PoolSettings {
            max_connections: 1,
            ..PoolSettings::default()
        },
        settings: super::settings(config, access_url),
        clock: Clock::system(),
        hasher: Hasher::default(),
        limits: super::limits(config),
    };
    let app = App::build(parts, Lifecycle::new())?;
    let reset = app.state.users.reset_password(username, password).await;
    let connections = app.db().clone();
    let told = pubsub::flush(app.outbox, &connections, RequestId::random().0).await;
    connections.close().await;
    database.close().await;
    reset?;
    told.context("the password is set, but servers learn only within seconds that sessions ended")
}

fn ask(question: &str) -> anyhow::Result<String> {
    let mut screen = io::stderr();
    write!(screen, "{question}").and_then(|()| screen.flush())?;
    let answer = read_line();
    writeln!(screen)?;
    answer
}

fn read_line() -> anyhow::Result<String> {
    let mut line = Vec::new();
    for byte in io::stdin().lock().take(LONGEST_LINE).bytes() {
        match byte.context("no password could be read")? {
            b'\n' => break,
            CTRL_C => bail!("nothing was changed"),
            byte => line.push(byte),
        }
    }
    let line = String::from_utf8(line).context("the password is no text")?;
    let line = line.trim_end_matches('\r');
    if line.is_empty() {
        bail!("no password was given");
    }
    Ok(line.to_owned())
}

/// A terminal that shows nothing of what is typed, until this is dropped.
struct Unseen {
    before: Termios,
}

impl Unseen {
    fn begin() -> nix::Result<Self> {
        let before = termios::tcgetattr(io::stdin())?;
        let mut hidden = before.clone();
        // Ctrl-C ends the line instead of the process, which could not make the terminal
        // visible again.
        hidden
            .local_flags
            .remove(LocalFlags::ECHO | LocalFlags::ISIG);
        hidden.control_chars[Special::VEOL as usize] = CTRL_C;
        termios::tcsetattr(io::stdin(), SetArg::TCSAFLUSH, &hidden)?;
        Ok(Self { before })
    }
}

impl Drop for Unseen {
    fn drop(&mut self) {
        termios::tcsetattr(io::stdin(), SetArg::TCSAFLUSH, &self.before).ok();
    }
}
