//! Runs `business_time.biz.json`: every case is either met or listed with the rule that decides otherwise.

use calendar::{Calendar, Duration, Intervals};
use serde_json::{Value, json};

use crate::support::{calendar_of, instant, list, text};

/// Cases that Watchbell answers differently, its answer, and why.
const DECIDED_OTHERWISE: &[(&str, &str, &str)] = &[
    (
        "biz-0081",
        r#""2006-01-08T12:00:00Z""#,
        "a deadline that lands on closing time is due at the closing instant, not at the next opening",
    ),
    (
        "biz-0090",
        r#"[["2006-04-02T10:00:00Z","2006-04-02T10:15:00Z"]]"#,
        "an opening inside a gap moves to the gap's end, so that 02:30-03:15 is open from 03:00",
    ),
];

/// Operations that the product has no use for.
const NOT_OFFERED: &[(&str, &str)] = &[("subtract_business_days", "no deadline is counted back in business days")];

#[test]
fn agrees_with_biz() {
    let cases: Vec<Value> = serde_json::from_str(include_str!("../vectors/business_time.biz.json")).unwrap();
    let (mut met, mut hard, mut decided, mut not_offered) = (0, 0, 0, 0);
    for case in &cases {
        let id = text(&case["id"]);
        if NOT_OFFERED.iter().any(|(op, _)| case["op"] == *op) {
            not_offered += 1;
            continue;
        }
        let found = answer(&calendar_of(&case["calendar"]), case);
        if let Some((_, ours, _why)) = DECIDED_OTHERWISE.iter().find(|(other, ..)| *other == id) {
            assert_ne!(case["reference"], "agree", "{id} is a hard requirement");
            assert_eq!(found, serde_json::from_str::<Value>(ours).unwrap(), "{id}");
            decided += 1;
            continue;
        }
        assert_eq!(found, case["expected"], "{id}: {}", case["op"]);
        met += 1;
        hard += usize::from(case["reference"] == "agree");
    }
    assert_eq!((met, hard, decided, not_offered), (92, 36, 2, 5));
}

fn answer(calendar: &Calendar, case: &Value) -> Value {
    let at = |field: &str| instant(&case[field]);
    let seconds = || Duration::from_secs(case["seconds"].as_i64().unwrap());
    match text(&case["op"]) {
        "is_open" => json!(calendar.is_open(at("at"))),
        "is_on_holiday" => json!(calendar.is_holiday(at("at"))),
        "is_on_break" => json!(calendar.is_break(at("at"))),
        "add" => json!(calendar.add(at("at"), seconds())),
        "subtract" => json!(calendar.subtract(at("at"), seconds())),
        "between" => json!(calendar.used(at("from"), at("to"), &Intervals::new()).as_secs()),
        "add_business_days" => {
            let days = case["days"].as_u64().unwrap().try_into().unwrap();
            json!(calendar.business_days_after(at("at"), days))
        }
        "open_periods_after" => {
            json!(calendar.open_periods_after(at("origin")).take(count(case)).collect::<Vec<_>>())
        }
        "open_periods_before" => {
            json!(calendar.open_periods_before(at("origin")).take(count(case)).collect::<Vec<_>>())
        }
        op => panic!("no answer to {op}"),
    }
}

fn count(case: &Value) -> usize {
    assert_eq!(case["count"], list(&case["expected"]).count());
    case["count"].as_u64().unwrap().try_into().unwrap()
}
