//! A candidate policy beside the one in force; tighter numbers are in the snapshots of a review.

use calendar::{Duration, Instant};
use expect_test::expect;
use lab::Tighter;
use lab::backtest::{Change, Comparison, Deviation, Difference, NotReplayable, Sketch};
use report::backtest::Backtest;

fn sketch(minutes: i64) -> Sketch {
    let opened_at = Instant::parse("2026-11-24T10:00:00Z").unwrap() - Duration::from_mins(minutes);
    Sketch {
        no: 1,
        opened_at,
        worst: 1,
        worst_at: opened_at,
        triggers: vec!["commitment-repeated".to_owned()],
        signals: 5,
        misses: 2,
    }
}

fn difference(live: Option<Sketch>, candidate: Option<Sketch>, changes: Vec<Change>) -> Difference {
    let (class, service) = ("hallucinated_commitment".to_owned(), "support-assistant".to_owned());
    Difference { class, service, live, candidate, changes }
}

pub(crate) fn tried(trigger: &str) -> Vec<Tighter> {
    let earlier = Duration::from_mins(100) - Duration::from_micros(1);
    let differences = vec![
        difference(
            Some(sketch(0)),
            Some(sketch(100)),
            vec![Change::Earlier(earlier), Change::Worst { live: 2, candidate: 1 }],
        ),
        difference(None, Some(sketch(0)), vec![Change::New]),
    ];
    let with = |trigger: &str, observes, differences: Vec<Difference>| Tighter {
        trigger: trigger.to_owned(),
        class: "hallucinated_commitment".to_owned(),
        observes,
        from: "at least 5".to_owned(),
        to: "at least 3".to_owned(),
        comparison: Comparison {
            live: 4,
            candidate: 4,
            same: 4 - differences.len(),
            live_pages: 4,
            candidate_pages: 4 + differences.len(),
            differences,
        },
    };
    vec![with("commitment-repeated", false, differences), with(trigger, true, Vec::new())]
}

fn backtest() -> Backtest {
    let at = |text: &str| Instant::parse(text).unwrap();
    Backtest {
        from: at("2026-11-10T00:00:00Z"),
        until: at("2026-11-24T12:00:00Z"),
        signals: 1,
        comparison: tried("x").remove(0).comparison,
    }
}

