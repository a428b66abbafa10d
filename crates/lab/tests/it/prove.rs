//! Proofs: what holds for the starter, and a witness for each kind of refutation.

use calendar::Instant;
use expect_test::expect;
use lab::prove::{Proof, Verdict, prove};
use policy::{Source, load, starter};

/// A Monday in winter, before both changes of the clocks in Berlin.
fn now() -> Instant {
    Instant::parse("2026-02-02T00:00:00Z").unwrap()
}

/// The starter with parts of the policy and of the roster written differently.
fn proof(policy: &[(&str, &str)], roster: &[(&str, &str)]) -> Proof {
    let change = |text: &str, changes: &[(&str, &str)]| {
        changes.iter().fold(text.to_owned(), |text, (from, to)| {
            assert!(text.contains(from), "the starter has no longer `{from}`");
            text.replacen(from, to, 1)
        })
    };
    let (policy, roster) = (change(starter::POLICY, policy), change(starter::ROSTER, roster));
    let roster = Source { name: "roster.yaml", text: &roster };
    let loaded = load(Source { name: "policy.yaml", text: &policy }, roster);
    let (Some(policy), Some(roster)) = (loaded.policy, loaded.roster) else { panic!("{:#?}", loaded.diagnostics) };
    prove(&policy, &roster, now())
}

/// Everything that is not proven, a line each.
fn told(proof: &Proof) -> String {
    let mut text = String::new();
    for guarantee in proof.guarantees.iter().filter(|guarantee| guarantee.verdict != Verdict::Proven) {
        text += &format!("{}: {}\n", guarantee.id, guarantee.verdict.words());
        for witness in &guarantee.witnesses {
            text += &format!("- {}\n", witness.text);
        }
    }
    text
}

/// A rule at the end of the starter.
fn with_rules(rules: &str) -> Proof {
    let end = "    raise: {class: unsure, severity: SEV-2}\n";
    proof(&[(end, &format!("{end}{rules}"))], &[])
}

#[test]
fn the_starter_is_proven() {
    let proof = proof(&[], &[]);
    expect![""].assert_eq(&told(&proof));
    assert_eq!(proof.count(Verdict::Proven), proof.guarantees.len());
}

