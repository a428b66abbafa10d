//! A way in: whose key opens it, how much it may still send, and what came by it.
//!
//! The formats differ, and this does not. What is remembered here shows on the source's page, is
//! bounded, and begins anew with the server; what was taken in stands in the journal.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Mutex, MutexGuard, PoisonError};

use axum::http::Uri;
use calendar::{Duration, Instant};
use problem::Problem;
use serde::Serialize;
use serde_json::{Value, json};
use wcore::Signal;

use crate::access::Principal;
use crate::app::{App, Parts};

/// Rejections remembered of each source: the last page of a sender's mistakes.
const REJECTS_KEPT: usize = 20;
/// Longest detail that is remembered, in characters.
const DETAIL_MAX: usize = 300;
/// The time over which a quota is counted.
const QUOTA_WINDOW: Duration = Duration::from_mins(1);
/// The member of a query that asks only what would happen.
const TEST: &str = "test";

/// One way in, as one request uses it.
pub(crate) struct Way<'a> {
    pub(crate) app: &'a App,
    pub(crate) name: &'a str,
    per_minute: Option<u32>,
    /// Names the key that opened it.
    credential: &'a str,
    /// Nothing is to happen: the sender asks how it would be understood.
    pub(crate) test: bool,
}

impl<'a> Way<'a> {
    /// Opens a built-in way in.
    pub(crate) fn enter(app: &'a App, name: &'a str, principal: &'a Principal, uri: &Uri) -> Result<Way<'a>, Problem> {
        Way::declared(app, name, principal, uri, app.config.signals_per_minute)
    }

    /// Opens a way in with a quota of its own.
    pub(crate) fn declared(
        app: &'a App,
        name: &'a str,
        principal: &'a Principal,
        uri: &Uri,
        per_minute: Option<u32>,
    ) -> Result<Way<'a>, Problem> {
        let way = Way { app, name, per_minute, credential: &principal.credential, test: asks_only(uri) };
        way.hear(principal.must_speak_for(name))?;
        Ok(way)
    }

    /// Remembers a refusal of a whole request.
    pub(crate) fn hear<T>(&self, result: Result<T, Problem>) -> Result<T, Problem> {
        if let Err(problem) = &result {
            self.app.ledger.rejected(self.name, std::slice::from_ref(problem), self.app.engine.now());
        }
        result
    }

    /// Whether these signals may come in now. Beyond the quota there is a reserve as large again for
    /// requests that raise the most severe severity at once: a flood from one's own sender hides no SEV-1.
    pub(crate) fn admit(&self, signals: &[Signal]) -> Result<(), Problem> {
        let Some(per_minute) = self.per_minute else { return Ok(()) };
        let now = self.app.engine.now();
        let admit = |reserve| self.app.ledger.admit(self.name, (per_minute, reserve), signals.len(), now);
        let admitted = match admit(false) {
            Err(_) if self.is_severe(signals) => admit(true),
            admitted => admitted,
        };
        self.hear(admitted)
    }

    fn is_severe(&self, signals: &[Signal]) -> bool {
        let rules = self.app.engine.rules();
        let most = rules.policy.severities.iter().map(|severity| severity.rank).min();
        let mut would = signals.iter().flat_map(|signal| rules.would(signal));
        would.any(|would| would.at_once && Some(would.severity) == most)
    }

    /// Keeps what one key says of ever further services together; see [`super::flood`].
    pub(crate) fn contain(&self, signals: &mut [Signal]) {
        let Parts { engine, floods, .. } = &**self.app;
        if let Some(problem) = floods.contain(self.credential, signals, &engine.rules(), engine.now()) {
            engine.complain(problem);
        }
    }

    /// What would be made of signals, and of which triggers they are evidence.
    pub(crate) fn explain(&self, signals: &[Signal]) -> Value {
        let rules = self.app.engine.rules();
        let explained = signals.iter().map(|signal| json!({ "signal": signal, "triggers": rules.would(signal) }));
        Value::Array(explained.collect())
    }
}

fn asks_only(uri: &Uri) -> bool {
    uri.query().is_some_and(|query| query.split('&').any(|part| part == TEST || part.starts_with("test=")))
}

/// What came by every way in since the server started.
#[derive(Debug, Default)]
pub(crate) struct Ledger(Mutex<BTreeMap<String, Account>>);

/// What came by one way in.
#[derive(Clone, Debug, Default)]
pub(crate) struct Account {
    /// Signals taken in.
    pub(crate) received: u64,
    /// Signals that came before.
    pub(crate) duplicates: u64,
    /// Signals and requests not taken in.
    pub(crate) rejected: u64,
    /// When something was last taken in.
    pub(crate) last_at: Option<Instant>,
    /// The last of what was not taken in, newest first.
    pub(crate) rejects: VecDeque<Reject>,
    bucket: Option<Bucket>,
    /// For what is severe, once the bucket is empty.
    reserve: Option<Bucket>,
}

/// Something that was not taken in. It names fields and codes, never what stood in them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct Reject {
    /// When.
    pub(crate) at: Instant,
    /// The kind of problem.
    pub(crate) code: &'static str,
    /// What was wrong.
    pub(crate) detail: String,
}

