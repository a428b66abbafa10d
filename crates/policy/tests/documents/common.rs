//! A small valid pair, and edits of it.

use policy::{Loaded, Source, load, render};

pub(crate) const POLICY: &str = r#"version: 1
severities: [{rank: 1, name: SEV-1}, {rank: 2, name: SEV-2}]
services:
  support: {name: Support assistant}
metrics:
  groundedness: {higher_is: better, bad_below: 0.5}
  vague: {from: evaluations}
triggers:
  - id: pii-confirmed
    when: signal.metric == "pii_leak" && signal.label == "confirmed"
    raise: {class: pii_leak, severity: SEV-1}
  - id: slow
    count: {when: 'signal.metric == "latency"', distinct: unit, at_least: 5, within: 24h}
    raise: {class: latency, severity: SEV-2, key: [class, service]}
audiences:
  support: {channels: [inbox]}
  customers: {surface: status-page}
targets:
  SEV-1:
    acknowledge: 10m
    escalate_after: 20m
    updates:
      customers: {first: 30m, every: 30m, until: mitigated, approval: publishing}
  SEV-2:
    acknowledge: 20m
    updates:
      customers: {first: 60m, every: 60m, until: mitigated}
    review: {within: 5 business days, calendar: office}
classes:
  pii_leak: {restricted: true, targets: {contain: 15m}}
  latency: {resolve: on_clear}
roles:
  commander: {owner: schedule/oncall}
  remediation: {owner: schedule/oncall, backup: ben}
  validation: {owner: ben, not: remediation}
  publishing: {owner: ana}
escalation:
  default:
    - {page: schedule/oncall, wait: 10m}
    - {page: fallback, repeat: until acknowledged}
review: {every: week, on: "Mon 10:00", calendar: office}
"#;

pub(crate) const ROSTER: &str = r#"people:
  ana: {name: Ana, contacts: [{inbox: ana}]}
  ben: {name: Ben, contacts: [{email: ben@example.com}, {webhook: pager, to: ben}]}
schedules:
  oncall:
    time_zone: Europe/Berlin
    layers: [{rotation: {every: 1 week, handoff: "Mon 09:00"}, people: [ana, ben]}]
fallback: [ben]
calendars:
  office: {time_zone: Europe/Berlin, weekly: {mon-fri: ["08:00-18:00"]}, holidays: [2026-12-25]}
channels:
  pager: {type: webhook, url_env: PAGER_URL, secret_env: PAGER_SECRET}
"#;

/// Loads a pair and shows what was found.
pub(crate) fn loaded(policy: &str, roster: &str) -> (Loaded, String) {
    let sources = [Source { name: "policy.yaml", text: policy }, Source { name: "roster.yaml", text: roster }];
    let loaded = load(sources[0], sources[1]);
    let shown = render(&loaded.diagnostics, &sources, false);
    (loaded, shown)
}

/// The text with one part replaced, which must stand there exactly once.
pub(crate) fn edited(text: &str, from: &str, to: &str) -> String {
    assert_eq!(text.matches(from).count(), 1, "`{from}` must stand in the text once");
    text.replace(from, to)
}
