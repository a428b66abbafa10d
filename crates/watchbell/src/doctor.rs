//! `doctor`: looks at a data directory or a database and says what is well, what is not, and what to do. It changes nothing.

mod incidents;
mod machine;
mod server;
mod work;

use engine::{TimeSource, View};
use journal::{Postgres, Sqlite, Store, Workspace};
use serde::Serialize;

use crate::cli::DoctorArgs;
use crate::exit::{Exit, explain};
use crate::place::Place;

/// How a check came out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
enum Verdict {
    /// Well.
    Ok,
    /// It works, and should be looked at.
    Warn,
    /// It does not work, or soon will not.
    Fail,
}

/// One check and its outcome.
#[derive(Debug, Serialize)]
struct Finding {
    check: &'static str,
    verdict: Verdict,
    says: String,
    /// What to do; empty where nothing is to be done.
    remedy: &'static str,
}

impl Finding {
    fn ok(check: &'static str, says: impl Into<String>) -> Finding {
        Finding { check, verdict: Verdict::Ok, says: says.into(), remedy: "" }
    }

    fn warn(check: &'static str, says: impl Into<String>, remedy: &'static str) -> Finding {
        Finding { check, verdict: Verdict::Warn, says: says.into(), remedy }
    }

    fn fail(check: &'static str, says: impl Into<String>, remedy: &'static str) -> Finding {
        Finding { check, verdict: Verdict::Fail, says: says.into(), remedy }
    }
}