/// Signals that may still come: it fills evenly, and a request that begins with room is taken whole.
#[derive(Clone, Copy, Debug)]
struct Bucket {
    level: f64,
    at: Instant,
}

impl Bucket {
    fn filled(self, per_minute: u32, now: Instant) -> Bucket {
        let passed = now.since(self.at).as_micros().max(0) as f64 / QUOTA_WINDOW.as_micros() as f64;
        Bucket { level: (self.level + passed * f64::from(per_minute)).min(f64::from(per_minute)), at: now }
    }
}

impl Account {
    /// Signals of a quota that are left.
    pub(crate) fn left(&self, per_minute: u32, now: Instant) -> u32 {
        let level = self.bucket.map_or(f64::from(per_minute), |bucket| bucket.filled(per_minute, now).level);
        // Between nothing and the quota, which is a u32.
        level.max(0.0) as u32
    }
}

impl Ledger {
    /// What came by a way in.
    pub(crate) fn account(&self, name: &str) -> Account {
        self.lock().get(name).cloned().unwrap_or_default()
    }

    /// Signals were taken in.
    pub(crate) fn received(&self, name: &str, (accepted, duplicates): (u32, u32), now: Instant) {
        self.change(name, |account| {
            account.received += u64::from(accepted);
            account.duplicates += u64::from(duplicates);
            account.last_at = Some(now);
        });
    }

    /// Signals or a whole request were not.
    pub(crate) fn rejected(&self, name: &str, problems: &[Problem], now: Instant) {
        self.change(name, |account| {
            account.rejected += problems.len() as u64;
            for problem in problems.iter().rev().take(REJECTS_KEPT) {
                let detail = problem.detail.chars().take(DETAIL_MAX).collect();
                account.rejects.push_front(Reject { at: now, code: problem.code.id, detail });
            }
            account.rejects.truncate(REJECTS_KEPT);
        });
    }

    fn admit(&self, name: &str, (per_minute, reserve): (u32, bool), count: usize, now: Instant) -> Result<(), Problem> {
        let mut admitted = Ok(());
        self.change(name, |account| {
            let full = Bucket { level: f64::from(per_minute), at: now };
            let kept = if reserve { &mut account.reserve } else { &mut account.bucket };
            let mut bucket = kept.unwrap_or(full).filled(per_minute, now);
            if bucket.level >= 1.0 {
                bucket.level -= count as f64;
            } else {
                let detail = format!("`{name}` may send {per_minute} signals a minute, and has");
                admitted = Err(Problem::new(&problem::QUOTA_EXCEEDED, detail));
            }
            *kept = Some(bucket);
        });
        admitted
    }

    fn change(&self, name: &str, change: impl FnOnce(&mut Account)) {
        let mut accounts = self.lock();
        match accounts.get_mut(name) {
            Some(account) => change(account),
            None => change(accounts.entry(name.to_owned()).or_default()),
        }
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<String, Account>> {
        // Every change is whole, so that a panic elsewhere does not spoil it.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_quota_fills_evenly_and_takes_a_request_whole() {
        let ledger = Ledger::default();
        let start = Instant::parse("2026-11-27T14:00:00Z").unwrap();
        let mut shown = Vec::new();
        for (second, count) in [(0, 40), (0, 40), (0, 1), (10, 1), (20, 1), (21, 60), (22, 1), (300, 60), (300, 1)] {
            let now = start + Duration::from_secs(second);
            let admitted = ledger.admit("desk", (60, false), count, now);
            shown.push((second, count, admitted.is_ok(), ledger.account("desk").left(60, now)));
        }
        assert_eq!(
            shown,
            [
                (0, 40, true, 20),
                (0, 40, true, 0),
                (0, 1, false, 0),
                (10, 1, false, 0),
                (20, 1, false, 0),
                (21, 60, true, 0),
                (22, 1, false, 0),
                (300, 60, true, 0),
                (300, 1, false, 0),
            ]
        );
        let later = start + Duration::from_secs(300);
        let reserve: Vec<bool> = (0..3).map(|_| ledger.admit("desk", (60, true), 30, later).is_ok()).collect();
        assert_eq!(reserve, [true, true, false], "the reserve has an end, too");
        let other = ledger.admit("shop", (60, false), 1, start);
        assert!(other.is_ok(), "quotas are apart");
    }

    #[test]
    fn the_last_rejections_are_kept_newest_first() {
        let ledger = Ledger::default();
        let now = Instant::parse("2026-11-27T14:00:00Z").unwrap();
        let problem = |n: usize| Problem::new(&problem::MAPPING_UNFIT, format!("{n}{}", "x".repeat(400)));
        for n in 0..30 {
            ledger.rejected("desk", &[problem(n)], now);
        }
        let account = ledger.account("desk");
        assert_eq!((account.rejected, account.rejects.len()), (30, REJECTS_KEPT));
        assert!(account.rejects[0].detail.starts_with("29"));
        assert_eq!(account.rejects[0].detail.chars().count(), DETAIL_MAX);
    }

    #[test]
    fn a_query_asks_for_a_test() {
        for (uri, wanted) in
            [("/x?test", true), ("/x?key=a&test=1", true), ("/x?tests", false), ("/x?key=test", false), ("/x", false)]
        {
            assert_eq!(asks_only(&uri.parse().unwrap()), wanted, "{uri}");
        }
    }
}
