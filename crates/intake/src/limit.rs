//! Every limit on what comes in. Texts are counted in characters.

use calendar::{Duration, Instant};

/// Largest native body, in bytes: a thousand signals of a kilobyte.
pub const BODY_BYTES: usize = 1024 * 1024;
/// Most signals of a native request; as many as fit one transaction without delaying commands.
pub const SIGNALS: usize = 1_000;
/// Largest Alertmanager body, in bytes. Alertmanager drops what is refused, so this is wide.
pub const ALERTMANAGER_BODY_BYTES: usize = 4 * 1024 * 1024;
/// Most alerts taken from one notification, about as many as fit such a body.
pub const ALERTS: usize = 5_000;
/// Largest event of PagerDuty's, in bytes: its own limit is 512 KB.
pub const PAGERDUTY_BODY_BYTES: usize = 512 * 1024;
/// Largest body that is read by a mapping, in bytes: one ticket with its history.
pub const MAPPED_BODY_BYTES: usize = 512 * 1024;
/// Deepest nesting that is still explained field by field; a signal needs two levels.
pub const DEPTH: usize = 32;

/// Longest id of a signal, of a unit, or of an alert at its sender.
pub const ID: usize = 255;
/// Longest name: source, metric, service, label, kind, evaluator, version.
pub const NAME: usize = 128;
/// Longest summary; more is not one line for people.
pub const SUMMARY: usize = 2_000;
/// Most labels of a signal.
pub const LABELS: usize = 64;
/// Longest key of a label.
pub const LABEL_KEY: usize = 128;
/// Longest value of a label.
pub const LABEL_VALUE: usize = 1_024;
/// Longest link; longer ones break in browsers and mails.
pub const LINK: usize = 2_048;

/// How far a sender's clock may be ahead; ordinary clock drift, and no more.
pub const AHEAD: Duration = Duration::from_secs(5);
/// From this age on a signal is marked late: long enough for a queue to survive a weekend.
pub const LATE: Duration = Duration::from_hours(72);
/// 2000-01-01T00:00:00Z. Earlier times are zero values and mistaken units.
pub const EARLIEST: Instant = Instant::from_micros(946_684_800_000_000);
