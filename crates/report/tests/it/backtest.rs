//! Tighter numbers and what they would have caught.

use calendar::{Duration, Instant};
use expect_test::expect;
use lab::Tighter;
use lab::backtest::{Change, Comparison, Difference, Sketch};

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

fn tried() -> Vec<Tighter> {
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
        observes,
        from: "at least 5".to_owned(),
        to: "at least 3".to_owned(),
        comparison: Comparison { live: 4, candidate: 4, same: 4 - differences.len(), differences },
    };
    vec![with("commitment-repeated", false, differences), with("<b>drop</b>", true, Vec::new())]
}

#[test]
fn a_line_per_trigger() {
    expect![[r#"
        # Thresholds

        ## What a tighter number would have caught

        Each line changes one number, and replays the signals of the past under it. People act when they did; an incident that never was ends a day after its last signal.

        | Trigger | Now | Tighter | As it is | Difference |
        | --- | --- | --- | --- | --- |
        | commitment-repeated | at least 5 | at least 3 | 4 incidents | 1 new, 1 earlier, 1 of another severity; at most 1 h 40 min earlier |
        | &lt;b>drop&lt;/b> (only observes) | at least 5 | at least 3 | 4 incidents | no difference |
    "#]].assert_eq(&report::backtest::markdown(&tried()));
    let html = report::backtest::html(&tried()).into_string();
    assert!(html.contains("&lt;b&gt;drop&lt;/b&gt; (only observes)"), "{html}");
}

#[test]
fn json_names_every_change() {
    let json: serde_json::Value = serde_json::from_str(&report::backtest::json(&tried())).unwrap();
    expect![[r#"
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
        }"#]]
    .assert_eq(&serde_json::to_string_pretty(&json[0]["comparison"]["differences"][0]).unwrap());
    assert_eq!(json[0]["comparison"]["differences"][1]["live"], serde_json::Value::Null);
    assert_eq!(json[1]["observes"], true);
}