#[test]
fn a_candidate_beside_the_policy_in_force() {
    expect![[r#"
        # Backtest

        1 signal from 2026-11-10 00:00 until 2026-11-24 12:00, UTC: 14 d 12 h. 1 new, 1 earlier, 1 of another severity; at most 1 h 40 min earlier.

        People act when they did; an incident that never was ends a day after its last signal. A page counts once for each opening, worse severity or return of an incident.

        ## In numbers

        | What | In force | Candidate |
        | --- | ---: | ---: |
        | Incidents | 4 | 4 |
        | Pages | 4 | 6 |
        | Pages per week | 1.9 | 2.9 |

        ## Incidents that differ

        | Kind | Service | In force | Candidate | Difference |
        | --- | --- | --- | --- | --- |
        | hallucinated\_commitment | support-assistant | 2026-11-24 10:00, severity 1 | 2026-11-24 08:20, severity 1 | opens 1 h 40 min earlier, severity 2 becomes 1 |
        | hallucinated\_commitment | support-assistant | none | 2026-11-24 10:00, severity 1 | only the candidate opens it |
    "#]].assert_eq(&report::backtest::markdown(&backtest()));
}

#[test]
fn json_names_every_change() {
    let json = report::backtest::json(&backtest());
    expect![[r#"
        {
          "candidate": 4,
          "differences": [
            {
              "candidate": {
                "misses": 2,
                "opened_at": "2026-11-24T08:20:00Z",
                "signals": 5,
                "triggers": [
                  "commitment-repeated"
                ],
                "worst": 1,
                "worst_at": "2026-11-24T08:20:00Z"
              },
              "changes": [
                {
                  "kind": "earlier",
                  "seconds": 6000
                },
                {
                  "candidate": 1,
                  "kind": "severity",
                  "live": 2
                }
              ],
              "class": "hallucinated_commitment",
              "live": {
                "misses": 2,
                "opened_at": "2026-11-24T10:00:00Z",
                "signals": 5,
                "triggers": [
                  "commitment-repeated"
                ],
                "worst": 1,
                "worst_at": "2026-11-24T10:00:00Z"
              },
              "service": "support-assistant"
            },
            {
              "candidate": {
                "misses": 2,
                "opened_at": "2026-11-24T10:00:00Z",
                "signals": 5,
                "triggers": [
                  "commitment-repeated"
                ],
                "worst": 1,
                "worst_at": "2026-11-24T10:00:00Z"
              },
              "changes": [
                {
                  "kind": "new"
                }
              ],
              "class": "hallucinated_commitment",
              "live": null,
              "service": "support-assistant"
            }
          ],
          "from": "2026-11-10T00:00:00Z",
          "live": 4,
          "pages": {
            "candidate": 6,
            "live": 4
          },
          "pages_per_week": {
            "candidate": 2.9,
            "live": 1.9
          },
          "same": 2,
          "signals": 1,
          "until": "2026-11-24T12:00:00Z"
        }"#]]
    .assert_eq(&serde_json::to_string_pretty(&json).unwrap());
}

#[test]
fn a_replay_that_is_not_exact_says_so() {
    let mut review = crate::week::review("plain");
    let thresholds = review.thresholds.as_mut().unwrap();
    let at = Instant::parse("2026-12-29T03:00:00Z").unwrap();
    let deviation = Deviation { incident: 8, at, recorded: Some("a".to_owned()), replayed: None };
    thresholds.fidelity.deviations = vec![deviation];
    thresholds.differs = 2;
    thresholds.fidelity.left_out = 1;
    thresholds.asked_from = thresholds.from - Duration::from_hours(24);
    let markdown = report::review::markdown(&review);
    let note: String = markdown.lines().skip_while(|line| *line != "## The past, replayed").skip(2).take(2).collect();
    expect!["- Replayed: 1234 signals from 2026-12-07 00:00 until 2027-01-04 00:00. Cut: what came after 2026-12-06 00:00 is too much for one review.- WARNING: THE LIVE POLICY REPLAYED DIFFERS FROM WHAT HAPPENED in 2 places (INC-8 at 2026-12-29 04:00): do not rely on these numbers. 1 opened under a policy that is not known any more."].assert_eq(&note);
}

#[test]
fn what_was_erased_is_counted_and_named_apart() {
    let mut review = crate::week::review("plain");
    let thresholds = review.thresholds.as_mut().unwrap();
    thresholds.fidelity.not_replayable = NotReplayable { signals: 2, incidents: vec![3, 4, 5, 9] };
    let told = |review: &lab::Review| {
        let markdown = report::review::markdown(review);
        markdown.lines().find(|line| line.contains("replayed differs")).unwrap_or_default().to_owned()
    };
    expect!["- The live policy replayed differs by zero events from what happened (5 incidents, 312 events). Not replayable: 2 signals whose erased words a condition reads; INC-3, INC-4, INC-5 and 1 more may rest on such words, and differ."].assert_eq(&told(&review));
    let json: serde_json::Value = serde_json::from_str(&report::review::json(&review)).unwrap();
    let replay = &json["thresholds"]["replay"];
    assert_eq!(replay["exact"], true);
    assert_eq!(replay["not_replayable"]["signals"], 2);
    assert_eq!(replay["not_replayable"]["incidents"][3], "INC-9");
    review.thresholds.as_mut().unwrap().fidelity.not_replayable = NotReplayable { signals: 1, incidents: vec![] };
    expect!["- The live policy replayed differs by zero events from what happened (5 incidents, 312 events). Not replayable: 1 signal whose erased words a condition reads."].assert_eq(&told(&review));
}

#[test]
fn a_past_shorter_than_a_week_has_no_weekly_rate() {
    for (hours, weekly) in [(3, None), (7 * 24 - 1, None), (7 * 24, Some(4.0)), (28 * 24, Some(1.0))] {
        let mut backtest = backtest();
        backtest.from = backtest.until - Duration::from_hours(hours);
        backtest.comparison.live_pages = 4;
        let json = report::backtest::json(&backtest);
        assert_eq!(json["pages_per_week"]["live"].as_f64(), weekly, "{hours} h");
        let markdown = report::backtest::markdown(&backtest);
        assert_eq!(markdown.contains("Pages per week"), weekly.is_some(), "{markdown}");
        assert_eq!(markdown.contains("too short for a rate per week"), weekly.is_none(), "{markdown}");
    }
}
