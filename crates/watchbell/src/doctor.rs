//! `doctor`: looks at a data directory and says what is well, what is not, and what to do. It changes nothing.

mod machine;
mod work;

use engine::{TimeSource, View};
use journal::{Sqlite, Store, Workspace};
use serde::Serialize;

use crate::cli::DoctorArgs;
use crate::exit::{Exit, explain};

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
    let store = Sqlite::open_read_only(&args.data).map_err(|error| explain(&error.problem()))?;
    let reader = store.reader(Workspace::default()).map_err(|error| explain(&error.problem()))?;
    let view = View::new(reader);
    let now = TimeSource::System.now();
    let mut findings = machine::look(&args.data, &store, view.reader(), now);
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
