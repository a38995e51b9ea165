//! The control port of smp-server: commands in lines of text, by people and their scripts.
//!
//! Commands, who may use them, and what is answered are the reference's; what only its runtime can
//! tell is told as far as ours can. Everything is done by the engine, as for the admin API, and
//! changes stand in the audit log. Neither passwords nor ids are logged.
//!
//! | Role | Commands |
//! |---|---|
//! | nobody | `auth PASSWORD`, `help`, `quit`, `stats-rts` |
//! | user | `stats`, `sockets`, `server-info`, `status ID`, `block ID reason=…`, `unblock ID` |
//! | admin | those, and `clients`, `threads`, `socket-threads`, `delete ID`, `save`, `suspend`, `resume` |

mod command;
mod figures;
mod queues;
mod runtime;
mod show;

#[cfg(test)]
mod tests;

use std::io;
use std::time::Duration;

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use relay_core::audit::{Audit, Event};
use relay_core::config::Secret;
use relay_core::net::{Conn, Drain, Service};
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;
use tokio::io::{AsyncBufReadExt, AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, BufReader};
use tokio::time::{sleep, timeout};

use self::command::Command;
use crate::config::Settings;
use crate::engine::Engine;
use crate::server::Clients;

/// No command is nearly as long.
const MAX_LINE: u64 = 4096;
/// Between two guesses at a password.
const WRONG_PASSWORD: Duration = Duration::from_millis(500);
/// Silence after which a session is over; people forget terminals.
const MAX_SILENCE: Duration = Duration::from_hours(12);
/// For an answer to be taken.
const MAX_WRITE: Duration = Duration::from_secs(60);

const GREETING: &str = "SMP server control port\n'help' for supported commands\n";
const HELP: &str = "commands: stats, stats-rts, clients, sockets, socket-threads, threads, server-info, delete, save, help, quit\n";
const NOT_ALLOWED: &str = "AUTH\n";
const NO_RTS: &str = "stats-rts: these are of the runtime of smp-server, which relayd does not have; its memory and CPU time are among its metrics, see metrics.listen\n";

/// Serves the control port. Every clone is the same.
#[derive(Clone, Debug)]
pub(crate) struct Control {
    pub(crate) engine: Engine,
    pub(crate) clients: Clients,
    pub(crate) settings: Settings,
    pub(crate) audit: Audit,
}

/// What a session may do.
#[derive(Clone, Copy, Debug, Default, Eq, Ord, PartialEq, PartialOrd)]
enum Role {
    #[default]
    Nobody,
    User,
    Admin,
}

impl Service for Control {
    fn serve(&self, conn: Conn, drain: Drain) -> BoxFuture<'static, ()> {
        let control = self.clone();
        async move {
            let (stream, _) = conn.into_parts();
            tokio::select! {
                // How a session ends is its client's business.
                _ = control.session(stream) => {}
                () = drain.requested() => {}
            }
        }
        .boxed()
    }
}

impl Control {
    async fn session(&self, stream: impl AsyncRead + AsyncWrite + Unpin) -> io::Result<()> {
        let mut stream = BufReader::new(stream);
        let mut role = Role::default();
        say(&mut stream, GREETING).await?;
        while let Some(line) = hear(&mut stream).await? {
            let answer = match Command::parse(&line) {
                Ok(Command::Quit) => break,
                Ok(command) => self.answer(command, &mut role).await,
                Err(reason) => format!("error: {reason}\n"),
            };
            say(&mut stream, &answer).await?;
        }
        stream.shutdown().await
    }

    async fn answer(&self, command: Command, role: &mut Role) -> String {
        if !command.is_quiet() {
            tracing::info!(relay = "smp", command = command.name(), "control port");
        }
        if *role < command.needs() {
            tracing::warn!(
                relay = "smp",
                command = command.name(),
                "not allowed at the control port"
            );
            return NOT_ALLOWED.to_owned();
        }
        match command {
            Command::Auth(password) => self.authorize(&password, role).await,
            Command::Help => HELP.to_owned(),
            Command::Skip | Command::Quit => String::new(),
            Command::Stats => figures::stats(&self.engine.figures(), *role == Role::Admin),
            Command::StatsRts => NO_RTS.to_owned(),
            Command::Clients => figures::clients(&self.clients.all(), self.engine.now()),
            Command::Sockets => figures::sockets(&self.clients.ports()),
            Command::SocketThreads => figures::socket_threads(&self.clients.all()),
            Command::Threads => runtime::threads(),
            Command::ServerInfo => self.server_info(*role),
            Command::Suspend => "suspend not implemented\n".to_owned(),
            Command::Resume => "resume not implemented\n".to_owned(),
            Command::Save => self.save().await,
            Command::Status(id) => self.status(&id).await,
            Command::Delete(id) => self.delete(&id, *role).await,
            Command::Block(id, info) => self.block(&id, info, *role).await,
            Command::Unblock(id) => self.unblock(&id, *role).await,
        }
    }

