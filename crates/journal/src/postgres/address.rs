//! Where the database is: reads its URL, keeps the secrets in it to itself, and decides whether the way is encrypted.

use std::net::IpAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;
use rustls::{ClientConfig, RootCertStore};
use rustls_platform_verifier::BuilderVerifierExt as _;
use tokio_postgres::Config;
use tokio_postgres::config::{Host, SslMode};

use crate::{Error, Result};

/// A server that does not answer in this time is treated as one that is not there.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
/// A peer that has gone without a word is noticed after about ten seconds: idle, then a few questions.
const KEEPALIVE_IDLE: Duration = Duration::from_secs(4);
/// Time between those questions.
const KEEPALIVE_INTERVAL: Duration = Duration::from_secs(2);
/// How many of them.
const KEEPALIVE_RETRIES: u32 = 3;
/// What was sent and is not acknowledged for this long ends the connection.
const UNACKNOWLEDGED: Duration = Duration::from_secs(10);
/// PostgreSQL's own limit on names, in bytes.
const NAME_MAX: usize = 63;
/// The schema of an URL that names none.
const DEFAULT_SCHEMA: &str = "public";

/// A database on a server, with what is needed to connect.
pub(super) struct Address {
    pub(super) config: Config,
    /// Holds our tables; a plain name that needs no quotes.
    pub(super) schema: String,
    /// None where the way needs no encryption.
    pub(super) tls: Option<ClientConfig>,
    /// For people: hosts, database and schema, never a user or a password.
    pub(super) shown: PathBuf,
}

/// The parameters of the URL that the driver does not know, or knows otherwise.
#[derive(Default)]
struct Own {
    schema: Option<String>,
    mode: Option<String>,
    root: Option<PathBuf>,
}

impl Address {
    /// Reads `postgres://…`. Errors never quote it.
    pub(super) fn parse(url: &str) -> Result<Address> {
        let (mut config, own) = split(url)?;
        let local = config.get_hosts().iter().all(is_local) && !config.get_hosts().is_empty();
        let encrypted = match own.mode.as_deref() {
            None => !local,
            Some("disable") => false,
            Some("require" | "verify-ca" | "verify-full") => true,
            Some(other) => {
                let expected = "disable, require or verify-full";
                return refused(format!("sslmode={other} would leave open whether it is encrypted; use {expected}"));
            }
        };
        config.ssl_mode(if encrypted { SslMode::Require } else { SslMode::Disable });
        if config.get_hosts().is_empty() {
            return refused("it names no host; a socket's folder is given as ?host=/run/postgresql");
        }
        if config.get_connect_timeout().is_none() {
            config.connect_timeout(CONNECT_TIMEOUT);
        }
        if config.get_application_name().is_none() {
            config.application_name("watchbell");
        }
        config.keepalives_idle(KEEPALIVE_IDLE).keepalives_interval(KEEPALIVE_INTERVAL);
        config.keepalives_retries(KEEPALIVE_RETRIES).tcp_user_timeout(UNACKNOWLEDGED);
        let schema = own.schema.unwrap_or_else(|| DEFAULT_SCHEMA.to_owned());
        if !is_plain_name(&schema) {
            return refused("`schema` is one name of lower-case letters, digits and underscores");
        }
        let tls = if encrypted { Some(tls(own.root.as_deref())?) } else { None };
        let shown = show(&config, &schema);
        Ok(Address { config, schema, tls, shown })
    }
}

/// Whether an URL carries a password, which then must not stand on a command line.
pub(super) fn has_password(url: &str) -> bool {
    split(url).is_ok_and(|(config, _)| config.get_password().is_some())
}

fn refused<T>(detail: impl Into<String>) -> Result<T> {
    Err(Error::Address { detail: detail.into() })
}

fn split(url: &str) -> Result<(Config, Own)> {
    if !url.starts_with("postgres://") && !url.starts_with("postgresql://") {
        return refused("it begins with postgres://");
    }
    let (base, query) = url.split_once('?').unwrap_or((url, ""));
    let mut own = Own::default();
    let mut others = Vec::new();
    for pair in query.split('&').filter(|pair| !pair.is_empty()) {
        let (key, value) = pair.split_once('=').unwrap_or((pair, ""));
        match key {
            "schema" => own.schema = Some(value.to_owned()),
            "sslmode" => own.mode = Some(value.to_owned()),
            "sslrootcert" => own.root = Some(PathBuf::from(value.replace("%2F", "/").replace("%2f", "/"))),
            _ => others.push(pair),
        }
    }
    let driver = format!("{base}?{}", others.join("&"));
    match driver.parse::<Config>() {
        Ok(config) => Ok((config, own)),
        Err(error) => {
            let why = std::error::Error::source(&error).map(ToString::to_string);
            refused(why.unwrap_or_else(|| error.to_string()))
        }
    }
}

