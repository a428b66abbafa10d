//! The server's settings: one table, from which flags, environment, file and `config show` derive.
//!
//! A flag beats the environment, that beats the file, that beats the default.

use std::fmt;
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use calendar::Duration;
use engine::{DUPLICATE_WINDOW, Retention};
use serde::Deserialize;

use crate::cli::ServeArgs;
use crate::exit::{Ended, Exit};
use crate::heartbeat::Heartbeat;
use crate::place::{self, Place};
use crate::test_page::Schedule;

/// File that is read where no other is named, if it exists.
const DEFAULT_FILE: &str = "watchbell.toml";

/// How a setting says that it has no limit.
const UNLIMITED: &str = "unlimited";

/// Where a value comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Origin {
    Flag,
    Environment(&'static str),
    File(PathBuf),
    Default,
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Origin::Flag => f.write_str("flag"),
            Origin::Environment(name) => write!(f, "environment {name}"),
            Origin::File(path) => write!(f, "file {}", path.display()),
            Origin::Default => f.write_str("default"),
        }
    }
}

/// One setting.
#[derive(Clone, Debug)]
pub(crate) struct Setting {
    pub(crate) name: &'static str,
    pub(crate) value: String,
    pub(crate) origin: Origin,
}

/// Settings of the server.
#[derive(Clone)]
pub(crate) struct Settings {
    pub(crate) all: Vec<Setting>,
    /// The heartbeat to a dead-man's switch.
    pub(crate) heartbeat: Option<Heartbeat>,
    /// Test pages on a schedule.
    pub(crate) test_page: Option<Schedule>,
    /// Where the journal is kept: `data`, or the database that the environment names in its place.
    pub(crate) place: Place,
}

/// `watchbell.toml`.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    listen: Option<String>,
    data: Option<String>,
    policy: Option<String>,
    roster: Option<String>,
    public_url: Option<String>,
    status_url: Option<String>,
    status_export: Option<String>,
    signals_per_minute: Option<Limit>,
    heartbeat: Option<Heartbeat>,
    test_page: Option<Schedule>,
    #[serde(default)]
    retention: RetentionFile,
}

/// A number, or `unlimited`.
#[derive(Debug, Deserialize)]
#[serde(untagged)]
enum Limit {
    Number(u32),
    Word(String),
}

impl fmt::Display for Limit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Limit::Number(number) => number.fmt(f),
            Limit::Word(word) => word.fmt(f),
        }
    }
}

/// `[retention]` of `watchbell.toml`.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct RetentionFile {
    signals: Option<String>,
    private_texts: Option<String>,
}

/// Name, environment variable, default.
const TABLE: [(&str, &str, &str); 10] = [
    ("listen", "WATCHBELL_LISTEN", "127.0.0.1:8420"),
    ("data", "WATCHBELL_DATA", place::DEFAULT),
    ("policy", "WATCHBELL_POLICY", "policy.yaml"),
    ("roster", "WATCHBELL_ROSTER", "roster.yaml"),
    ("public_url", "WATCHBELL_PUBLIC_URL", ""),
    ("status_url", "WATCHBELL_STATUS_URL", ""),
    ("status_export", "WATCHBELL_STATUS_EXPORT", ""),
    ("signals_per_minute", "WATCHBELL_SIGNALS_PER_MINUTE", "60000"),
    ("retention.signals", "WATCHBELL_RETENTION_SIGNALS", "400d"),
    ("retention.private_texts", "WATCHBELL_RETENTION_PRIVATE_TEXTS", "180d"),
];