#[test]
fn a_class_that_nothing_opens() {
    let classes = ("classes:\n", "classes:\n  nowhere: {name: Nowhere}\n");
    expect![[r#"
        all-reachable: refuted
        - No signal can ever open the class “Nowhere”: no live rule raises it, and it names no severity at which people declare it.
    "#]].assert_eq(&told(&proof(&[classes], &[])));
}

#[test]
fn a_severity_that_nothing_opens() {
    let fourth = ("severities:\n", "severities:\n  - {rank: 4, name: SEV-4}\n");
    expect![[r#"
        all-reachable: refuted
        - Nothing ever opens at SEV-4: no live rule raises it, and no class has it as its own.
    "#]]
    .assert_eq(&told(&proof(&[fourth], &[])));
}

#[test]
fn a_rule_that_no_signal_satisfies() {
    let proof = with_rules(
        "  - id: never\n    when: signal.value > 5 && signal.value < 3\n    raise: {class: unsure, severity: SEV-2}\n",
    );
    expect![[r#"
        rules-live: refuted
        - Rule 23 (never) can never fire: no signal satisfies signal.value > 5 && signal.value < 3.
    "#]]
    .assert_eq(&told(&proof));
}

#[test]
fn a_rule_that_an_earlier_one_takes() {
    let proof = with_rules(
        "  - id: some\n    when: signal.metric == \"x\" && signal.value > 3\n    raise: {class: unsure, severity: SEV-2}\n  \
         - id: more\n    when: signal.metric == \"x\" && signal.value > 5\n    raise: {class: unsure, severity: SEV-2}\n  \
         - id: worse\n    when: signal.metric == \"x\" && signal.value > 9\n    raise: {class: unsure, severity: SEV-1}\n",
    );
    expect![[r#"
        rules-live: refuted
        - Rule 24 (more) can never change anything: rule 23 (some) takes all of it. Whatever satisfies signal.metric == "x" && signal.value > 5 raises the same incident at SEV-2 or stricter already.
    "#]].assert_eq(&told(&proof));
}

#[test]
fn a_rule_that_several_take_together() {
    let proof = with_rules(
        "  - id: low\n    when: signal.metric == \"x\" && signal.value < 1\n    raise: {class: unsure, severity: SEV-2}\n  \
         - id: high\n    when: signal.metric == \"x\" && signal.value >= 1\n    raise: {class: unsure, severity: SEV-2}\n  \
         - id: any\n    count: {when: 'signal.metric == \"x\" && has(signal.value)', at_least: 3, within: 1h}\n    raise: {class: unsure, severity: SEV-2}\n",
    );
    expect![[r#"
        rules-live: refuted
        - Rule 25 (any) can never change anything: rule 23 (low) and rule 24 (high) together take all of it. Whatever satisfies signal.metric == "x" && has(signal.value) raises the same incident at SEV-2 or stricter already.
    "#]].assert_eq(&told(&proof));
}

#[test]
fn a_rule_that_compares_two_fields_is_not_decided() {
    let proof = with_rules(
        "  - id: same\n    when: signal.label == signal.service && signal.label != signal.service\n    raise: {class: unsure, severity: SEV-2}\n",
    );
    expect![[r#"
        rules-live: not decided
        - Whether rule 23 (same) can ever fire was not decided: too many things are compared, or two fields with each other.
    "#]].assert_eq(&told(&proof));
}

#[test]
fn a_stricter_severity_that_is_looser() {
    let same_calendar = ("contain: 30m              # customers", "contain: 3h              # customers");
    let nothing = ("    accept: 20m               # every role has a person who said yes\n", "");
    let hours = ("    resolve: 24h\n", "    resolve: {within: 30h, calendar: support-hours}\n");
    expect![[r#"
        stricter-not-looser: refuted
        - SEV-1 promises nothing for accepting a role, SEV-2 promises 45 min.
        - SEV-1 allows 3 h for containing, SEV-2 only 2 h.
        - SEV-1 allows 30 h (support-hours) for resolving, SEV-2 only 3 days: opened Wednesday 4 February 2026 08:00 (Europe/Berlin), it is due Monday 9 February 2026 08:00 (Europe/Berlin), at SEV-2 already Saturday 7 February 2026 08:00 (Europe/Berlin).
        - SEV-1 allows 30 h (support-hours) for resolving, SEV-3 only 10 business days (support-hours): which comes first was not decided.
    "#]].assert_eq(&told(&proof(&[same_calendar, nothing, hours], &[])));
}

#[test]
fn a_gap_of_a_second_in_the_night_of_the_change() {
    let people = ("{page: [ben, tom], wait: 10m}", "{page: schedule/night, wait: 10m}");
    let night = "  night:\n    time_zone: Europe/Berlin\n    layers:\n      - {rotation: {every: 1 week, handoff: \"Mon 09:00\"}, people: [ana]}\n    \
                 overrides:\n      - {from: 2026-10-25 02:59:59, to: 2026-10-25 03:00:00, person: nobody, replaces: ana}\n";
    let nobody = "  nobody: {name: Nobody, contacts: []}\n";
    let schedules = format!("schedules:\n{night}");
    let known = format!("people:\n{nobody}");
    expect![[r#"
        always-reachable: refuted
        - On Sunday 25 October 2026 from 02:59:59 to 03:00 (Europe/Berlin) nobody is reachable for SEV-1 at step 2 (whoever is on call in night).
    "#]].assert_eq(&told(&proof(&[people], &[("schedules:\n", &schedules), ("people:\n", &known)])));
}

#[test]
fn nights_without_anybody() {
    let layer = (
        "people: [ana, ben]}",
        "people: [ana, ben], restrictions: {mon-fri: [\"06:00-22:00\"], sat-sun: [\"00:00-24:00\"]}}",
    );
    expect![[r#"
        always-reachable: refuted
        - On Monday 2 February 2026 from 01:00 to 06:00 (Europe/Berlin) nobody is reachable for SEV-1 at step 1 (whoever is on call in ai-oncall). It happens 313 more times within the year.
    "#]].assert_eq(&told(&proof(&[], &[layer])));
}

#[test]
fn a_second_channel_that_comes_too_late() {
    let short = ("    acknowledge: 10m          # the first", "    acknowledge: 60s          # the first");
    let mut changes: Vec<(String, String)> = ["ana", "ben", "tom", "mara"]
        .map(|who| (format!("{{inbox: {who}}}"), format!("{{webhook: phone, to: {who}}}")))
        .into();
    changes.push(("channels:\n".to_owned(), "channels:\n  phone: {type: webhook, url_env: PHONE_URL}\n".to_owned()));
    let changes: Vec<(&str, &str)> = changes.iter().map(|(from, to)| (from.as_str(), to.as_str())).collect();
    expect![[r#"
        two-channels-in-time: refuted
        - SEV-1 promises a first response within 1 min; where a channel is dead, the second channel is tried after 1 min, at step 1.
    "#]].assert_eq(&told(&proof(&[short], &changes)));
}

#[test]
fn people_with_one_channel() {
    let one = |person: &str| format!("[{{webhook: pager, to: {person}}}, {{inbox: {person}}}]");
    let only = |person: &str| format!("[{{webhook: pager, to: {person}}}]");
    let changes: Vec<(String, String)> = ["ana", "ben", "tom", "mara"].map(|who| (one(who), only(who))).into();
    let changes: Vec<(&str, &str)> = changes.iter().map(|(from, to)| (from.as_str(), to.as_str())).collect();
    expect![[r#"
        two-channels-in-time: refuted
        - SEV-1 promises a first response within 10 min; where a channel is dead, nobody is surely reached by then: ana, ben, tom, mara have one channel only.
        - SEV-2 promises a first response within 10 min; where a channel is dead, nobody is surely reached by then: ana, ben, tom, mara have one channel only.
        - SEV-2 promises a first response within 20 min; where a channel is dead, nobody is surely reached by then: ana, ben, tom, mara have one channel only.
        - SEV-3 promises a first response within 60 min; where a channel is dead, nobody is surely reached by then: ana, ben, tom, mara have one channel only.
    "#]].assert_eq(&told(&proof(&[], &changes)));
}

#[test]
fn words_that_nobody_may_approve() {
    let alone = ("publishing: {owner: tom, backup: mara}", "publishing: {owner: tom}");
    let second = ("closing: 60m, approval: publishing}", "closing: 60m, approval: publishing, own_approval: false}");
    expect![[r#"
        approval-possible: refuted
        - At any time only tom could write and approve what customers hear of “Invented policy, price or refund” at SEV-1, and nobody may approve their own words there.
    "#]].assert_eq(&told(&proof(&[alone, second], &[])));
}

#[test]
fn one_person_for_roles_to_be_kept_apart() {
    let validation = (
        "validation: {owner: schedule/quality, backup: mara, not: remediation}",
        "validation: {owner: ben, not: remediation}",
    );
    expect![[r#"
        duties-apart: refuted
        - From Monday 2 February 2026 09:00 to Monday 9 February 2026 09:00 (Europe/Berlin) an incident “Invented policy, price or refund” leaves the role validation vacant: nobody but ben could, and ben holds remediation already.
    "#]].assert_eq(&told(&proof(&[validation], &[])));
}

#[test]
fn two_incidents_that_ask_one_person_for_both() {
    let first = (
        "    playbook: tool-kill-switch\n",
        "    playbook: tool-kill-switch\n    roles: {remediation: {owner: ana, backup: ana}, validation: {owner: ben, backup: ben}}\n",
    );
    let second = (
        "    playbook: hallucinated-policy\n    roles:\n",
        "    playbook: hallucinated-policy\n    roles:\n      remediation: {owner: ben, backup: ben}\n      validation: {owner: ana, backup: ana}\n",
    );
    expect![[r#"
        duties-apart: refuted
        - On Monday 2 February 2026 from 01:00 to 09:00 (Europe/Berlin) with “Invented policy, price or refund” and “Tool misuse, such as a wrong refund or account change” at once, ana or ben must hold validation of one and remediation of the other.
        - From Monday 2 February 2026 09:00 to Monday 9 February 2026 09:00 (Europe/Berlin) with “Personal or confidential data disclosed” and “Tool misuse, such as a wrong refund or account change” at once, ben must hold validation of one and remediation of the other.
    "#]].assert_eq(&told(&proof(&[first, second], &[])));
}

#[test]
fn a_calendar_that_hardly_opens() {
    let rare = ("calendars:\n", "calendars:\n  rare: {time_zone: Europe/Berlin, weekly: {mon: [\"09:00-09:30\"]}}\n");
    let target = ("    resolve: 24h\n", "    resolve: {within: 100h, calendar: rare}\n");
    expect![[r#"
        stricter-not-looser: not decided
        - SEV-1 allows 4 days 4 h (rare) for resolving, SEV-3 only 10 business days (support-hours): which comes first was not decided.
        calendars-open: refuted
        - The calendar “rare” has too little open time for 4 days 4 h: a clock that starts this year would never fall due on it.
    "#]].assert_eq(&told(&proof(&[target], &[rare])));
}

#[test]
fn a_rule_with_two_texts_for_one_field() {
    let proof = with_rules(
        "  - id: both\n    when: signal.label == \"a\" && signal.label == \"b\"\n    raise: {class: unsure, severity: SEV-2}\n  \
         - id: under\n    when: signal.label.startsWith(\"conf\") && signal.label < \"con\"\n    raise: {class: unsure, severity: SEV-2}\n  \
         - id: half\n    when: has(signal.unit.id) && !has(signal.unit.kind)\n    raise: {class: unsure, severity: SEV-2}\n",
    );
    expect![[r#"
        rules-live: refuted
        - Rule 23 (both) can never fire: no signal satisfies signal.label == "a" && signal.label == "b".
        - Rule 24 (under) can never fire: no signal satisfies signal.label.startsWith("conf") && signal.label < "con".
        - Rule 25 (half) can never fire: no signal satisfies has(signal.unit.id) && !has(signal.unit.kind).
    "#]]
    .assert_eq(&told(&proof));
}

/// Big enough to show that rules are looked up, not compared one with another.
#[test]
fn a_thousand_rules_are_decided() {
    let rules: String = (0..1_000)
        .map(|i| {
            format!(
                "  - id: rule-{i}\n    when: signal.metric == \"m{}\" && signal.value > {} && signal.value <= {}\n    raise: {{class: unsure, severity: SEV-2}}\n",
                i % 100,
                i / 100,
                i / 100 + 1
            )
        })
        .collect();
    let proof = with_rules(&rules);
    assert_eq!(told(&proof), "");
}
