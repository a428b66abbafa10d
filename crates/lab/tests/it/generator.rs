//! The generator's documents are valid for every answer, and what their matrix says is what they do.

use std::collections::BTreeSet;

use expect_test::{expect, expect_file};
use lab::generator::{
    Answers, Changes, Executives, Fallback, Impact, Interactions, OnCall, Regulated, Rights, generate,
};
use policy::model::{Policy, Roster};
use wcore::Signal;
use wcore::clock::ClockKind;
use wcore::signal::Unit;

/// The answers whose matrix teams know.
fn known() -> Answers {
    Answers {
        organization: "Example Air".to_owned(),
        assistant: "Customer support assistant".to_owned(),
        interactions: Interactions::From50k,
        impact: Impact::MissionCritical,
        on_call: OnCall::FollowTheSun,
        regulated: Regulated::Yes,
        ..Answers::default()
    }
}

/// The documents, which must be without any complaint.
fn loaded(answers: &Answers) -> (Policy, Roster) {
    let made = generate(answers);
    let (policy, roster) = (
        policy::Source { name: "policy.yaml", text: &made.policy },
        policy::Source { name: "roster.yaml", text: &made.roster },
    );
    let loaded = policy::load(policy, roster);
    let told = policy::render(&loaded.diagnostics, &[policy, roster], false);
    assert!(loaded.diagnostics.is_empty(), "{answers:#?}\n{told}\n{}", made.policy);
    loaded.policy.zip(loaded.roster).unwrap()
}

/// Each answer once beside the defaults, and all of those that decide together.
fn many() -> Vec<Answers> {
    let mut all = vec![Answers::default(), known()];
    for base in [Answers::default(), known()] {
        macro_rules! each {
            ($($field:ident: $kind:ident)*) => {$(
                for (word, _) in $kind::QUESTION.answers {
                    all.push(Answers { $field: $kind::named(word).unwrap(), ..base.clone() });
                }
            )*};
        }
        each! { interactions: Interactions  regulated: Regulated  rights: Rights  changes: Changes  fallback: Fallback }
    }
    for (impact, _) in Impact::QUESTION.answers {
        for (on_call, _) in OnCall::QUESTION.answers {
            for (executives, _) in Executives::QUESTION.answers {
                for status_page in [true, false] {
                    all.push(Answers {
                        impact: Impact::named(impact).unwrap(),
                        on_call: OnCall::named(on_call).unwrap(),
                        executives: Executives::named(executives).unwrap(),
                        status_page,
                        rights: Rights::Acts,
                        changes: Changes::Daily,
                        fallback: Fallback::Full,
                        ..Answers::default()
                    });
                }
            }
        }
    }
    all
}

#[test]
fn every_answer_gives_documents_without_complaint_whose_rows_are_all_explained() {
    for answers in many() {
        let (policy, roster) = loaded(&answers);
        let matrix = lab::matrix(&policy, &roster);
        let rows: Vec<&str> = matrix.rows.iter().map(|row| row.class.as_str()).collect();
        let explained: BTreeSet<&str> = generate(&answers).reasons.into_keys().collect();
        assert_eq!(rows.iter().copied().collect::<BTreeSet<_>>(), explained, "{answers:#?}");
        assert_eq!(rows.len(), explained.len(), "one row for each kind: {answers:#?}");
        for row in &matrix.rows {
            let raised = |trigger: &&policy::model::Trigger| trigger.raise.class == row.class;
            assert_eq!(policy.triggers.iter().filter(raised).count(), 1, "one trigger raises {}", row.class);
        }
    }
}

#[test]
fn what_the_generator_writes_is_proven() {
    let now = calendar::Instant::parse("2026-11-23T09:00:00Z").unwrap();
    for on_call in [OnCall::BusinessHours, OnCall::Always, OnCall::FollowTheSun] {
        for impact in [Impact::Internal, Impact::CustomerFacing, Impact::MissionCritical] {
            for (rights, regulated) in [(Rights::Acts, Regulated::Yes), (Rights::Informs, Regulated::None)] {
                let answers = Answers { on_call, impact, rights, regulated, ..known() };
                let (policy, roster) = loaded(&answers);
                let proof = lab::prove::prove(&policy, &roster, now);
                let open: Vec<_> =
                    proof.guarantees.iter().filter(|one| one.verdict == lab::prove::Verdict::Refuted).collect();
                assert!(open.is_empty(), "{answers:#?}: {open:#?}");
            }
        }
    }
}