    async fn authorize(&self, password: &str, role: &mut Role) -> String {
        let as_given = self.role_of(password);
        if as_given == Role::Nobody {
            sleep(WRONG_PASSWORD).await;
        }
        if *role == Role::Nobody {
            *role = as_given;
            return format!("Current role is {}\n", role.shown());
        }
        let hint = if *role == as_given {
            ""
        } else {
            ", start new session to change."
        };
        format!("Current role is {}{hint}\n", role.shown())
    }

    fn role_of(&self, password: &str) -> Role {
        let settings = self.settings.now();
        let (admin, user) = (
            is(settings.control.admin_password.as_ref(), password),
            is(settings.control.user_password.as_ref(), password),
        );
        match (admin, user) {
            (true, _) => Role::Admin,
            (false, true) => Role::User,
            (false, false) => Role::Nobody,
        }
    }

    fn server_info(&self, role: Role) -> String {
        let (clients, subscriptions) = (self.clients.all(), self.engine.subscriptions());
        figures::server_info(&clients, subscriptions, role == Role::Admin)
    }

    /// Everything else is in the database already.
    async fn save(&self) -> String {
        let saving = "saving server state...\n";
        match self.engine.flush().await {
            Ok(()) => format!("{saving}server state saved!\n"),
            Err(error) => format!("{saving}error: {error}\n"),
        }
    }

    /// An operator must be able to act while the database cannot be written.
    async fn record(&self, role: Role, action: &str, detail: String, outcome: &str) {
        let event = Event {
            actor: format!("control port ({})", role.word()),
            action: format!("control {action}"),
            detail,
            outcome: outcome.trim_end().to_owned(),
        };
        if let Err(error) = self.audit.record(event).await {
            tracing::warn!("the audit log cannot be written: {error}");
        }
    }
}

impl Role {
    const fn shown(self) -> &'static str {
        match self {
            Self::Nobody => "CPRNone",
            Self::User => "CPRUser",
            Self::Admin => "CPRAdmin",
        }
    }

    const fn word(self) -> &'static str {
        match self {
            Self::Nobody => "nobody",
            Self::User => "user",
            Self::Admin => "admin",
        }
    }
}

/// In the same time whatever was given, and however long.
fn is(secret: Option<&Secret>, given: &str) -> bool {
    let known = secret.map_or("", |secret| secret.reveal());
    let (known_hash, given_hash) = (Sha256::digest(known), Sha256::digest(given));
    bool::from(known_hash.as_slice().ct_eq(given_hash.as_slice())) && secret.is_some()
}

/// A line without its end; nothing at the end of the session, or where a line is no command.
async fn hear(stream: &mut (impl AsyncBufReadExt + Unpin)) -> io::Result<Option<String>> {
    let mut line = Vec::new();
    let mut limited = stream.take(MAX_LINE);
    let read = limited.read_until(b'\n', &mut line);
    let read = timeout(MAX_SILENCE, read).await;
    read.map_err(|_| io::Error::from(io::ErrorKind::TimedOut))??;
    if line.pop() != Some(b'\n') {
        return Ok(None);
    }
    let text = String::from_utf8_lossy(&line);
    Ok(Some(text.trim_end_matches('\r').to_owned()))
}

async fn say(stream: &mut (impl AsyncWrite + Unpin), answer: &str) -> io::Result<()> {
    let said = async {
        stream.write_all(answer.as_bytes()).await?;
        stream.flush().await
    };
    let said = timeout(MAX_WRITE, said).await;
    said.map_err(|_| io::Error::from(io::ErrorKind::TimedOut))?
}
