//! The settings of the heartbeat to a dead-man's switch, and its start beside the server.
//!
//! A heartbeat that is set up wrongly stops nothing: people are told, and the server runs.

use std::path::Path;

use calendar::Duration;
use channel::{BeatTarget, Secret};
use engine::Engine;
use problem::Problem;
use serde::Deserialize;

/// How often it is sent where nothing else is said.
const EVERY: Duration = Duration::from_mins(1);
/// More often says nothing more, and public switches limit their callers.
const EVERY_MIN: Duration = Duration::from_secs(10);

/// The table `[heartbeat]` of the settings file.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Heartbeat {
    url: Option<String>,
    url_env: Option<String>,
    url_file: Option<String>,
    every: Option<String>,
    #[serde(default)]
    allow_internal: bool,
}

impl Heartbeat {
    /// For `config show`: where the URL comes from, since it is itself a credential.
    pub(crate) fn shown(&self) -> String {
        let place = match (&self.url, &self.url_env, &self.url_file) {
            (Some(_), None, None) => "url".to_owned(),
            (None, Some(name), None) => format!("url from {name}"),
            (None, None, Some(path)) => format!("url from {path}"),
            _ => "unclear".to_owned(),
        };
        format!("{place}, every {}", self.every.as_deref().unwrap_or("60s"))
    }

    /// Where it goes, and how often.
    fn read(&self) -> Result<(BeatTarget, Duration), Problem> {
        let url = match (&self.url, &self.url_env, &self.url_file) {
            (Some(url), None, None) => Secret::new(url),
            (None, Some(name), None) => Secret::from_env(name)?,
            (None, None, Some(path)) => Secret::from_file(Path::new(path))?,
            _ => return Err(unsent("`[heartbeat]` needs exactly one of `url`, `url_env` and `url_file`".to_owned())),
        };
        let every = match &self.every {
            None => EVERY,
            Some(text) => text.parse().ok().filter(|every| *every >= EVERY_MIN).ok_or_else(|| {
                unsent(format!("`every` is `{text}`, and must be a length of at least {EVERY_MIN:#}"))
            })?,
        };
        Ok((BeatTarget::parse(&url, self.allow_internal)?, every))
    }

    /// Sends it from now on.
    pub(crate) fn start(&self, engine: &Engine) {
        match self.read() {
            Ok((target, every)) => {
                let every = std::time::Duration::from_secs(every.as_secs().unsigned_abs());
                let beating = engine.clone().beat(target, every);
                tokio::spawn(async move {
                    if let Err(error) = beating.await {
                        tracing::error!(%error, "heartbeat.not_started");
                    }
                });
            }
            Err(problem) => engine.complain(unsent(format!("it is set up wrongly: {problem}"))),
        }
    }
}

fn unsent(detail: String) -> Problem {
    Problem::new(&problem::HEARTBEAT_UNSENT, detail)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn settings_name_one_url_and_a_length() {
        for (text, wanted) in [
            ("url = 'https://hc-ping.example/uuid'", "hc-ping.example, 1m"),
            ("url = 'https://hc-ping.example/uuid'\nevery = '5m'", "hc-ping.example, 5m"),
            ("url = 'http://10.0.0.7/beat'\nallow_internal = true", "10.0.0.7, 1m"),
            ("url = 'http://10.0.0.7/beat'", "address-forbidden"),
            ("url = 'https://hc-ping.example/uuid'\nevery = '1s'", "heartbeat-unsent"),
            ("url = 'https://hc-ping.example/uuid'\nevery = 'often'", "heartbeat-unsent"),
            ("url = 'https://hc-ping.example/uuid'\nurl_env = 'PING_URL'", "heartbeat-unsent"),
            ("every = '60s'", "heartbeat-unsent"),
            ("url_env = 'WATCHBELL_NO_SUCH_VARIABLE'", "secret-missing"),
        ] {
            let settings: Heartbeat = toml::from_str(text).unwrap();
            let found = match settings.read() {
                Ok((target, every)) => format!("{}, {every:#}", target.host()),
                Err(problem) => problem.code.id.to_owned(),
            };
            assert_eq!(found, wanted, "{text}");
            assert!(!settings.shown().contains("uuid"), "{}", settings.shown());
        }
    }
}
