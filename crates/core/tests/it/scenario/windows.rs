//! Communication windows in motion: cadences, promises, decisions, conditions.

use wcore::Command;
use wcore::clock::ClockKind;
use wcore::event::Event;
use wcore::incident::SLOTS_KEPT;

use crate::support::World;

fn misses(world: &World) -> usize {
    let missed = |event: &&Event| matches!(event, Event::ClockBreached { clock, .. } if clock.kind.audience() == Some("customers"));
    world.events().filter(missed).count()
}

#[test]
fn several_missed_slots_are_several_misses_but_one_page_per_run() {
    let mut world = World::sev1();
    world.ack("ana");
    world.tells("tom", "executives", None);
    world.does("ana", Command::Contain { customers_see: "a person answers".to_owned() });
    world.advance_to("12:05");
    world.expect_clocks(&[
        ("notify:customers", "missed at 10:30"),
        ("update:customers", "missed at 11:00"),
        ("update:customers#2", "missed at 11:30"),
        ("update:customers#3", "missed at 12:00"),
        ("update:customers#4", "due 12:30"),
    ]);
    assert_eq!(misses(&world), 4);
    let pages = world.pages();
    let customers: Vec<_> = pages.iter().filter(|page| page.contains("customers")).collect();
    assert_eq!(
        customers,
        ["10:24 warning-notify:customers-80: tom", "10:30:00.000001 missed-notify:customers: tom, mara, ana",]
    );
    // One message ends the run; the next run is paged again.
    world.tells("tom", "customers", None);
    world.expect_clocks(&[
        ("notify:customers", "missed at 10:30, met at 12:05"),
        ("update:customers#4", "met at 12:05"),
        ("update:customers#5", "due 12:35"),
    ]);
    world.advance_to("12:40");
    let pages = world.pages();
    let customers: Vec<_> = pages.iter().filter(|page| page.contains("customers")).collect();
    assert_eq!(
        customers,
        ["12:29 warning-update:customers#5-80: tom", "12:35:00.000001 missed-update:customers#5: tom, mara, ana",]
    );
}

#[test]
fn the_next_update_is_due_one_cadence_after_the_last_visible_one() {
    let mut world = World::sev1();
    world.advance("10m");
    world.tells("tom", "customers", None);
    world.expect_clock("update:customers", "due 10:40");
    // An extra message resets the clock; time cannot be banked.
    world.advance("5m");
    world.tells("tom", "customers", None);
    world.expect_clocks(&[("update:customers", "met at 10:15"), ("update:customers#2", "due 10:45")]);
}

#[test]
fn a_promise_of_the_next_update_counts_if_it_is_sooner() {
    for (promised, due) in [("10:20", "due 10:20"), ("10:40", "due 10:40"), ("11:00", "due 10:40")] {
        let mut world = World::sev1();
        world.advance("10m");
        world.tells("tom", "customers", Some(promised));
        world.expect_clock("update:customers", due);
    }
}

#[test]
fn a_promise_binds_where_there_is_no_cadence() {
    let mut world = World::airline();
    world.signal("pii_leak", |s| s.label = Some("suspected".to_owned()));
    world.tells("tom", "customers", None);
    world.expect_clock("update:customers", "none");
    world.tells("tom", "customers", Some("15:00"));
    world.expect_clock("update:customers", "due 15:00");
    world.advance_to("15:01");
    world.expect_clock("update:customers", "missed at 15:00");
}

#[test]
fn a_promise_outlives_the_milestone_and_bounds_the_closing_notice() {
    // Promised, the clock that keeps it, and by when the closing notice is due (its window is an hour).
    for (promised, update, closing) in [
        (Some("10:30"), "due 10:30", "due 10:30"),
        (Some("11:05"), "due 11:05", "due 11:05"),
        (Some("13:00"), "due 13:00", "due 11:10"),
        (None, "none", "due 11:10"),
    ] {
        let mut world = World::sev1();
        world.advance("5m");
        world.tells("tom", "customers", promised);
        world.advance("5m");
        world.mitigates("ana");
        // A promise beyond the cadence becomes a clock of its own when the cadence ends.
        let sooner = promised == Some("10:30") || promised.is_none();
        let name = if sooner { "update:customers" } else { "update:customers#2" };
        let cadence = "cancelled: its milestone is reached";
        let update = if promised.is_none() { cadence } else { update };
        world.expect_clocks(&[(name, update), ("closing:customers", closing)]);
        if !sooner {
            world.expect_clock("update:customers", cadence);
        }
        // Both are kept by the closing notice.
        world.advance("10m");
        world.tells("tom", "customers", None);
        let update = if promised.is_none() { cadence } else { "met at 10:20" };
        world.expect_clocks(&[(name, update), ("closing:customers", "met at 10:20")]);
        let open = world.incident().clocks.iter().filter(|c| c.is_open() && c.id.kind.audience() == Some("customers"));
        assert_eq!(open.count(), 0);
    }
}