impl Settings {
    /// Gathers every setting from where it is given.
    pub(crate) fn gather(args: &ServeArgs) -> anyhow::Result<Settings> {
        let (file, path) = read_file(args)?;
        let text = |path: &Option<PathBuf>| path.as_ref().map(|path| path.display().to_string());
        let flags = [
            args.listen.clone(),
            text(&args.data),
            text(&args.policy),
            text(&args.roster),
            args.public_url.clone(),
            args.status_url.clone(),
            text(&args.status_export),
            None,
            None,
            None,
        ];
        let filed = [
            file.listen,
            file.data,
            file.policy,
            file.roster,
            file.public_url,
            file.status_url,
            file.status_export,
            file.signals_per_minute.map(|limit| limit.to_string()),
            file.retention.signals,
            file.retention.private_texts,
        ];
        let rows = TABLE.iter().zip(flags).zip(filed);
        let all = rows.map(|(((name, variable, default), flag), filed)| {
            let from_env = std::env::var(variable).ok().filter(|value| !value.is_empty());
            let (value, origin) = if let Some(value) = flag {
                (value, Origin::Flag)
            } else if let Some(value) = from_env {
                (value, Origin::Environment(variable))
            } else if let Some(value) = filed {
                (value, Origin::File(path.clone()))
            } else {
                ((*default).to_owned(), Origin::Default)
            };
            Setting { name, value, origin }
        });
        let mut all: Vec<Setting> = all.collect();
        let place = Place::of(Path::new(all.iter().find(|row| row.name == "data").map_or("", |row| &row.value)))?;
        for row in all.iter_mut().filter(|row| row.name == "data") {
            // An URL may hold a password.
            if let Place::Server(_) = &place {
                let named = row.value != place::DEFAULT;
                row.origin = if named { row.origin.clone() } else { Origin::Environment(place::VARIABLE) };
                row.value = place.to_string();
            }
        }
        let tables = [
            ("heartbeat", file.heartbeat.as_ref().map(Heartbeat::shown)),
            ("test_page", file.test_page.as_ref().map(Schedule::shown)),
        ];
        all.extend(tables.map(|(name, shown)| match shown {
            Some(value) => Setting { name, value, origin: Origin::File(path.clone()) },
            None => Setting { name, value: String::new(), origin: Origin::Default },
        }));
        Ok(Settings { all, heartbeat: file.heartbeat, test_page: file.test_page, place })
    }

    /// A setting that is a number above zero; `None` where it has no limit.
    pub(crate) fn number(&self, name: &str) -> anyhow::Result<Option<u32>> {
        let wrong = |text: &str| {
            Ended::with(Exit::Usage, format!("{name} is `{text}`, and must be a number above zero, or `{UNLIMITED}`"))
        };
        match self.get(name) {
            UNLIMITED => Ok(None),
            text => text.parse().ok().filter(|number| *number > 0).map(Some).ok_or_else(|| wrong(text)),
        }
    }

    /// How long things are kept. Nothing may go while the duplicate window still needs it.
    pub(crate) fn retention(&self) -> anyhow::Result<Retention> {
        let age = |name: &str| {
            let text = self.get(name);
            let wrong = |why: String| Ended::with(Exit::Usage, format!("{name} is `{text}`: {why}"));
            let days = text.strip_suffix('d').and_then(|days| days.trim().parse::<u32>().ok());
            let age = match days {
                Some(days) => Duration::from_hours(i64::from(days) * 24),
                None => {
                    crate::cli::duration(text).map_err(|_| wrong("write days or hours, such as 90d or 72h".into()))?
                }
            };
            if age < DUPLICATE_WINDOW {
                let why =
                    format!("signals sent again are recognised for {DUPLICATE_WINDOW:#}, so nothing may go earlier");
                return Err(wrong(why));
            }
            Ok(age)
        };
        Ok(Retention { signals: age("retention.signals")?, private_texts: age("retention.private_texts")? })
    }

    /// The value of a setting of [`TABLE`].
    pub(crate) fn get(&self, name: &str) -> &str {
        self.all.iter().find(|setting| setting.name == name).map_or("", |setting| setting.value.as_str())
    }
}

fn read_file(args: &ServeArgs) -> anyhow::Result<(File, PathBuf)> {
    let path = match &args.config {
        Some(path) => path.clone(),
        None if PathBuf::from(DEFAULT_FILE).exists() => PathBuf::from(DEFAULT_FILE),
        None => return Ok((File::default(), PathBuf::new())),
    };
    let text = std::fs::read_to_string(&path).with_context(|| format!("failed to read {}", path.display()))?;
    let file = toml::from_str(&text)
        .map_err(|e| Ended::with(Exit::Usage, format!("{} is not a valid configuration:\n{e}", path.display())))?;
    Ok((file, path))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn retention_is_read_in_days_and_hours_and_never_shorter_than_the_duplicate_window() {
        let of = |signals: &str| {
            let row = |name, value: &str| Setting { name, value: value.to_owned(), origin: Origin::Default };
            let all = vec![row("retention.signals", signals), row("retention.private_texts", "30d")];
            Settings { all, heartbeat: None, test_page: None, place: Place::Folder(PathBuf::new()) }.retention()
        };
        for (text, hours) in [("400d", 400 * 24), ("72h", 72), ("1d", 24)] {
            assert_eq!(of(text).unwrap().signals, Duration::from_hours(hours), "{text}");
        }
        for (text, why) in [("23h", "so nothing may go earlier"), ("0d", "so nothing may go"), ("soon", "such as 90d")]
        {
            let refused = of(text).unwrap_err().to_string();
            assert!(refused.contains("retention.signals") && refused.contains(why), "{text}: {refused}");
        }
    }
}
