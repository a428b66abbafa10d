//! The connections to one mail server, and what its answers mean.
//!
//! Connections are kept between messages. One is kept only after a message that was taken
//! whole: after a timeout an answer may still be under way, and on a connection used again it
//! would be read as the answer to the next message, which then counts as delivered and is lost.

use std::error::Error as _;
use std::net::SocketAddr;
use std::sync::Mutex;
use std::time::Duration;

use lettre::address::Envelope;
use lettre::transport::smtp::authentication::{Credentials, DEFAULT_MECHANISMS};
use lettre::transport::smtp::client::{AsyncSmtpConnection, TlsParameters};
use lettre::transport::smtp::{self, extension::ClientId, response::Severity};
use problem::Problem;
use tokio::sync::Semaphore;
use tokio::time::{Instant, timeout};

use crate::Outcome;
use crate::email::EmailTarget;
use crate::http::Timeouts;

/// Connections at once; servers commonly allow one client 10 to 50.
const CONNECTIONS_MAX: usize = 8;
/// Older idle connections are not used again: servers close them, some as early as at 60 s.
const IDLE_MAX: Duration = Duration::from_secs(50);
/// How long a kept connection may take to show that it still lives.
const PROBE_TIMEOUT: Duration = Duration::from_secs(2);

/// How bytes travel.
pub(super) enum Wire {
    Tls(TlsParameters),
    StartTls(TlsParameters),
    Plain,
    /// Plain, and refused unless the name leads nowhere else.
    PlainWithinThisMachine,
}

/// One mail server, as configured.
pub(super) struct Server {
    pub(super) host: String,
    pub(super) port: u16,
    pub(super) wire: Wire,
    pub(super) login: Option<Credentials>,
    pub(super) hello: ClientId,
    pub(super) timeouts: Timeouts,
}

/// A server and its connections.
pub(super) struct Relay {
    server: Server,
    idle: Mutex<Vec<Idle>>,
    places: Semaphore,
}

struct Idle {
    connection: AsyncSmtpConnection,
    since: Instant,
}

/// What was being done when it failed; part of the reason.
#[derive(Clone, Copy)]
enum Step {
    Connect,
    Login,
    Send,
}

impl Relay {
    pub(super) fn new(server: Server) -> Relay {
        Relay { server, idle: Mutex::default(), places: Semaphore::new(CONNECTIONS_MAX) }
    }

    pub(super) fn host(&self) -> &str {
        &self.server.host
    }

    /// Makes one attempt within the timeouts. Waiting for a free connection counts, so that a
    /// hanging server holds up nobody for longer than one attempt.
    pub(super) async fn send(&self, envelope: &Envelope, mail: &[u8]) -> Outcome {
        let Timeouts { total, .. } = self.server.timeouts;
        match timeout(total, self.attempt(envelope, mail)).await {
            Ok(Ok(())) => Outcome::Delivered { receipt: EmailTarget::RECEIPT },
            Ok(Err(outcome)) => outcome,
            Err(_) => Outcome::retry(format!("the mail server did not take it within {total:?}")),
        }
    }

    async fn attempt(&self, envelope: &Envelope, mail: &[u8]) -> Result<(), Outcome> {
        let _place = self.places.acquire().await.expect("the semaphore is never closed");
        let mut connection = match self.kept().await {
            Some(connection) => connection,
            None => self.fresh().await?,
        };
        let answer = connection.send(envelope, mail).await.map_err(|error| judge(Step::Send, &error))?;
        // The library also takes "go on" for a yes. As the last answer it means that somebody
        // slipped one in before encryption began, and that the real one is still to come.
        if answer.code().severity != Severity::PositiveCompletion {
            return Err(Outcome::retry("the mail server's answers are out of step"));
        }
        self.idle().push(Idle { connection, since: Instant::now() });
        Ok(())
    }

    /// A kept connection that still answers.
    async fn kept(&self) -> Option<AsyncSmtpConnection> {
        self.idle().retain(|idle| idle.since.elapsed() < IDLE_MAX);
        let Idle { mut connection, .. } = self.idle().pop()?;
        if timeout(PROBE_TIMEOUT, connection.test_connected()).await.unwrap_or(false) {
            return Some(connection);
        }
        // What broke one has probably broken all; to try each would cost the attempt its time.
        self.idle().clear();
        None
    }

