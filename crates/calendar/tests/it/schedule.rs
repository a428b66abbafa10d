//! Schedules: layers, restrictions, overrides, gaps, and changes of clocks.

use calendar::{Every, Handoff, LayerSpec, Override, RotationSpec, Schedule, ScheduleSpec, Shift, Weekday};
use expect_test::{Expect, expect};

use crate::support::{at, hours};

fn layer(every: Every, weekday: Option<Weekday>, people: &[&str]) -> LayerSpec {
    let handoff = Handoff { weekday, time: "09:00".parse().unwrap() };
    LayerSpec {
        rotation: RotationSpec { every, handoff, start: None },
        people: people.iter().map(|&person| person.to_owned()).collect(),
        restrictions: None,
    }
}

/// A week each for ben and ana, from Monday 09:00 in Berlin; ben begins.
fn weekly() -> ScheduleSpec {
    ScheduleSpec {
        time_zone: "Europe/Berlin".to_owned(),
        layers: vec![layer(Every::Weeks(1), Some(Weekday::Monday), &["ben", "ana"])],
        overrides: vec![],
    }
}

fn over(start: &str, end: &str, person: &str, replaces: Option<&str>) -> Override {
    Override { start: at(start), end: at(end), person: person.to_owned(), replaces: replaces.map(str::to_owned) }
}

fn check(spec: ScheduleSpec, from: &str, to: &str, expected: Expect) {
    let schedule = Schedule::new(spec).unwrap();
    let (from, to) = (at(from), at(to));
    let mut lines: Vec<String> =
        schedule.gaps(from, to).iter().map(|(start, end)| format!("{start} {end} -")).collect();
    for Shift { person, start, end } in schedule.shifts(from, to) {
        assert_eq!(schedule.on_call(start), [person.as_str()]);
        lines.push(format!("{start} {end} {person}"));
    }
    lines.sort();
    for pair in lines.windows(2) {
        assert_eq!(pair[0].split(' ').nth(1), pair[1].split(' ').next(), "shifts and gaps leave nothing out");
    }
    expected.assert_eq(&lines.join("\n"));
}

