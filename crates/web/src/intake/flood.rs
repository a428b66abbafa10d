//! Keeps one key from opening incidents without end by inventing services.
//!
//! Services that the policy declares are as many as it declares. Of others, a key may bring so many
//! an hour that fire triggers; what it says of further ones is taken in as of one service,
//! [`MANY`], and keeps its own name as a label. So nothing is dropped: class and severity stay, the
//! incidents of that service page as any others do, and hold what came after as evidence. It is
//! done before anything is decided, so that replays see it, too. What is remembered here begins
//! anew with the server.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Mutex, PoisonError};

use calendar::{Duration, Instant};
use engine::Rules;
use problem::Problem;
use wcore::Signal;

/// The service under which further ones are taken in.
pub(crate) const MANY: &str = "many-services";
/// The label that then holds the service's own name.
const LABEL: &str = "service";
/// Services that the policy does not declare and that may fire triggers, of one key within
/// [`WINDOW`]: one a minute, which is more than a person on call can look at.
const NEW_MAX: usize = 60;
/// The time over which new services are counted.
const WINDOW: Duration = Duration::from_hours(1);
/// A service that was silent for so long is forgotten.
const FORGOTTEN_AFTER: Duration = Duration::from_hours(24);
/// Services remembered of one key; further ones are taken in as [`MANY`]. About a megabyte.
const KNOWN_MAX: usize = 10_000;
/// Keys of which services are remembered: as many as there can be tokens.
const KEYS_MAX: usize = 1_000;

/// Longest piece of a service's name that is repeated in a complaint, in characters.
const SHOWN_MAX: usize = 64;

/// Undeclared services by the key that brought them.
#[derive(Debug, Default)]
pub(crate) struct Floods(Mutex<BTreeMap<String, Brought>>);

/// Undeclared services of one key that may fire triggers, and when each was last heard of.
#[derive(Debug, Default)]
struct Brought {
    own: BTreeMap<String, Instant>,
    /// Taken in as [`MANY`].
    joined: BTreeMap<String, Instant>,
    /// When the last new ones of `own` came.
    recent: VecDeque<Instant>,
}

/// How a signal is taken in.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Taken {
    AsItIs,
    Joined,
    JoinedAnew,
}

impl Floods {
    /// Renames the service of what a key may not bring as its own. Answers what to complain about
    /// where a service joined that did not before.
    pub(crate) fn contain(&self, key: &str, signals: &mut [Signal], rules: &Rules, now: Instant) -> Option<Problem> {
        let is_declared = |signal: &Signal| rules.policy.services.contains_key(&signal.service);
        // Mostly all are, and nothing is locked.
        let first = signals.iter().position(|signal| !is_declared(signal))?;
        let mut keys = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if keys.len() >= KEYS_MAX && !keys.contains_key(key) {
            keys.retain(|_, brought| brought.recent.back().is_some_and(|at| now < *at + FORGOTTEN_AFTER));
        }
        let brought = keys.entry(key.to_owned()).or_default();
        let mut last = None;
        for signal in signals[first..].iter_mut().filter(|signal| !is_declared(signal)) {
            let taken = brought.take(signal, rules, now);
            if taken == Taken::AsItIs {
                continue;
            }
            let own = std::mem::replace(&mut signal.service, MANY.to_owned());
            if taken == Taken::JoinedAnew {
                last = Some(own.clone());
            }
            signal.labels.entry(LABEL.to_owned()).or_insert(own);
        }
        let shown: String = last?.chars().take(SHOWN_MAX).collect();
        let detail = format!(
            "a key brought more than {NEW_MAX} services within an hour that the policy does not declare; \
             `{shown}` and others are taken in as `{MANY}`"
        );
        Some(Problem::new(&problem::SERVICES_FLOODING, detail))
    }
}

