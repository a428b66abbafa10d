//! E-mail by SMTP: one letter, one recipient, one attempt.
//!
//! A channel is one mail server and one sender. The server may lie inside, since mail relays
//! usually do; what it says is never trusted with more than a verdict. This file checks what is
//! configured; [`compose`] writes the message, [`relay`] carries it.

mod compose;
mod relay;

use std::fmt;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use lettre::address::Envelope;
use lettre::message::Mailbox;
use lettre::transport::smtp::authentication::Credentials;
use lettre::transport::smtp::client::{Certificate, TlsParameters};
use lettre::transport::smtp::extension::ClientId;
use lettre::{Address, transport::smtp};
use problem::Problem;
use url::Host;

use crate::http::Timeouts;
use crate::{Letter, Outcome, Receipt, Secret};
use relay::{Relay, Wire};

/// Until the server greets, encrypts and accepts the login.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);
/// Until the server has taken the message. Longer than for webhooks, since servers scan what
/// they take before they answer, and a message sent again has arrived twice; shorter than the
/// 60 s after which the next contact is tried.
const TOTAL_TIMEOUT: Duration = Duration::from_secs(30);
/// The longest address, in bytes (RFC 5321 §4.5.3.1.3, without the angle brackets).
const ADDRESS_BYTES_MAX: usize = 254;

/// How the connection to the server is protected.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Security {
    /// TLS from the first byte; port 465 unless another is given.
    Tls,
    /// Plain at first, then TLS before anything is said; port 587 unless another is given.
    /// A server that does not offer it gets neither the login nor the message.
    StartTls,
    /// Readable by everyone on the way; port 25 unless another is given.
    None {
        /// Otherwise the server must run on this machine.
        allow_plain: bool,
    },
}

/// Who logs in.
#[derive(Clone, Debug)]
pub struct Login {
    /// The account's name.
    pub user: String,
    /// Its password.
    pub password: Secret,
}

/// What is configured for one channel.
#[derive(Clone, Debug)]
pub struct EmailSettings {
    /// The server's name, which its certificate must carry, or its address.
    pub host: String,
    /// The server's port, if not the usual one.
    pub port: Option<u16>,
    /// How the connection is protected.
    pub security: Security,
    /// The account, if the server wants one.
    pub login: Option<Login>,
    /// The sender: `Watchbell <watchbell@example.com>`. Its domain also names this program to
    /// the server and makes its message ids unique.
    pub from: String,
    /// Certificates (PEM) of an authority of one's own, trusted besides the system's.
    pub ca_pem: Option<String>,
}

/// One channel: its server, its connections and its sender. Clones share the connections.
#[derive(Clone)]
pub struct EmailTarget {
    relay: Arc<Relay>,
    from: Mailbox,
    domain: String,
}

impl EmailTarget {
    /// The server took it; it may still bounce, and nobody need have seen it.
    pub const RECEIPT: Receipt = Receipt::Accepted;

    /// A channel as it is configured; nothing is connected yet.
    pub fn new(settings: &EmailSettings) -> Result<EmailTarget, Problem> {
        EmailTarget::with_timeouts(settings, Timeouts { connect: CONNECT_TIMEOUT, total: TOTAL_TIMEOUT })
    }

    /// A channel with other timeouts.
    pub fn with_timeouts(settings: &EmailSettings, timeouts: Timeouts) -> Result<EmailTarget, Problem> {
        let (from, domain) = sender(&settings.from)?;
        let (host, is_local) = server(&settings.host)?;
        let (wire, usual_port) = match settings.security {
            Security::Tls => (Wire::Tls(tls(&host, settings)?), smtp::SUBMISSIONS_PORT),
            Security::StartTls => (Wire::StartTls(tls(&host, settings)?), smtp::SUBMISSION_PORT),
            Security::None { allow_plain: true } => (Wire::Plain, smtp::SMTP_PORT),
            Security::None { allow_plain: false } if is_local => (Wire::PlainWithinThisMachine, smtp::SMTP_PORT),
            Security::None { allow_plain: false } => {
                return Err(Problem::new(&problem::MAIL_PLAIN_FORBIDDEN, format!("`{host}` is another machine")));
            }
        };
        let relay = Relay::new(relay::Server {
            port: settings.port.unwrap_or(usual_port),
            host,
            wire,
            login: settings.login.as_ref().map(credentials),
            hello: ClientId::Domain(domain.clone()),
            timeouts,
        });
        Ok(EmailTarget { relay: Arc::new(relay), from, domain })
    }