#[test]
fn weeks_over_a_change_of_clocks() {
    check(
        weekly(),
        "2026-10-13T00:00:00Z",
        "2026-11-03T00:00:00Z",
        expect![[r#"
            2026-10-13T00:00:00Z 2026-10-19T07:00:00Z ana
            2026-10-19T07:00:00Z 2026-10-26T08:00:00Z ben
            2026-10-26T08:00:00Z 2026-11-02T08:00:00Z ana
            2026-11-02T08:00:00Z 2026-11-03T00:00:00Z ben"#]],
    );
}

#[test]
fn the_order_also_runs_before_the_anchor() {
    let mut spec = weekly();
    spec.layers[0].people = ["ana", "ben", "eva"].map(str::to_owned).to_vec();
    check(
        spec,
        "2023-12-11T08:00:00Z",
        "2024-01-08T08:00:00Z",
        expect![[r#"
            2023-12-11T08:00:00Z 2023-12-18T08:00:00Z ana
            2023-12-18T08:00:00Z 2023-12-25T08:00:00Z ben
            2023-12-25T08:00:00Z 2024-01-01T08:00:00Z eva
            2024-01-01T08:00:00Z 2024-01-08T08:00:00Z ana"#]],
    );
}

#[test]
fn a_handoff_before_clocks_go_back_over_midnight_stays_done() {
    let mut spec = weekly();
    spec.time_zone = "America/St_Johns".to_owned();
    spec.layers = vec![layer(Every::Days(1), None, &["ana", "ben"])];
    spec.layers[0].rotation.handoff.time = calendar::Time::midnight();
    // Sunday begins at 02:30, a minute later it is Saturday 23:01 again.
    check(
        spec,
        "2006-10-28T12:00:00Z",
        "2006-10-30T12:00:00Z",
        expect![[r#"
            2006-10-28T12:00:00Z 2006-10-29T02:30:00Z ana
            2006-10-29T02:30:00Z 2006-10-30T03:30:00Z ben
            2006-10-30T03:30:00Z 2006-10-30T12:00:00Z ana"#]],
    );
}

#[test]
fn the_last_layer_with_someone_decides() {
    let mut spec = weekly();
    let mut nights = layer(Every::Days(1), None, &["eva", "kim"]);
    let mut weekly_hours: [_; 7] = Default::default();
    weekly_hours[..5].fill(hours(&["20:00-06:00"]));
    nights.restrictions = Some(weekly_hours);
    spec.layers.push(nights);
    check(
        spec,
        "2026-11-19T12:00:00Z",
        "2026-11-24T12:00:00Z",
        expect![[r#"
            2026-11-19T12:00:00Z 2026-11-19T19:00:00Z ben
            2026-11-19T19:00:00Z 2026-11-20T05:00:00Z kim
            2026-11-20T05:00:00Z 2026-11-20T19:00:00Z ben
            2026-11-20T19:00:00Z 2026-11-21T05:00:00Z eva
            2026-11-21T05:00:00Z 2026-11-23T08:00:00Z ben
            2026-11-23T08:00:00Z 2026-11-23T19:00:00Z ana
            2026-11-23T19:00:00Z 2026-11-24T05:00:00Z kim
            2026-11-24T05:00:00Z 2026-11-24T12:00:00Z ana"#]],
    );
}

#[test]
fn overrides_beat_layers_and_the_last_one_wins() {
    let mut spec = weekly();
    spec.overrides = vec![
        over("2026-11-20T08:00:00Z", "2026-11-24T08:00:00Z", "eva", Some("ben")),
        over("2026-11-22T00:00:00Z", "2026-11-22T12:00:00Z", "kim", None),
        over("2026-11-22T06:00:00Z", "2026-11-22T18:00:00Z", "lea", Some("ben")),
        // The one who has taken over can be replaced in turn.
        over("2026-11-22T16:00:00Z", "2026-11-22T20:00:00Z", "tom", Some("eva")),
        over("2026-11-20T10:00:00Z", "2026-11-20T11:00:00Z", "mia", Some("zoe")),
    ];
    check(
        spec,
        "2026-11-20T00:00:00Z",
        "2026-11-25T00:00:00Z",
        expect![[r#"
            2026-11-20T00:00:00Z 2026-11-20T08:00:00Z ben
            2026-11-20T08:00:00Z 2026-11-22T00:00:00Z eva
            2026-11-22T00:00:00Z 2026-11-22T06:00:00Z kim
            2026-11-22T06:00:00Z 2026-11-22T18:00:00Z lea
            2026-11-22T18:00:00Z 2026-11-22T20:00:00Z tom
            2026-11-22T20:00:00Z 2026-11-23T08:00:00Z eva
            2026-11-23T08:00:00Z 2026-11-25T00:00:00Z ana"#]],
    );
}

#[test]
fn gaps_are_found_and_filled() {
    let mut spec = weekly();
    let mut weekly_hours: [_; 7] = Default::default();
    weekly_hours[..5].fill(hours(&["09:00-17:00"]));
    spec.layers[0].restrictions = Some(weekly_hours);
    spec.overrides = vec![over("2026-11-21T08:00:00Z", "2026-11-21T10:00:00Z", "eva", None)];
    let schedule = Schedule::new(spec.clone()).unwrap();
    assert_eq!(schedule.on_call(at("2026-11-22T12:00:00Z")), Vec::<&str>::new());
    assert_eq!(schedule.next_handoff(at("2026-11-20T12:00:00Z")), Some(at("2026-11-20T16:00:00Z")));
    assert_eq!(schedule.next_handoff(at("2026-11-20T16:00:00Z")), Some(at("2026-11-21T08:00:00Z")));
    check(
        spec,
        "2026-11-20T12:00:00Z",
        "2026-11-23T12:00:00Z",
        expect![[r#"
            2026-11-20T12:00:00Z 2026-11-20T16:00:00Z ben
            2026-11-20T16:00:00Z 2026-11-21T08:00:00Z -
            2026-11-21T08:00:00Z 2026-11-21T10:00:00Z eva
            2026-11-21T10:00:00Z 2026-11-23T08:00:00Z -
            2026-11-23T08:00:00Z 2026-11-23T12:00:00Z ana"#]],
    );
}

#[test]
fn one_person_never_hands_over() {
    let mut spec = weekly();
    spec.layers = vec![layer(Every::Hours(1), None, &["ana"])];
    let schedule = Schedule::new(spec.clone()).unwrap();
    assert_eq!(schedule.next_handoff(at("2026-11-20T12:00:00Z")), None);
    assert_eq!(schedule.shifts(at("2026-01-01T00:00:00Z"), at("2026-02-01T00:00:00Z")).len(), 1);
    assert_eq!(schedule.time_zone(), "Europe/Berlin");
    // The same name twice in a row is one shift.
    spec.layers[0].people = ["ana", "ana", "ben"].map(str::to_owned).to_vec();
    let schedule = Schedule::new(spec).unwrap();
    let shifts = schedule.shifts(at("2026-01-01T00:00:00Z"), at("2026-01-02T00:00:00Z"));
    // Eight rounds of two shifts, the first double turn cut in the middle.
    assert_eq!(shifts.len(), 17);
}

#[test]
fn an_empty_question_has_an_empty_answer() {
    let schedule = Schedule::new(weekly()).unwrap();
    let (from, to) = (at("2026-11-20T12:00:00Z"), at("2026-11-20T12:00:00Z"));
    assert!(schedule.shifts(from, to).is_empty() && schedule.gaps(from, to).is_empty());
    assert_eq!(schedule.on_call(calendar::Instant::MAX).len(), 1);
}

#[test]
fn refuses_what_cannot_work() {
    let check = |change: fn(&mut ScheduleSpec), message: &str| {
        let mut spec = weekly();
        change(&mut spec);
        assert_eq!(Schedule::new(spec).unwrap_err().to_string(), message);
    };
    check(
        |spec| spec.time_zone = "Berlin".to_owned(),
        "`Berlin` is not a known time zone; use an IANA name such as `Europe/Berlin`",
    );
    check(|spec| spec.layers.clear(), "the schedule has no layers; add one with a rotation and its people");
    check(|spec| spec.layers[0].people.clear(), "layer 1 has no people; name at least one");
    check(|spec| spec.layers[0].rotation.every = Every::Weeks(0), "layer 1: a turn cannot last 0 weeks; use 1 to 1000");
    check(
        |spec| spec.layers[0].restrictions = Some(Default::default()),
        "layer 1: the calendar has no open time in the 400 days from 2024-01-01; give it weekly hours or fewer holidays",
    );
    check(
        |spec| spec.overrides = vec![over("2026-11-20T12:00:00Z", "2026-11-20T12:00:00Z", "eva", None)],
        "override 1 must end after it starts",
    );
}