#[test]
fn a_broken_promise_is_owed_until_the_closing_notice_and_paged_once() {
    let mut world = World::sev1();
    world.tells("tom", "customers", Some("10:20"));
    world.tells("tom", "executives", None);
    world.advance("10m");
    world.mitigates("ana");
    world.pages();
    world.advance("55m");
    world.expect_clocks(&[("update:customers", "missed at 10:20"), ("closing:customers", "missed at 10:20")]);
    let pages: Vec<_> = world.pages().into_iter().filter(|page| page.contains("missed-")).collect();
    assert_eq!(pages, ["10:20:00.000001 missed-update:customers: tom, mara"]);
    world.advance("1m");
    world.tells("tom", "customers", None);
    world.expect_clocks(&[
        ("update:customers", "missed at 10:20, met at 11:06"),
        ("closing:customers", "missed at 10:20, met at 11:06"),
        ("update:customers#2", "none"),
    ]);
    // Broken before the milestone, it is owed beyond it too, and the slots of the cadence are not.
    let mut world = World::sev1();
    world.tells("tom", "customers", Some("10:20"));
    world.advance("25m");
    world.expect_clock("update:customers#2", "due 10:50");
    world.mitigates("ana");
    world.expect_clocks(&[
        ("update:customers", "missed at 10:20"),
        ("update:customers#2", "cancelled: its milestone is reached"),
        ("closing:customers", "due 11:25"),
    ]);
}

#[test]
fn a_withdrawn_milestone_brings_the_cadence_back_beside_what_was_promised() {
    let back = |promised: &str| {
        let mut world = World::sev1();
        world.tells("tom", "customers", Some(promised));
        world.advance("5m");
        world.mitigates("ana");
        world.advance("10m");
        world.validates("mara", false);
        world.expect_clock("closing:customers", "cancelled: the milestone was withdrawn");
        world
    };
    // Sooner than the next slot it stays; later it gives way.
    back("10:25").expect_clocks(&[("update:customers", "due 10:25"), ("update:customers#2", "none")]);
    back("10:45").expect_clocks(&[("update:customers#2", "due 10:45"), ("update:customers#3", "none")]);
    let mut world = back("12:00");
    world.expect_clocks(&[
        ("update:customers#2", "cancelled: the cadence began anew"),
        ("update:customers#3", "due 10:45"),
    ]);
    // Mitigated again, it is a promise still.
    world.mitigates("ana");
    world.expect_clocks(&[("update:customers#4", "due 12:00"), ("closing:customers#2", "due 11:15")]);
    // Broken meanwhile it is owed, and the cadence goes on beside it.
    let mut world = World::sev1();
    world.tells("tom", "customers", Some("10:10"));
    world.advance("5m");
    world.mitigates("ana");
    world.advance("10m");
    world.validates("mara", false);
    world.expect_clocks(&[("update:customers", "missed at 10:10"), ("update:customers#2", "due 10:45")]);
}

#[test]
fn a_promise_stays_where_no_closing_notice_is_asked_for() {
    let mut world = World::airline();
    world.signal("pii_leak", |s| s.label = Some("suspected".to_owned()));
    world.tells("tom", "customers", Some("15:00"));
    world.mitigates("ana");
    world.advance("10m");
    world.validates("mara", true);
    world.does("ana", Command::Resolve {});
    world.expect_clocks(&[("update:customers", "due 15:00"), ("closing:customers", "none")]);
    world.tells("tom", "customers", None);
    world.expect_clock("update:customers", "met at 10:10");
}

#[test]
fn an_audience_without_a_surface_waits_for_its_channel() {
    let mut world = World::sev1();
    world.advance("5m");
    if let Some(audience) = world.policy.audiences.get_mut("customers") {
        (audience.surface, audience.channels) = (None, vec!["pager".to_owned()]);
    }
    let webhook = policy::model::Channel::Webhook {
        url: policy::model::FromEnv::Value("https://pager.example".to_owned()),
        secret_env: None,
        allow_internal: false,
    };
    world.roster.channels.insert("pager".to_owned(), webhook);
    world.tells("tom", "customers", None);
    // Published is not seen.
    world.expect_clock("notify:customers", "due 10:30");
    world.advance("2m");
    let shown = Command::ShowUpdate { update: 1, surface: "pager".to_owned() };
    world.act(&wcore::event::Actor::Watchbell, &shown).unwrap();
    world.expect_clocks(&[("notify:customers", "met at 10:07"), ("update:customers", "due 10:37")]);
    // A second surface of the same message changes nothing.
    world.advance("2m");
    world.act(&wcore::event::Actor::Watchbell, &shown).unwrap();
    world.expect_clocks(&[("update:customers", "due 10:37"), ("update:customers#2", "none")]);
}