    /// The server's name, which may be shown.
    pub fn host(&self) -> &str {
        self.relay.host()
    }

    /// Makes one attempt.
    pub async fn send(&self, letter: &Letter) -> Outcome {
        let mail = match recipient(&letter.to).and_then(|to| self.mail(&to, letter)) {
            Ok(mail) => mail,
            Err(problem) => return Outcome::refused(problem),
        };
        self.relay.send(&mail.envelope, &mail.bytes).await
    }

    fn mail(&self, to: &Address, letter: &Letter) -> Result<Mail, Problem> {
        letter.check_size()?;
        let bytes = compose::compose(&self.from, &self.domain, to, letter);
        let envelope = Envelope::new(Some(self.from.email.clone()), vec![to.clone()])
            .expect("an envelope needs a recipient, and has one");
        Ok(Mail { envelope, bytes })
    }
}

/// What goes over the wire.
struct Mail {
    envelope: Envelope,
    bytes: Vec<u8>,
}

impl fmt::Debug for EmailTarget {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("EmailTarget").field("host", &self.host()).field("domain", &self.domain).finish_non_exhaustive()
    }
}

/// The sender, and its domain in ASCII.
fn sender(text: &str) -> Result<(Mailbox, String), Problem> {
    let invalid = |why: &str| Problem::new(&problem::MAIL_CHANNEL_INVALID, format!("`from` {why}"));
    if text.chars().any(char::is_control) || text.len() > 2 * ADDRESS_BYTES_MAX {
        return Err(invalid("is too long or has a control character"));
    }
    let mailbox: Mailbox = text.parse().map_err(|_| invalid("is neither `name@domain` nor `Name <name@domain>`"))?;
    match Host::parse(mailbox.email.domain()) {
        Ok(Host::Domain(domain)) => Ok((mailbox, domain)),
        _ => Err(invalid("needs a domain name after the `@`")),
    }
}

/// The server's name in ASCII, and whether that can only be this machine.
fn server(text: &str) -> Result<(String, bool), Problem> {
    if let Ok(address) = text.parse::<IpAddr>() {
        return Ok((address.to_string(), address.is_loopback()));
    }
    match Host::parse(text) {
        Ok(Host::Domain(name)) => Ok((name.clone(), name == "localhost")),
        _ => Err(Problem::new(&problem::MAIL_CHANNEL_INVALID, "`host` is neither a host's name nor an address")),
    }
}

fn tls(host: &str, settings: &EmailSettings) -> Result<TlsParameters, Problem> {
    let mut tls = TlsParameters::builder(host.to_owned());
    if let Some(pem) = &settings.ca_pem {
        let invalid = || Problem::new(&problem::MAIL_CHANNEL_INVALID, "`ca` holds no readable certificate in PEM");
        if !pem.contains("-----BEGIN CERTIFICATE-----") {
            return Err(invalid());
        }
        tls = tls.add_root_certificate(Certificate::from_pem(pem.as_bytes()).map_err(|_| invalid())?);
    }
    tls.build().map_err(|error| Problem::new(&problem::TRUST_ROOTS_MISSING, format!("`{host}`: {error}")))
}

fn credentials(login: &Login) -> Credentials {
    Credentials::new(login.user.clone(), login.password.expose().to_owned())
}