impl Brought {
    fn take(&mut self, signal: &Signal, rules: &Rules, now: Instant) -> Taken {
        for (services, taken) in [(&mut self.own, Taken::AsItIs), (&mut self.joined, Taken::Joined)] {
            if let Some(last) = services.get_mut(&signal.service).filter(|last| now < **last + FORGOTTEN_AFTER) {
                *last = now;
                return taken;
            }
        }
        if signal.service == MANY || !rules.would(signal).iter().any(|would| would.opens) {
            return Taken::AsItIs;
        }
        while self.recent.front().is_some_and(|at| now >= *at + WINDOW) {
            self.recent.pop_front();
        }
        for services in [&mut self.own, &mut self.joined].into_iter().filter(|services| services.len() >= KNOWN_MAX) {
            services.retain(|_, last| now < *last + FORGOTTEN_AFTER);
        }
        if self.recent.len() < NEW_MAX && self.own.len() < KNOWN_MAX {
            self.recent.push_back(now);
            self.joined.remove(&signal.service);
            self.own.insert(signal.service.clone(), now);
            return Taken::AsItIs;
        }
        if self.joined.len() < KNOWN_MAX {
            self.joined.insert(signal.service.clone(), now);
        }
        Taken::JoinedAnew
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rules() -> Rules {
        let documents = engine::Documents {
            policy: policy::starter::POLICY.to_owned(),
            roster: policy::starter::ROSTER.to_owned(),
        };
        Rules::compile(documents).unwrap()
    }

    fn leak(service: &str) -> Signal {
        let text = |text: &str| text.to_owned();
        Signal { metric: text("pii_leak"), service: text(service), label: Some(text("confirmed")), ..Signal::default() }
    }

    #[test]
    fn services_beyond_the_limit_join_and_the_declared_never_do() {
        let (rules, floods) = (rules(), Floods::default());
        let start = Instant::from_micros(0);
        let take = |key: &str, service: &str, minutes: i64| {
            let mut signals = [leak(service)];
            let complained = floods.contain(key, &mut signals, &rules, start + Duration::from_mins(minutes)).is_some();
            let [signal] = signals;
            let own = signal.labels.get(LABEL).cloned().unwrap_or_default();
            (signal.service, own, complained)
        };
        let itself = |service: &str| (service.to_owned(), String::new(), false);
        let joined = |service: &str, anew: bool| (MANY.to_owned(), service.to_owned(), anew);
        for n in 0..NEW_MAX {
            assert_eq!(take("a", &format!("s-{n}"), 0), itself(&format!("s-{n}")));
        }
        for (key, service, minutes, wanted, why) in [
            ("a", "x", 1, joined("x", true), "one too many"),
            ("a", "x", 2, joined("x", false), "it is told once"),
            ("a", "s-0", 3, itself("s-0"), "what came before stays what it is"),
            ("a", "support-assistant", 3, itself("support-assistant"), "a declared one"),
            ("b", "x", 3, itself("x"), "another key"),
            ("a", "y", 61, itself("y"), "an hour later"),
            ("a", "x", 61, joined("x", false), "what joined stays, so that an all-clear finds it"),
            ("a", "x", 61 + 24 * 60, itself("x"), "unless it was silent for a day"),
        ] {
            assert_eq!(take(key, service, minutes), wanted, "{why}");
        }
        let mut harmless =
            [Signal { metric: "nobody-watches".to_owned(), service: "z".to_owned(), ..Signal::default() }];
        assert!(floods.contain("a", &mut harmless, &rules, start).is_none());
        assert_eq!(harmless[0].service, "z", "what fires nothing opens nothing");
    }

    #[test]
    fn what_is_remembered_has_an_end() {
        let (rules, floods) = (rules(), Floods::default());
        let mut signals: Vec<Signal> = (0..KNOWN_MAX + NEW_MAX + 100).map(|n| leak(&format!("s-{n}"))).collect();
        assert!(floods.contain("a", &mut signals, &rules, Instant::from_micros(0)).is_some());
        assert_eq!(signals.iter().filter(|signal| signal.service != MANY).count(), NEW_MAX);
        let keys = floods.0.lock().unwrap();
        assert_eq!((keys["a"].own.len(), keys["a"].joined.len()), (NEW_MAX, KNOWN_MAX));
    }
}