#[test]
fn the_matrix_that_teams_know() {
    let (policy, roster) = loaded(&known());
    let matrix = lab::matrix(&policy, &roster);
    let rows: String = matrix
        .rows
        .iter()
        .map(|row| {
            format!(
                "{} | {} | {} | {} | {} | {} | {} | {}\n",
                row.no,
                row.incident_type,
                row.severity,
                row.first_response,
                row.escalation_after,
                row.owner,
                row.executives,
                row.customers
            )
        })
        .collect();
    expect![[r#"
        1 | PII leakage or policy-violating output escalation | SEV-1 | 10 min | 15 min | Security + Trust & Safety | Yes, within 15 min | If privacy decides so, within 4 h
        2 | Model outage or provider API unavailability | SEV-1 | 10 min | 20 min | On call: ai-platform | Yes, within 15 min | Every 30 min until mitigation
        3 | Critical quality regression on core user flows | SEV-1 | 10 min | 25 min | AI Quality Lead | Yes, within 15 min | Within 60 min
        4 | Cost anomaly beyond weekly guardrail | SEV-2 | 20 min | 60 min | FinOps + AI Operations | No | Not required
        5 | Latency spike above service SLO | SEV-2 | 20 min | 45 min | Inference Operations | No | Within 90 min if impact sustained
        6 | Prompt logging, retention, or policy-control drift | SEV-3 | 60 min | 1 business day (support-hours) | Governance Owner | No | Not required
    "#]].assert_eq(&rows);
    let mix: Vec<usize> = matrix.summary.severities.iter().map(|count| count.rows).collect();
    assert_eq!((mix, matrix.summary.executive_paths), (vec![3, 2, 1], 3));
    assert_eq!(matrix.summary.readiness.tier.word(), "Enterprise", "{:#?}", matrix.summary.readiness);
}

#[test]
fn what_somebody_types_is_only_text() {
    let hostile = "x\"\n  evil: {a: 1} # \\ {{ ';--";
    let answers = Answers { organization: hostile.to_owned(), assistant: hostile.to_owned(), ..Answers::default() };
    let (policy, _) = loaded(&answers);
    assert_eq!(policy.organization, hostile.replace('\n', " "));
}

#[test]
fn documents_and_reasons_read_well() {
    let made = generate(&Answers { rights: Rights::Acts, changes: Changes::Daily, ..known() });
    expect_file!["snapshots/generated-policy.yaml"].assert_eq(&made.policy);
    expect_file!["snapshots/generated-roster.yaml"].assert_eq(&made.roster);
    let reasons: String = made
        .reasons
        .iter()
        .flat_map(|(class, reasons)| {
            let cells = reasons.cells().map(|(column, why)| format!("  {column}: {why}\n"));
            std::iter::once(format!("{class}\n")).chain(cells)
        })
        .collect();
    expect_file!["snapshots/generated-reasons.txt"].assert_eq(&reasons);
}

/// What a sender would send of each kind: metric, value, verdict.
const SENT: [(&str, &str, Option<f64>, Option<&str>); 11] = [
    ("provider_outage", "provider_error_share", Some(0.5), None),
    ("quality_regression", "answer_quality", Some(0.1), None),
    ("latency_degradation", "latency_p95_seconds", Some(12.0), None),
    ("cost_anomaly", "spend_of_weekly_guardrail", Some(1.4), None),
    ("control_drift", "control_drift", None, None),
    ("pii_leak", "pii_leak", None, Some("confirmed")),
    ("hallucinated_commitment", "hallucinated_commitment", None, Some("confirmed")),
    ("tool_misuse", "tool_misuse", None, Some("unauthorised")),
    ("prompt_injection", "prompt_injection", None, Some("tool_executed")),
    ("unapproved_change", "unapproved_change", None, None),
    ("handoff_failure", "handoff_failure", None, None),
];

/// More conversations than any count asks for.
const CONVERSATIONS: usize = 50;

#[tokio::test]
async fn the_documents_serve_and_raise_what_their_rows_name() {
    let all = Answers { rights: Rights::Acts, changes: Changes::Daily, fallback: Fallback::Full, ..known() };
    for answers in
        [known(), all.clone(), Answers { interactions: Interactions::Over1m, on_call: OnCall::Always, ..all }]
    {
        let made = generate(&answers);
        let (policy, roster) = loaded(&answers);
        let documents = engine::Documents { policy: made.policy, roster: made.roster };
        let engine = crate::day::engine(documents, "10:00");
        for (_, metric, value, label) in SENT {
            let signals = (0..CONVERSATIONS).map(|n| Signal {
                value,
                label: label.map(str::to_owned),
                unit: Some(Unit { kind: "conversation".to_owned(), id: format!("{metric}-{n}") }),
                source: "evals".to_owned(),
                metric: metric.to_owned(),
                service: "support-assistant".to_owned(),
                ..Signal::default()
            });
            engine.signals(signals.collect(), 1).await.unwrap();
        }
        let raised = engine.view().incidents(&journal::IncidentFilter::default(), 1_000).unwrap();
        let raised: BTreeSet<(String, String, String)> = raised
            .iter()
            .map(|incident| {
                let clock = incident.open_clocks(&ClockKind::Acknowledge).next().unwrap();
                let minutes = clock.due_at.unwrap().since(incident.opened_at).as_secs() / 60;
                let severity = policy.severity_name(incident.severity).to_owned();
                (incident.class.clone(), severity, format!("{minutes} min"))
            })
            .collect();
        let rows = lab::matrix(&policy, &roster).rows.into_iter();
        let rows: BTreeSet<_> = rows.map(|row| (row.class, row.severity, row.first_response)).collect();
        assert_eq!(raised, rows, "{answers:#?}");
        engine.shutdown().await;
    }
}