/// A recipient. Quoted local parts are refused: hardly anybody has one, and programs disagree on them.
fn recipient(text: &str) -> Result<Address, Problem> {
    let odd = |c: char| c.is_control() || c.is_whitespace() || matches!(c, '"' | '<' | '>' | ',' | ';');
    let is_plain = text.len() <= ADDRESS_BYTES_MAX && !text.contains(odd);
    // Addresses are personal, so the detail does not repeat it.
    let invalid = || Problem::new(&problem::MAIL_ADDRESS_INVALID, "the contact is not of the form `name@domain`");
    text.parse().ok().filter(|_| is_plain).ok_or_else(invalid)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn settings() -> EmailSettings {
        EmailSettings {
            host: "mail.example.com".into(),
            port: None,
            security: Security::Tls,
            login: Some(Login { user: "watchbell".into(), password: Secret::new("hunter2") }),
            from: "Watchbell <watchbell@example.com>".into(),
            ca_pem: None,
        }
    }

    fn code(settings: &EmailSettings) -> &'static str {
        EmailTarget::new(settings).err().map_or("", |problem| problem.code.id)
    }

    #[test]
    fn unencrypted_mail_stays_on_this_machine_unless_allowed() {
        let plain = Security::None { allow_plain: false };
        let allowed = Security::None { allow_plain: true };
        for (host, security, wanted) in [
            ("127.0.0.1", plain, ""),
            ("::1", plain, ""),
            ("localhost", plain, ""),
            ("LOCALHOST", plain, ""),
            ("mail.example.com", plain, "mail-plain-forbidden"),
            ("localhost.example.com", plain, "mail-plain-forbidden"),
            ("10.0.0.7", plain, "mail-plain-forbidden"),
            ("0.0.0.0", plain, "mail-plain-forbidden"),
            ("10.0.0.7", allowed, ""),
            ("mail.example.com", Security::Tls, ""),
            ("mail.example.com", Security::StartTls, ""),
            ("mail.example.com:465", Security::Tls, "mail-channel-invalid"),
            ("smtps://mail.example.com", Security::Tls, "mail-channel-invalid"),
            ("", Security::Tls, "mail-channel-invalid"),
        ] {
            let settings = EmailSettings { host: host.into(), security, ..settings() };
            assert_eq!(code(&settings), wanted, "{host} {security:?}");
        }
    }

    #[test]
    fn senders_and_authorities_are_checked_before_anything_is_sent() {
        for (from, wanted) in [
            ("watchbell@example.com", ""),
            ("\"Bell, Watch\" <watchbell@example.com>", ""),
            ("Wächter <wächter@bücher.example>", ""),
            ("watchbell", "mail-channel-invalid"),
            ("a@example.com, b@example.com", "mail-channel-invalid"),
            ("Bell\r\nBcc: all@example.com <watchbell@example.com>", "mail-channel-invalid"),
            ("watchbell@[192.0.2.1]", "mail-channel-invalid"),
        ] {
            assert_eq!(code(&EmailSettings { from: from.into(), ..settings() }), wanted, "{from}");
        }
        for pem in ["", "hunter2", "-----BEGIN CERTIFICATE-----\n!\n-----END CERTIFICATE-----\n"] {
            assert_eq!(
                code(&EmailSettings { ca_pem: Some(pem.into()), ..settings() }),
                "mail-channel-invalid",
                "{pem}"
            );
        }
    }

    #[test]
    fn nothing_shows_the_password() {
        let target = EmailTarget::new(&settings()).unwrap();
        assert!(!format!("{target:?} {:?}", settings()).contains("hunter2"));
        assert_eq!(target.host(), "mail.example.com");
    }

    #[test]
    fn recipients_are_plain_addresses() {
        for (text, is_good) in [
            ("ana@example.com", true),
            ("ana+pager@mail.example.com", true),
            ("ana@bücher.example", true),
            ("ana", false),
            ("", false),
            ("Ana <ana@example.com>", false),
            ("ana@example.com, ben@example.com", false),
            ("ana@example.com\r\nRCPT TO:<ben@example.com>", false),
            ("\"ana ruiz\"@example.com", false),
            (&format!("{}@example.com", "a".repeat(250)), false),
        ] {
            assert_eq!(recipient(text).is_ok(), is_good, "{text}");
        }
    }

    proptest! {
        #[test]
        fn what_passes_for_a_recipient_is_one_word(text in "[ -~\\r\\n\\t]{0,20}@?[ -~\\r\\n]{0,20}") {
            if let Ok(address) = recipient(&text) {
                prop_assert_eq!(address.to_string(), text.as_str());
                prop_assert!(!text.contains(|c: char| c.is_whitespace() || c.is_control() || c == '>'));
            }
        }
    }
}
