//! Mending: what a strange sender gets wrong and cannot be asked to correct is put right and
//! counted, since refusing an alert loses a page.
//!
//! Native signals are not mended: their senders are told, see [`crate::check`].

use std::collections::BTreeMap;

use calendar::Instant;
use problem::Problem;

use crate::{check, limit};

/// The service of an alert that names none.
pub(crate) const SERVICE_UNKNOWN: &str = "unknown";

/// What was mended in one body.
pub(crate) struct Mender {
    now: Instant,
    shortened: usize,
    from_future: usize,
    unreadable_times: usize,
}

impl Mender {
    pub(crate) fn new(now: Instant) -> Mender {
        Mender { now, shortened: 0, from_future: 0, unreadable_times: 0 }
    }

    /// When it happened, and whether that makes it late. A time ahead of us counts from arrival.
    pub(crate) fn moment(&mut self, occurred_at: Option<Instant>) -> (Option<Instant>, bool) {
        match occurred_at {
            Some(at) if at.since(self.now) > limit::AHEAD => {
                self.from_future += 1;
                (None, false)
            }
            Some(at) => (Some(at), self.now.since(at) > limit::LATE),
            None => (None, false),
        }
    }

    /// A time that matters less than the alert: one that cannot be read counts from arrival.
    pub(crate) fn time(&mut self, text: &str) -> Option<Instant> {
        let read = Instant::parse(text.trim());
        self.unreadable_times += usize::from(read.is_err());
        read.ok().filter(|at| *at >= limit::EARLIEST)
    }

    /// A name of ours out of a value of theirs.
    pub(crate) fn name(&mut self, value: &str, otherwise: &str) -> String {
        self.name_within(value, otherwise, limit::NAME)
    }

    /// The same within another limit.
    pub(crate) fn name_within(&mut self, value: &str, otherwise: &str, chars_max: usize) -> String {
        let clean = value.replace(check::is_hidden, " ");
        match clean.trim() {
            "" => otherwise.to_owned(),
            name => self.cut(name, chars_max),
        }
    }

    /// As many labels as a signal has, each as long as it may be.
    pub(crate) fn labels(&mut self, labels: BTreeMap<String, String>) -> BTreeMap<String, String> {
        let seen = |text: &String| !check::holds_hidden(text);
        let fits = |(key, value): (&String, &String)| {
            let short = !check::is_longer(key, limit::LABEL_KEY) && !check::is_longer(value, limit::LABEL_VALUE);
            short && seen(key) && seen(value)
        };
        if labels.len() <= limit::LABELS && labels.iter().all(fits) {
            return labels;
        }
        self.shortened += labels.len().saturating_sub(limit::LABELS);
        let clean = |text: &str| text.replace(check::is_hidden, " ");
        let shorten = |(key, value): (String, String)| {
            (self.cut(&clean(&key), limit::LABEL_KEY), self.cut(&clean(&value), limit::LABEL_VALUE))
        };
        labels.into_iter().take(limit::LABELS).map(shorten).collect()
    }

    /// The text, shortened if need be.
    pub(crate) fn cut(&mut self, text: &str, chars_max: usize) -> String {
        self.shortened += usize::from(check::is_longer(text, chars_max));
        cut(text, chars_max)
    }

    /// What was mended, for self-alerts.
    pub(crate) fn warnings(&self) -> Vec<Problem> {
        [
            (self.shortened, "names or labels shortened or left out"),
            (self.from_future, "alerts that lie in the future"),
            (self.unreadable_times, "times that cannot be read, replaced by that of arrival"),
        ]
        .into_iter()
        .filter(|(count, _)| *count > 0)
        .map(|(count, what)| Problem::new(&problem::ALERTS_ADJUSTED, format!("{what}: {count}")))
        .collect()
    }
}

/// The first of those texts that says something.
pub(crate) fn first_of<'a>(texts: &'a BTreeMap<String, String>, keys: &[&str]) -> Option<&'a str> {
    keys.iter().filter_map(|key| texts.get(*key)).map(String::as_str).find(|text| !text.trim().is_empty())
}

/// Whether it can be shown as a link.
pub(crate) fn is_fit_link(text: &str) -> bool {
    check::is_link(text) && !check::is_longer(text, limit::LINK)
}

/// The text, or its beginning and an ellipsis.
pub(crate) fn cut(text: &str, chars_max: usize) -> String {
    if !check::is_longer(text, chars_max) {
        return text.to_owned();
    }
    text.chars().take(chars_max - 1).chain(['…']).collect()
}