#[test]
fn only_the_publisher_or_a_backup_tells_customers() {
    let mut world = World::sev1();
    let update = Command::Update {
        audience: "customers".to_owned(),
        text: "Hm.".to_owned(),
        next_update_at: None,
        statement: None,
    };
    assert_eq!(world.refused("ana", update.clone()), "approval-required");
    world.does("mara", update);
    let machine = wcore::event::Actor::Machine("bot".to_owned());
    let update = Command::Update {
        audience: "executives".to_owned(),
        text: "Hm.".to_owned(),
        next_update_at: None,
        statement: None,
    };
    assert_eq!(world.act(&machine, &update).unwrap_err().code.id, "person-required");
    world.expect_clock("notify:executives", "due 10:15");
}

#[test]
fn a_conditional_notice_is_due_only_if_the_impact_lasts() {
    let mut world = World::airline();
    world.declare("latency_degradation", "SEV-1");
    world.expect_clock("notify:customers", "due 11:30");
    world.advance("60m");
    world.does("ana", Command::Contain { customers_see: "answers are fast again".to_owned() });
    world.expect_clock("notify:customers", "cancelled: the impact did not last");

    let mut world = World::airline();
    world.declare("latency_degradation", "SEV-1");
    world.advance("91m");
    world.does("ana", Command::Contain { customers_see: "answers are fast again".to_owned() });
    // It had lasted long enough: contained later, it is still owed.
    world.expect_clock("notify:customers", "missed at 11:30");
}

fn decide(inform: bool) -> Command {
    Command::Decide { audience: "customers".to_owned(), inform, reason: "counsel was asked".to_owned() }
}

#[test]
fn a_role_decides_whether_customers_are_told() {
    let mut world = World::airline();
    world.declare("suspected_leak", "SEV-1");
    world.expect_clocks(&[("decide:customers", "due 14:00"), ("notify:customers", "none")]);
    let update = Command::Update {
        audience: "customers".to_owned(),
        text: "Hm.".to_owned(),
        next_update_at: None,
        statement: None,
    };
    assert_eq!(world.refused("tom", update.clone()), "role-required");
    assert_eq!(world.refused("ana", decide(true)), "role-required");
    world.advance("1h");
    world.does("mara", decide(true));
    world.expect_clocks(&[("decide:customers", "met at 11:00"), ("notify:customers", "due 11:30")]);
    // From here on it is the window of the severity, with its approval.
    assert_eq!(world.refused("ana", update.clone()), "approval-required");
    world.advance("10m");
    world.does("tom", update);
    world.expect_clocks(&[("notify:customers", "met at 11:10"), ("update:customers", "due 11:40")]);
    assert_eq!(world.refused("mara", decide(true)), "stage-mismatch");
}

#[test]
fn a_decision_not_to_tell_may_be_taken_back() {
    let mut world = World::airline();
    world.declare("suspected_leak", "SEV-1");
    world.does("mara", decide(false));
    world.expect_clocks(&[("decide:customers", "met at 10:00"), ("notify:customers", "none")]);
    world.advance("1h");
    world.does("mara", decide(true));
    world.expect_clock("notify:customers", "due 11:30");
}

#[test]
fn an_undecided_audience_is_missed() {
    let mut world = World::airline();
    world.declare("suspected_leak", "SEV-1");
    world.pages();
    world.advance_to("14:01");
    world.expect_clock("decide:customers", "missed at 14:00");
    assert!(world.pages().contains(&"14:00:00.000001 missed-decide:customers: mara, ana".to_owned()));
}

#[test]
fn a_cadence_that_nobody_keeps_stays_within_bounds() {
    let mut world = World::sev1();
    world.ack("ana");
    world.advance("72h");
    // Every slot of half an hour was missed, and is on record.
    let slots = |event: &&Event| matches!(event, Event::ClockBreached { clock, .. } if clock.kind == ClockKind::Update("customers".to_owned()));
    assert_eq!(world.events().filter(slots).count(), 3 * 48 - 2);
    let kept = |open: bool| {
        let clocks = world.incident().clocks.iter();
        clocks.filter(|c| c.id.kind == ClockKind::Update("customers".to_owned()) && c.is_open() == open).count()
    };
    assert_eq!((kept(true), kept(false)), (SLOTS_KEPT + 1, SLOTS_KEPT + 1));
    // It still pages nobody again, and one message ends all of it.
    world.pages();
    world.advance("2h");
    assert!(!world.pages().iter().any(|page| page.contains("customers")));
    world.tells("tom", "customers", None);
    let owed = world.incident().clocks.iter().filter(|c| c.id.kind.audience() == Some("customers") && c.is_open());
    assert_eq!(owed.map(|clock| clock.breached_at).collect::<Vec<_>>(), [None]);
}