    fn idle(&self) -> std::sync::MutexGuard<'_, Vec<Idle>> {
        self.idle.lock().expect("nothing panics while it holds this lock")
    }

    async fn fresh(&self) -> Result<AsyncSmtpConnection, Outcome> {
        let Timeouts { connect, .. } = self.server.timeouts;
        match timeout(connect, self.connect()).await {
            Ok(connection) => connection,
            Err(_) => Err(Outcome::retry(format!("no connection to the mail server within {connect:?}"))),
        }
    }

    /// Connects, encrypts and logs in.
    async fn connect(&self) -> Result<AsyncSmtpConnection, Outcome> {
        let Server { wire, login, hello, timeouts, .. } = &self.server;
        let addresses = self.resolve().await?;
        // Each address gets its share, so that one which swallows packets leaves time for the others.
        let shares = u32::try_from(addresses.len()).unwrap_or(u32::MAX).saturating_add(1);
        let share = timeouts.connect / shares;
        let wrapping = if let Wire::Tls(tls) = wire { Some(tls.clone()) } else { None };
        let failed = |step| move |error| judge(step, &error);
        let mut connection =
            AsyncSmtpConnection::connect_tokio1(addresses.as_slice(), Some(share), hello, wrapping, None)
                .await
                .map_err(failed(Step::Connect))?;
        if let Wire::StartTls(tls) = wire {
            connection.starttls(tls.clone(), hello).await.map_err(failed(Step::Connect))?;
        }
        if let Some(login) = login {
            connection.auth(DEFAULT_MECHANISMS, login).await.map_err(failed(Step::Login))?;
        }
        Ok(connection)
    }

    async fn resolve(&self) -> Result<Vec<SocketAddr>, Outcome> {
        let Server { host, port, wire, .. } = &self.server;
        let unknown = |error| Outcome::retry(format!("`{host}` has no address: {error}"));
        let addresses: Vec<_> = tokio::net::lookup_host((host.as_str(), *port)).await.map_err(unknown)?.collect();
        let is_elsewhere = |address: &SocketAddr| !address.ip().is_loopback();
        if matches!(wire, Wire::PlainWithinThisMachine) && addresses.iter().any(is_elsewhere) {
            let detail = format!("`{host}` leads to another machine");
            return Err(Outcome::refused(Problem::new(&problem::MAIL_PLAIN_FORBIDDEN, detail)));
        }
        Ok(addresses)
    }
}

/// What a failure means: what the server calls permanent, and what cannot work as configured,
/// is refused; everything else may pass.
fn judge(step: Step, error: &smtp::Error) -> Outcome {
    let cause = error.source().map_or_else(String::new, ToString::to_string);
    if let Some(code) = error.status() {
        let at = if let Step::Login = step { " to the login" } else { "" };
        let reason = format!("the mail server answered {code}{}{at}", enhanced(&cause));
        return if error.is_permanent() { Outcome::refused(reason) } else { Outcome::retry(reason) };
    }
    // Said by the library about the server's abilities, not by the server.
    if error.is_client() {
        return Outcome::refused(format!("the mail server cannot do what is configured: {cause}"));
    }
    if error.is_response() {
        return Outcome::retry("the mail server's answer broke off or makes no sense");
    }
    Outcome::retry(match step {
        Step::Connect => format!("no connection to the mail server: {cause}"),
        Step::Login | Step::Send => format!("the exchange with the mail server broke off: {cause}"),
    })
}

/// The enhanced status code (RFC 3463) that begins an answer. The words after it are left out,
/// since they often repeat the recipient's address.
fn enhanced(answer: &str) -> String {
    let word = answer.split_ascii_whitespace().next().unwrap_or_default();
    let parts: Vec<&str> = word.split('.').collect();
    let is_number = |part: &&str| (1..=3).contains(&part.len()) && part.bytes().all(|byte| byte.is_ascii_digit());
    if parts.len() == 3 && parts.iter().all(is_number) { format!(" ({word})") } else { String::new() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_enhanced_code_of_an_answer_is_shown() {
        for (answer, wanted) in [
            ("5.1.1 <ana@example.com>: user unknown", " (5.1.1)"),
            ("4.7.1 Greylisted", " (4.7.1)"),
            ("5.1.1", " (5.1.1)"),
            ("ana@example.com is unknown", ""),
            ("127.0.0.1 is blocked", ""),
            ("5.1 no", ""),
            ("5.1.1.1 no", ""),
            ("5.1.1000 no", ""),
            ("", ""),
        ] {
            assert_eq!(enhanced(answer), wanted, "{answer}");
        }
    }
}
