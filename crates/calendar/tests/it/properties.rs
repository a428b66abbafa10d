//! What holds for every calendar, every set of pauses and every rotation.

use calendar::{
    Calendar, CalendarSpec, Date, Duration, Every, Handoff, Instant, Intervals, LayerSpec, RotationSpec, Schedule,
    ScheduleSpec, Time, Window,
};
use proptest::collection::{btree_set, vec};
use proptest::prelude::*;

use crate::support::{at, minutes};

/// Zones that change clocks by an hour, by half an hour, at midnight, on the other hemisphere, and never.
const ZONES: &[&str] =
    &["Europe/Berlin", "Australia/Lord_Howe", "America/Sao_Paulo", "America/New_York", "Asia/Kolkata", "Africa/Cairo"];

/// 2017 to 2019: Sao Paulo still changed its clocks at midnight.
fn instants() -> impl Strategy<Value = Instant> {
    let (from, to) = (at("2017-01-01T00:00:00Z"), at("2019-12-31T00:00:00Z"));
    (from.as_micros()..to.as_micros()).prop_map(Instant::from_micros)
}

fn dates() -> impl Strategy<Value = Date> {
    (2017i16..=2020, 1i8..=12, 1i8..=28).prop_map(|(year, month, day)| Date::new(year, month, day).unwrap())
}

/// Windows between sorted edges, the last one perhaps past midnight.
fn windows() -> impl Strategy<Value = Vec<Window>> {
    let pair = |edges: &[u16]| Window::new(edges[0], edges[1]).unwrap();
    let day = btree_set(0u16..1439, 0..6).prop_map(move |edges| {
        let edges: Vec<u16> = edges.into_iter().collect();
        edges.chunks_exact(2).map(pair).collect()
    });
    let night = (1200u16..1440, 1440u16..2400).prop_map(|(start, end)| vec![Window::new(start, end).unwrap()]);
    prop_oneof![3 => day, 1 => night]
}

/// Calendars with the special days that proptest invents; those with overlapping nights are left out.
fn specs() -> impl Strategy<Value = CalendarSpec> {
    let weekly = prop::array::uniform7(windows());
    let by_date = || prop::collection::btree_map(dates(), windows(), 0..20);
    let parts = (prop::sample::select(ZONES), weekly, btree_set(dates(), 0..20), by_date(), by_date());
    parts
        .prop_map(|(zone, weekly, holidays, dates, breaks)| CalendarSpec {
            time_zone: zone.to_owned(),
            weekly,
            holidays,
            dates,
            breaks,
            ..CalendarSpec::default()
        })
        .prop_filter("valid", |spec| Calendar::new(spec.clone()).is_ok())
}

fn calendars() -> impl Strategy<Value = Calendar> {
    prop_oneof![1 => Just(Calendar::always()), 8 => specs().prop_map(|spec| Calendar::new(spec).unwrap())]
}

/// Pauses after an instant that the test chooses: (distance, length) in seconds.
fn pauses() -> impl Strategy<Value = Vec<(i64, i64)>> {
    vec((0i64..1_000_000, 0i64..100_000), 0..6)
}

fn after(start: Instant, pauses: &[(i64, i64)]) -> Intervals {
    let mut intervals = Intervals::new();
    for &(distance, length) in pauses {
        let from = start + Duration::from_secs(distance);
        intervals.add(from, from + Duration::from_secs(length));
    }
    intervals
}

fn targets() -> impl Strategy<Value = Duration> {
    (0i64..14 * 24 * 3600 * 1_000_000).prop_map(Duration::from_micros)
}

