//! Bad policies and what is said about them, in `expected/bad_policies.txt`.
//!
//! Each case is the small valid pair with one part replaced.

use crate::common::{POLICY, ROSTER, edited, loaded};
use expect_test::expect_file;

/// What is wrong, and which part is replaced by which.
const CASES: &[(&str, &str, &str)] = &[
    ("unknown key", "acknowledge: 10m", "acknowlege: 10m"),
    ("unknown key at the top", "review: {every", "reviews: {every"),
    (
        "key at the wrong level",
        "classes:\n  pii_leak: {restricted: true, ",
        "classes:\n  pii_leak: {restricted: true, mitigate: 4h, ",
    ),
    ("missing version", "version: 1\n", ""),
    ("format of the future", "version: 1\n", "version: 2\n"),
    ("not yaml", "classes:\n  pii_leak: {", "classes:\n  pii_leak: {{"),
    ("unquoted colon", "version: 1\n", "version: 1\norganization: Air: the airline\n"),
    ("tab", "  SEV-2:\n", "\tSEV-2:\n"),
    ("alias without anchor", "channels: [inbox]", "channels: *inbox"),
    ("tag", "version: 1\n", "version: !!int 1\n"),
    ("second document", "review: {every", "---\nreview: {every"),
    ("merge key", "latency: {resolve: on_clear}", "latency: {<<: {restricted: true}}"),
    ("duplicate key", "  latency: {resolve: on_clear}", "  latency: {resolve: on_clear}\n  pii_leak: {}"),
    ("duplicate trigger", "- id: slow", "- id: pii-confirmed"),
    ("duplicate severity", "{rank: 2, name: SEV-2}]", "{rank: 1, name: SEV-2}]"),
    ("gap in ranks", "{rank: 2, name: SEV-2}]", "{rank: 2, name: SEV-2}, {rank: 4, name: SEV-4}]"),
    ("severity that does not exist", "class: pii_leak, severity: SEV-1", "class: pii_leak, severity: SEV1"),
    ("duration without a unit", "acknowledge: 20m", "acknowledge: 20"),
    ("duration in words", "acknowledge: 20m", "acknowledge: twenty minutes"),
    ("too long", "acknowledge: 20m", "acknowledge: 2000 days"),
    ("list for a value", "acknowledge: 20m", "acknowledge: [20m]"),
    ("text for a flag", "restricted: true", "restricted: yes"),
    ("word that does not exist", "every: 60m, until: mitigated", "every: 60m, until: mitgated"),
    ("window without a promise", "{first: 60m, every: 60m, until: mitigated}", "{until: mitigated}"),
    (
        "holding statements",
        "review: {every",
        "statements:\n  pii_lek: {en: 'We see {impact}. More by {next_update_at}.'}\n  \
         latency: {en: 'We see {impact}.', de: 'Es gibt {impact} und {name} bis {next_update_at}.', fr: '{'}\nreview: {every",
    ),
    ("own approval in words", "until: mitigated, approval: publishing", "until: mitigated, own_approval: never"),
    ("statutory clock misspelt", "latency: {resolve: on_clear}", "latency: {statutory: [gdpr-33_1]}"),
    ("statutory clock unheard of", "latency: {resolve: on_clear}", "latency: {statutory: the-law}"),
    (
        "statutory clocks that cannot be used",
        "latency: {resolve: on_clear}",
        "latency: {statutory: [uk-gdpr-33, us-circia, cra-final-vuln, contract-rca]}",
    ),
    ("statutory clock without what it follows", "latency: {resolve: on_clear}", "latency: {statutory: nis2-final}"),
    ("statutory notices of nobody", "latency: {resolve: on_clear}", "latency: {statutory: gdpr-33-1}"),
    ("statutory calendar misspelt", "review: {every", "statutory: {calendar: ofice}\nreview: {every"),
    ("window that mixes two forms", "{first: 60m, every: 60m, until: mitigated}", "{decide: 4h, by: ana, every: 60m}"),
    (
        "several at once",
        "acknowledge: 10m\n    escalate_after: 20m",
        "acknowlege: 10m\n    escalate_after: soon\n    contain: {in: 5m}",
    ),
    ("condition unknown field", r#"signal.label == "confirmed""#, r#"signal.lable == "confirmed""#),
    ("condition wrong type", r#"signal.label == "confirmed""#, r#"signal.value == "confirmed""#),
    ("condition syntax in quotes", r#"'signal.metric == "latency"'"#, r#"'signal.metric = "latency"'"#),
    ("condition changed by yaml", r#"'signal.metric == "latency"'"#, r#""signal.metrics == \"latency\"""#),
    (
        "condition over several lines",
        "    when: signal.metric == \"pii_leak\" && signal.label == \"confirmed\"\n",
        "    when: >-\n      signal.metric == \"pii_leak\"\n      && signal.lable == \"confirmed\"\n",
    ),
    ("service that is not listed", "signal.label == \"confirmed\"", "signal.service == \"suport\""),
    (
        "trigger without a condition",
        r#"    when: signal.metric == "pii_leak" && signal.label == "confirmed"
"#,
        "",
    ),
    (
        "trigger with two",
        "    raise: {class: latency,",
        r#"    when: "true"
    raise: {class: latency,"#,
    ),
    ("count of nothing", "at_least: 5", "at_least: 0"),
    ("count over a year", "within: 24h}", "within: 365 days}"),
    (
        "rate",
        r#"count: {when: 'signal.metric == "latency"', distinct: unit, at_least: 5, within: 24h}"#,
        "rate: {metric: grounding, tolerated: 5, false_pages: rarely}",
    ),
    (
        "absence",
        r#"count: {when: 'signal.metric == "latency"', distinct: unit, at_least: 5, within: 24h}"#,
        "absence: {metric: latency, servce: support, within: 0m}",
    ),
    (
        "absence of a service that is not listed",
        r#"count: {when: 'signal.metric == "latency"', distinct: unit, at_least: 5, within: 24h}"#,
        "absence: {metric: latency, service: suport, within: 30m}",
    ),
    (
        "heartbeats",
        "review: {every",
        "heartbeats:\n  nightly: {every: soon, grace: 10, raise: {class: latency, severity: SEV-3}}\n  \
         hourly: {every: 1h, service: suport, raise: {class: latncy, severity: SEV-2}}\nreview: {every",
    ),
    (
        "heartbeat with the id of a trigger",
        "triggers:\n",
        "heartbeats:\n  nightly: {every: 24h, service: support, raise: {class: latency, severity: SEV-2}}\n\
         triggers:\n  - id: heartbeat.nightly\n    when: signal.metric == \"nightly\"\n    \
         raise: {class: latency, severity: SEV-2}\n",
    ),
    ("playbook misspelt", "latency: {resolve: on_clear}", "latency: {playbook: provider-failovr}"),
    ("playbook of a wiki", "latency: {resolve: on_clear}", "latency: {playbook: our-wiki-page-17}"),
    (
        "playbooks with errors",
        "review: {every",
        "playbooks:\n  own:\n    title: Own\n    summary: Ours\n    steps:\n      \
         - {do: Look, role: comander, within: 10}\n      - {role: privacy, within: 5m, who: ana}\n    \
         related: [data-leek, data-leak]\n    sheet: {title: T, columns: [A, B], rows: [[x]]}\n  \
         empty: {title: Empty, steps: []}\nreview: {every",
    ),
    ("key part", "key: [class, service]", "key: [class, servcie]"),
    ("class with a slip", "class: pii_leak, severity", "class: pii_leek, severity"),
    ("class that is not declared", "class: latency, severity", "class: brand_new, severity"),
    ("audience that does not exist", "customers: {first: 60m", "custmers: {first: 60m"),
    ("audience nobody reaches", "support: {channels: [inbox]}", "support: {language: en}"),
    ("channel that is not configured", "support: {channels: [inbox]}", "support: {channels: [chat]}"),
    ("calendar that does not exist", "days, calendar: office", "days, calendar: offices"),
    ("person that does not exist", "backup: ben", "backup: bob"),
    ("schedule that does not exist", "commander: {owner: schedule/oncall}", "commander: {owner: schedule/on-call}"),
    ("party of an unknown kind", "commander: {owner: schedule/oncall}", "commander: {owner: team/oncall}"),
    ("role that does not exist", "  publishing: {owner: ana}", "  publisher: {owner: ana}"),
    ("escalation that does not exist", "latency: {resolve: on_clear}", "latency: {escalation: nights}"),
    ("no default escalation", "  default:\n", "  days:\n"),
    ("repeats before the end", "wait: 10m}", "wait: 10m, repeat: until acknowledged}"),
    ("no first response", "    acknowledge: 10m\n", ""),
    (
        "severity without targets",
        "  SEV-2:\n    acknowledge: 20m\n    updates:\n      customers: {first: 60m, every: 60m, until: mitigated}\n    review: {within: 5 business days, calendar: office}\n",
        "",
    ),
    (
        "ranks swapped",
        "[{rank: 1, name: SEV-1}, {rank: 2, name: SEV-2}]",
        "[{rank: 2, name: SEV-1}, {rank: 1, name: SEV-2}]",
    ),
    (
        "rate without bounds",
        "count: {when: 'signal.metric == \"latency\"', distinct: unit, at_least: 5, within: 24h}",
        "rate: {metric: vague, tolerated: 5%, false_pages: 1 per week}",
    ),
    ("stricter is looser", "{first: 30m, every: 30m", "{first: 2h, every: 30m"),
    ("escalates too soon", "escalate_after: 20m", "escalate_after: 5m"),
    ("business days without a calendar", "{within: 5 business days, calendar: office}", "5 business days"),
    (
        "decision without anyone",
        "targets: {contain: 15m}",
        "targets: {updates: {customers: {decide: 4h, by: privacy}}}",
    ),
    (
        "shadowed",
        "  - id: slow\n",
        "  - id: again\n    when: (signal.metric == 'pii_leak') && signal.label == 'confirmed'\n    raise: {class: pii_leak, severity: SEV-2}\n  - id: slow\n",
    ),
    ("nobody declares", "raise: {class: latency,", "raise: {class: pii_leak,"),
    ("warning at twice the time", "version: 1\n", "version: 1\nwarn_at: [80%, 200%]\nreopen_within: never\n"),
    ("source without a mapping", "review: {every", "sources:\n  desk: {kind: webhook}\nreview: {every"),
    (
        "source of an unknown kind",
        "review: {every",
        "sources:\n  desk: {kind: webhok, mapping: {metric: a, service: b}}\nreview: {every",
    ),
    (
        "source with a taken name",
        "review: {every",
        "sources:\n  grafana: {mapping: {metric: a, service: b}}\nreview: {every",
    ),
    (
        "mapping without what is required",
        "review: {every",
        "sources:\n  desk: {mapping: {label: ticket.verdict}}\nreview: {every",
    ),
    (
        "mapping with an unknown key",
        "review: {every",
        "sources:\n  desk: {mapping: {metric: a, service: b, lable: c}}\nreview: {every",
    ),
    (
        "mapping paths that are none",
        "review: {every",
        "sources:\n  desk:\n    each: \"items[*]\"\n    mapping:\n      metric: ticket..reason\n      service: {path: \"\", default: support}\n      id: ticket[id]\n      unit: {kind: conversation, id: .c}\n      labels: {plan: \"a['b']\"}\nreview: {every",
    ),
    (
        "mapping parts of the wrong shape",
        "review: {every",
        "sources:\n  desk:\n    mapping:\n      metric: {constant: leak, path: a}\n      service: {default: support}\n      label: [a, b]\n      value: {constant: \" \"}\n      link: {path: a, defualt: b}\n      unit: ticket.id\nreview: {every",
    ),
    (
        "source about a service that is not listed",
        "review: {every",
        "sources:\n  desk: {mapping: {metric: a, service: {constant: suport}}}\n  shop: {mapping: {metric: a, service: {path: b, default: nowhere}}}\nreview: {every",
    ),
    (
        "source with a secret in the policy",
        "review: {every",
        "sources:\n  desk: {signature: {secret_env: \"hunter2!\", header: \"X Sig\"}, mapping: {metric: a, service: b}}\n  shop: {signature: {}, mapping: {metric: a, service: b}}\nreview: {every",
    ),
    (
        "source with an impossible quota",
        "review: {every",
        "sources:\n  desk: {per_minute: 0, mapping: {metric: a, service: b}}\nreview: {every",
    ),
    ("review without a day", r#"on: "Mon 10:00""#, r#"on: "10:00""#),
];

#[test]
fn every_problem_is_shown_at_its_place() {
    let shown: Vec<String> = CASES
        .iter()
        .map(|(name, from, to)| {
            let (_, shown) = loaded(&edited(POLICY, from, to), ROSTER);
            format!("# {name}\n\n{shown}\n")
        })
        .collect();
    expect_file!["expected/bad_policies.txt"].assert_eq(&shown.concat());
}