fn is_local(host: &Host) -> bool {
    match host {
        Host::Tcp(name) => name == "localhost" || name.parse::<IpAddr>().is_ok_and(|ip| ip.is_loopback()),
        Host::Unix(_) => true,
    }
}

fn is_plain_name(name: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_';
    !name.is_empty()
        && name.len() <= NAME_MAX
        && name.bytes().all(plain)
        && !name.starts_with(|first: char| first.is_ascii_digit())
}

fn show(config: &Config, schema: &str) -> PathBuf {
    let port = |index: usize| config.get_ports().get(index).or(config.get_ports().first()).copied().unwrap_or(5432);
    let hosts = config.get_hosts().iter().enumerate().map(|(index, host)| match host {
        Host::Tcp(name) => format!("{name}:{}", port(index)),
        Host::Unix(folder) => format!("{}:{}", folder.display(), port(index)),
    });
    let hosts: Vec<String> = hosts.collect();
    let database = config.get_dbname().or(config.get_user()).unwrap_or_default();
    let schema = if schema == DEFAULT_SCHEMA { String::new() } else { format!("?schema={schema}") };
    PathBuf::from(format!("postgres://{}/{database}{schema}", hosts.join(",")))
}

/// Certificates are always verified: encryption towards an unknown party would guard nothing.
fn tls(root: Option<&Path>) -> Result<ClientConfig> {
    let build = || -> std::result::Result<ClientConfig, Box<dyn std::error::Error>> {
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let builder = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions()?;
        let Some(file) = root else { return Ok(builder.with_platform_verifier()?.with_no_client_auth()) };
        let mut roots = RootCertStore::empty();
        for certificate in CertificateDer::pem_file_iter(file)? {
            roots.add(certificate?)?;
        }
        Ok(builder.with_root_certificates(roots).with_no_client_auth())
    };
    build().or_else(|error| {
        let whose = root.map_or_else(|| "of this machine".to_owned(), |file| format!("in {}", file.display()));
        refused(format!("the certificate authorities {whose} cannot be used: {error}"))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_url_is_shown_without_its_secrets_and_encrypted_unless_it_stays_on_the_machine() {
        let cases = [
            ("postgres://w:pw@db.example/wb", "postgres://db.example:5432/wb", true),
            ("postgresql://w:pw@db.example:6432/wb?schema=ops", "postgres://db.example:6432/wb?schema=ops", true),
            ("postgres://w@a:1,b:2/wb?sslmode=verify-full", "postgres://a:1,b:2/wb", true),
            ("postgres://w@db.example/wb?sslmode=disable", "postgres://db.example:5432/wb", false),
            ("postgres://w@127.0.0.1/wb", "postgres://127.0.0.1:5432/wb", false),
            ("postgres://w@localhost/wb?sslmode=require", "postgres://localhost:5432/wb", true),
            ("postgres:///wb?host=/run/postgresql&user=w", "postgres:///run/postgresql:5432/wb", false),
        ];
        for (url, shown, encrypted) in cases {
            let address = Address::parse(url).unwrap();
            assert_eq!((address.shown.to_str().unwrap(), address.tls.is_some()), (shown, encrypted), "{url}");
            assert_eq!(has_password(url), url.contains("pw"), "{url}");
        }
    }

    #[test]
    fn an_url_that_cannot_be_used_is_refused_and_never_quoted() {
        let cases = [
            ("mysql://w:hunter2@h/d", "begins with postgres://"),
            ("postgres://w:hunter2@h/d?sslmode=prefer", "use disable, require or verify-full"),
            ("postgres://w:hunter2@h/d?schema=Drop%20it", "`schema` is one name"),
            ("postgres://w:hunter2@h/d?schema=1a", "`schema` is one name"),
            ("postgres://w:hunter2@h/d?colour=red", "unknown option `colour`"),
            ("postgres://w:hunter2@h:port/d", "port"),
            ("postgres:///d?password=hunter2", "it names no host"),
            ("postgres://w:hunter2@h/d?sslrootcert=/not/there.pem", "in /not/there.pem cannot be used"),
        ];
        for (url, expected) in cases {
            let Err(error) = Address::parse(url) else { panic!("{url} was taken") };
            let told = error.to_string();
            assert!(told.contains(expected) && !told.contains("hunter2"), "{url}: {told}");
        }
    }
}