pub(crate) fn run(args: &DoctorArgs) -> anyhow::Result<Exit> {
    let now = TimeSource::System.now();
    let view = |store: &dyn Store| store.reader(Workspace::default()).map(View::new);
    let looked = match Place::of(&args.data)? {
        Place::Folder(folder) => Sqlite::open_read_only(&folder).and_then(|store| {
            let view = view(&store)?;
            Ok((machine::look(&folder, &store, view.reader(), now), view))
        }),
        Place::Server(url) => Postgres::open_read_only(&url).and_then(|store| {
            let view = view(&store)?;
            Ok((server::look(&store, view.reader(), now), view))
        }),
    };
    let (mut findings, view) = looked.map_err(|error| explain(&error.problem()))?;
    findings.push(incidents::look(view.reader(), args.full));
    findings.extend(work::look(&view, now));
    let worst = findings.iter().map(|finding| finding.verdict).max().unwrap_or(Verdict::Ok);
    if args.json {
        println!("{:#}", serde_json::json!({"verdict": worst, "checks": findings}));
    } else {
        for finding in &findings {
            let word = match finding.verdict {
                Verdict::Ok => "ok  ",
                Verdict::Warn => "warn",
                Verdict::Fail => "FAIL",
            };
            println!("{word}  {:<12} {}", finding.check, finding.says);
            if !finding.remedy.is_empty() {
                println!("      {:<12} {}", "", finding.remedy);
            }
        }
    }
    Ok(if worst == Verdict::Fail { Exit::Failure } else { Exit::Ok })
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use calendar::{Duration, Instant};
    use journal::{Batch, DocumentChange, Position};

    use super::*;

    /// A store whose only batch was recorded at `now`, with a self-alert of that hour and settings of retention.
    fn folder(now: Instant) -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        std::fs::set_permissions(folder.path(), std::fs::Permissions::from_mode(0o700)).unwrap();
        let store = Sqlite::open(folder.path()).unwrap();
        let document = |collection: &str, id: &str, body: serde_json::Value| DocumentChange {
            collection: collection.to_owned(),
            id: id.to_owned(),
            body: Some(body.to_string().into_bytes()),
        };
        let alert = serde_json::json!({
            "code": "clock-jumped", "detail": "", "count": 1, "first_at": now, "last_at": now, "told_at": now,
        });
        let retention = serde_json::to_value(engine::Retention::default()).unwrap();
        let batch = Batch {
            expected: Position(0),
            recorded_at: now,
            next_incident: 1,
            documents: vec![
                document("self_alerts", "clock-jumped", alert),
                document("settings", "retention", retention),
            ],
            ..Batch::default()
        };
        store.writer(Workspace::default()).unwrap().commit(&batch).unwrap();
        folder
    }

    fn findings(folder: &tempfile::TempDir, now: Instant) -> Vec<Finding> {
        let store = Sqlite::open_read_only(folder.path()).unwrap();
        let view = View::new(store.reader(Workspace::default()).unwrap());
        let mut findings = machine::look(folder.path(), &store, view.reader(), now);
        findings.push(incidents::look(view.reader(), false));
        findings.extend(work::look(&view, now));
        findings
    }

    #[test]
    fn each_check_finds_what_was_prepared_for_it() {
        use Verdict::{Fail, Ok, Warn};
        let now = Instant::from_micros(1_795_788_000_000_000);
        let later = Duration::from_hours(48);
        let folder = folder(now);
        let cases: [(Duration, &str, Verdict, &str); 13] = [
            (Duration::ZERO, "files", Ok, "only their owner"),
            (Duration::ZERO, "database", Ok, "whole"),
            (Duration::ZERO, "chain", Ok, "whole from position 1 to 1"),
            (Duration::ZERO, "incidents", Ok, "0 incidents equal"),
            (Duration::ZERO, "clock", Ok, "not behind"),
            (-Duration::from_mins(1), "clock", Fail, "1m ahead of this machine's clock"),
            (Duration::ZERO, "backup", Warn, "none was ever made"),
            (Duration::ZERO, "policy", Fail, "none has been in force"),
            (Duration::ZERO, "pages", Ok, "0 messages wait"),
            (Duration::ZERO, "clocks", Ok, "none runs"),
            (Duration::ZERO, "self-alerts", Warn, "clock-jumped (1, last 2026-"),
            (later, "self-alerts", Ok, "none in the last 24 h"),
            (Duration::ZERO, "retention", Ok, "kept 400 days, customers' words 180 days; nothing is stored"),
        ];
        for (offset, check, verdict, says) in cases {
            let found = findings(&folder, now + offset);
            let found: Vec<&Finding> = found.iter().filter(|finding| finding.check == check).collect();
            assert_eq!(found.len(), 1, "{check}");
            let finding = found[0];
            assert!(finding.verdict == verdict && finding.says.contains(says), "{finding:?}");
            assert_eq!(finding.remedy.is_empty(), verdict == Ok, "whoever is warned is told what to do: {finding:?}");
        }
    }

    #[test]
    fn accounts_are_compared_with_what_the_policy_asks() {
        let now = Instant::from_micros(1_795_788_000_000_000);
        let folder = folder(now);
        let documents = engine::Documents {
            policy: policy::starter::POLICY.to_owned(),
            roster: policy::starter::ROSTER.to_owned(),
        };
        let rules = engine::Rules::compile(documents).unwrap();
        let look = |role: Option<&str>| {
            let store = Sqlite::open(folder.path()).unwrap();
            let head = store.reader(Workspace::default()).unwrap().head().unwrap();
            let account =
                |role: &str| serde_json::json!({"person": "tom", "role": role, "created_at": now, "password": null});
            let body = role.map(|role| account(role).to_string().into_bytes());
            let document = DocumentChange { collection: "accounts".to_owned(), id: "ab".repeat(32), body };
            let batch = Batch {
                expected: head.position,
                recorded_at: head.recorded_at + Duration::from_micros(1),
                next_incident: 1,
                documents: vec![document],
                ..Batch::default()
            };
            store.writer(Workspace::default()).unwrap().commit(&batch).unwrap();
            work::accounts(&View::new(store.reader(Workspace::default()).unwrap()), &rules, now)
        };
        for (role, says, never) in [
            (None, "tom is owner of publishing, but has no account", "tom is owner of publishing, but their account"),
            (
                Some("viewer"),
                "tom is owner of publishing, but their account is only viewer",
                "tom is owner of publishing, but has",
            ),
            (Some("publisher"), "mara is", "tom is"),
        ] {
            let found = look(role);
            assert_eq!(found.verdict, Verdict::Warn);
            assert!(found.says.contains(says) && !found.says.contains(never), "{role:?}: {}", found.says);
        }
    }
}