/// Not reached counts as later than everything.
fn or_never(due: Option<Instant>) -> Instant {
    due.unwrap_or(Instant::MAX)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn due_is_the_earliest_instant_at_which_the_target_is_used(
        calendar in calendars(), start in instants(), target in targets(), paused in pauses(),
    ) {
        let paused = after(start, &paused);
        if let Some(due) = calendar.due(start, target, &paused) {
            prop_assert_eq!(calendar.used(start, due, &paused), target);
            let just_before = due - Duration::from_micros(1);
            prop_assert!(due == start || calendar.used(start, just_before, &paused) < target);
        }
    }

    #[test]
    fn more_pauses_never_make_it_earlier(
        calendar in calendars(), start in instants(), target in targets(), some in pauses(), more in pauses(),
    ) {
        let before = calendar.due(start, target, &after(start, &some));
        let later = calendar.due(start, target, &after(start, &[some, more].concat()));
        prop_assert!(or_never(later) >= or_never(before));
    }

    #[test]
    fn more_open_time_never_makes_it_later(spec in specs(), start in instants(), target in targets()) {
        let fewer = Calendar::new(spec.clone()).unwrap().due(start, target, &Intervals::new());
        let longer_hours = CalendarSpec { holidays: Default::default(), breaks: Default::default(), ..spec };
        let more = Calendar::new(longer_hours).unwrap().due(start, target, &Intervals::new());
        prop_assert!(or_never(more) <= or_never(fewer));
    }

    #[test]
    fn used_time_adds_up(calendar in calendars(), mut edges in prop::array::uniform3(instants()), paused in pauses()) {
        edges.sort();
        let [start, middle, end] = edges;
        let paused = after(start, &paused);
        let parts = calendar.used(start, middle, &paused) + calendar.used(middle, end, &paused);
        prop_assert_eq!(calendar.used(start, end, &paused), parts);
    }

    #[test]
    fn used_time_is_what_a_minute_by_minute_look_finds(spec in specs(), start in instants()) {
        let calendar = Calendar::new(spec).unwrap();
        let start = Instant::from_micros(start.as_micros().div_euclid(60_000_000) * 60_000_000);
        let two_days = 2 * 24 * 60;
        let open = (0..two_days).filter(|minute| calendar.is_open(start + minutes(*minute))).count();
        let used = calendar.used(start, start + minutes(two_days), &Intervals::new());
        prop_assert_eq!(used, minutes(open.try_into().unwrap()));
    }

    #[test]
    fn walking_back_finds_the_same_periods(spec in specs(), from in instants()) {
        let calendar = Calendar::new(spec).unwrap();
        let until = from + Duration::from_hours(30 * 24);
        let mut forward: Vec<_> = calendar
            .open_periods_after(from)
            .take_while(|(start, _)| *start < until)
            .map(|(start, end)| (start, end.min(until)))
            .collect();
        forward.reverse();
        let backward: Vec<_> = calendar
            .open_periods_before(until)
            .take_while(|(_, end)| *end > from)
            .map(|(start, end)| (start.max(from), end))
            .collect();
        prop_assert_eq!(forward, backward);
    }

    #[test]
    fn walking_there_and_back_returns(spec in specs(), start in instants(), target in targets()) {
        let calendar = Calendar::new(spec).unwrap();
        let none = Intervals::new();
        if let Some(there) = calendar.add(start, target)
            && let Some(back) = calendar.subtract(there, target)
        {
            prop_assert_eq!(calendar.used(back, there, &none), target);
            prop_assert_eq!(calendar.used(start, there, &none), target);
        }
    }

    #[test]
    fn somebody_is_always_on_call_without_restrictions(
        zone in prop::sample::select(ZONES), unit in 0..4, units in 1u16..40, minute in 0i8..60, hour in 0i8..24,
        start in dates(), people in 1usize..5, from in instants(),
    ) {
        let every = [Every::Hours(units), Every::Days(units), Every::Weeks(units), Every::Months(units)][unit as usize];
        let handoff = Handoff { weekday: None, time: Time::new(hour, minute, 0, 0).unwrap() };
        let schedule = Schedule::new(ScheduleSpec {
            time_zone: zone.to_owned(),
            layers: vec![LayerSpec {
                rotation: RotationSpec { every, handoff, start: Some(start) },
                people: (0..people).map(|person| person.to_string()).collect(),
                restrictions: None,
            }],
            overrides: vec![],
        }).unwrap();
        let to = from + Duration::from_hours(20 * 24);
        prop_assert_eq!(schedule.on_call(from).len(), 1);
        prop_assert_eq!(schedule.gaps(from, to), vec![]);
        let shifts = schedule.shifts(from, to);
        prop_assert_eq!(shifts.first().map(|shift| shift.start), Some(from));
        prop_assert_eq!(shifts.last().map(|shift| shift.end), Some(to));
        for shift in &shifts {
            prop_assert_eq!(schedule.on_call(shift.end - Duration::from_micros(1)), vec![shift.person.as_str()]);
            prop_assert_ne!(schedule.on_call(shift.end), Vec::<&str>::new());
        }
        for pair in shifts.windows(2) {
            prop_assert_eq!(pair[0].end, pair[1].start);
            prop_assert_ne!(&pair[0].person, &pair[1].person);
        }
    }
}
