//! What holds after whatever people, programs and time do, in any order.

use std::collections::{BTreeMap, BTreeSet};

use calendar::{Duration, Instant};
use policy::model::Role;
use proptest::prelude::*;
use proptest::sample::select;
use proptest::strategy::ValueTree;
use proptest::test_runner::RngSeed;
use wcore::clock::{ClockId, ClockKind, Ending};
use wcore::event::{Actor, ChecklistEvent, Event, Evidence, Fact, RetimeCause};
use wcore::signal::{Alert, AlertState, Unit};
use wcore::{Command, Context, Incident, tick};

use crate::support::{World, always, on};

/// One thing that happens.
#[derive(Clone, Debug)]
enum Step {
    Wait {
        seconds: i64,
    },
    Down {
        seconds: i64,
    },
    Signal {
        metric: &'static str,
        label: &'static str,
    },
    Alert {
        firing: bool,
    },
    Declare {
        class: &'static str,
        severity: &'static str,
    },
    Conversation {
        number: u8,
        value: f64,
    },
    /// A statutory notice is submitted.
    Submit {
        /// `None`: the organization became aware.
        notice: Option<&'static str>,
        seconds: i64,
    },
    /// New words to customers are approved, or those that wait are published.
    Pending {
        approve: bool,
    },
    Act {
        by: Actor,
        act: Act,
    },
}

/// A command whose instants are still relative to when it is given.
#[derive(Clone, Debug)]
enum Act {
    Whole(Command),
    Fact { fact: Fact, seconds: Option<i64>, corrects: bool },
    Update { audience: String, seconds: Option<i64> },
    Validate { passed: bool, seconds: i64 },
}

fn role() -> impl Strategy<Value = Role> {
    select(Role::ALL.to_vec())
}

fn person() -> impl Strategy<Value = String> {
    select(vec!["ana", "ben", "mara", "tom", "nobody"]).prop_map(str::to_owned)
}

fn audience() -> impl Strategy<Value = String> {
    select(vec!["customers", "executives", "support", "aliens"]).prop_map(str::to_owned)
}

/// Mostly what a person would write, sometimes anything.
fn words() -> impl Strategy<Value = String> {
    prop_oneof![8 => Just("a few words".to_owned()), 1 => ".*", 1 => Just("x".repeat(4_001))]
}

fn clock_name() -> impl Strategy<Value = String> {
    let known = vec!["acknowledge", "contain", "mitigate", "notify:customers", "update:customers#2", "review", "x"];
    select(known).prop_map(str::to_owned)
}

fn severity() -> impl Strategy<Value = String> {
    select(vec!["SEV-1", "SEV-2", "SEV-3", "4"]).prop_map(str::to_owned)
}

/// What is done of playbooks: of one, of one that there is not, and of steps around its beginning.
fn following() -> impl Strategy<Value = Command> {
    let checklist = || prop_oneof![8 => Just("first-look".to_owned()), 1 => Just("x".to_owned())];
    let note = || prop_oneof![Just(String::new()), words()];
    let place = || (checklist(), select(vec![1, 1, 1, 1, 2, 6, 0, 7]));
    prop_oneof![
        2 => checklist().prop_map(|playbook| Command::StartChecklist { playbook }),
        4 => (place(), note()).prop_map(|((checklist, step), note)| Command::TickStep { checklist, step, note }),
        5 => (place(), words()).prop_map(|((checklist, step), reason)| Command::UntickStep { checklist, step, reason }),
        2 => (place(), person()).prop_map(|((checklist, step), person)| Command::AssignStep { checklist, step, person }),
    ]
}

fn act() -> impl Strategy<Value = Act> {
    let seconds = || -7_200_i64..7_200;
    let fact = select(vec![Fact::AwareAt, Fact::ConfirmedAt, Fact::ClassifiedAt, Fact::SubmittedAt]);
    let whole = prop_oneof![
        Just(Command::Acknowledge {}),
        (role(), person()).prop_map(|(role, person)| Command::Assign { role, person }),
        role().prop_map(|role| Command::Accept { role }),
        (role(), words()).prop_map(|(role, reason)| Command::Decline { role, reason }),
        (role(), person(), words()).prop_map(|(role, person, note)| Command::HandOver { role, person, note }),
        (audience(), any::<bool>(), words()).prop_map(|(audience, inform, reason)| Command::Decide {
            audience,
            inform,
            reason
        }),
        words().prop_map(|customers_see| Command::Contain { customers_see }),
        words().prop_map(|note| Command::Mitigate { note }),
        words().prop_map(|note| Command::Mitigate { note }),
        Just(Command::Resolve {}),
        Just(Command::Resolve {}),
        words().prop_map(|reason| Command::BreakGlass { reason }),
        Just(Command::Confirm {}),
        words().prop_map(|reason| Command::Reopen { reason }),
        (severity(), words()).prop_map(|(severity, reason)| Command::Severity { severity, reason }),
        severity().prop_map(|severity| Command::ConfirmSeverity { severity }),
        words().prop_map(|reason| Command::DeclineSeverity { reason }),
        words().prop_map(|text| Command::Note { text }),
        words().prop_map(|reason| Command::Pause { reason }),
        Just(Command::Unpause {}),
        (clock_name(), words()).prop_map(|(clock, reason)| Command::Waive { clock, reason }),
        (words(), words()).prop_map(|(cause, action)| Command::Review { cause, action, owner: None, due_at: None }),
        (0..5_u32, 0..3_u32).prop_map(|(step, round)| Command::SkipStep { step, round }),
        (0..5_u32, 0..3_u32).prop_map(|(step, round)| crate::support::receipt(step, round)),
        (0..4_u32, words()).prop_map(|(update, surface)| Command::ShowUpdate { update, surface }),
    ];
    prop_oneof![
        6 => whole.prop_map(Act::Whole),
        1 => (fact.clone(), proptest::option::of(seconds()))
            .prop_map(|(fact, seconds)| Act::Fact { fact, seconds, corrects: false }),
        2 => (fact, -300_000_i64..0)
            .prop_map(|(fact, seconds)| Act::Fact { fact, seconds: Some(seconds), corrects: true }),
        2 => (audience(), proptest::option::of(seconds()))
            .prop_map(|(audience, seconds)| Act::Update { audience, seconds }),
        2 => (any::<bool>(), seconds()).prop_map(|(passed, seconds)| Act::Validate { passed, seconds }),
        2 => Just(Act::Validate { passed: true, seconds: 0 }),
    ]
}

fn actor() -> impl Strategy<Value = Actor> {
    let people = select(vec!["ana", "ben", "mara", "tom"]).prop_map(|id| Actor::Person(id.to_owned()));
    prop_oneof![12 => people, 1 => Just(Actor::Machine("bot".to_owned())), 1 => Just(Actor::Watchbell)]
}

fn step() -> impl Strategy<Value = Step> {
    let metric = select(vec![
        ("pii_leak", "confirmed"),
        ("pii_leak", "suspected"),
        ("hallucinated_commitment", ""),
        ("groundedness", "fail"),
    ]);
    let class = select(vec!["suspected_leak", "latency_degradation"]);
    prop_oneof![
        6 => (0..7_200_i64).prop_map(|seconds| Step::Wait { seconds }),
        1 => (0..200_000_i64).prop_map(|seconds| Step::Wait { seconds }),
        1 => (0..100_000_i64).prop_map(|seconds| Step::Down { seconds }),
        2 => metric.prop_map(|(metric, label)| Step::Signal { metric, label }),
        1 => any::<bool>().prop_map(|firing| Step::Alert { firing }),
        1 => (class, select(vec!["SEV-1", "SEV-2"])).prop_map(|(class, severity)| Step::Declare { class, severity }),
        1 => (any::<u8>(), 0.0..1.0).prop_map(|(number, value)| Step::Conversation { number, value }),
        16 => (actor(), act()).prop_map(|(by, act)| Step::Act { by, act }),
        1 => any::<bool>().prop_map(|inform| {
            let (audience, reason) = ("customers".to_owned(), "counsel was asked".to_owned());
            whole("mara", Command::Decide { audience, inform, reason })
        }),
        1 => role().prop_map(|role| {
            whole("ana", Command::HandOver { role, person: "ben".to_owned(), note: "over to you".to_owned() })
        }),
        2 => (prop_oneof![3 => Just("customers".to_owned()), 1 => audience()], 0..2_u32).prop_map(|(audience, corrects)| {
            let corrects = (corrects > 0).then_some(corrects);
            whole("ana", Command::Draft { audience, text: "We know more.".to_owned(), next_update_at: None, corrects })
        }),
        4 => any::<bool>().prop_map(|approve| Step::Pending { approve }),
        3 => (select(vec![None, None, Some("gdpr-33-1"), Some("nis2-notify"), Some("nis2-final")]), -100_000_i64..0)
            .prop_map(|(notice, seconds)| Step::Submit { notice, seconds }),
        1 => (1..4_u32).prop_map(|update| whole("tom", Command::Correct { update, text: "Rather this.".to_owned() })),
        1 => select(vec![
            whole("ana", Command::BreakGlass { reason: "no time".to_owned() }),
            whole("mara", Command::Confirm {}),
        ]),
        3 => any::<bool>().prop_map(|asks| {
            let (severity, reason) = ("SEV-3".to_owned(), "fewer customers".to_owned());
            if asks {
                whole("ana", Command::Severity { severity, reason })
            } else {
                whole("mara", Command::ConfirmSeverity { severity })
            }
        }),
        4 => following().prop_map(|command| whole("tom", command)),
        3 => (any::<bool>(), -900_000_i64..0).prop_map(|(corrects, seconds)| {
            let (by, fact) = (Actor::Person("mara".to_owned()), Fact::AwareAt);
            Step::Act { by, act: Act::Fact { fact, seconds: Some(seconds), corrects } }
        }),
    ]
}

fn whole(who: &str, command: Command) -> Step {
    Step::Act { by: Actor::Person(who.to_owned()), act: Act::Whole(command) }
}

/// An incident that lived through `steps`. What is refused changes nothing.
fn lived(steps: &[Step]) -> World {
    let mut world = World::airline();
    for targets in world.policy.targets.values_mut() {
        // Some promises on a calendar, and acceptance too.
        targets.mitigate = Some(on("desk", "6h"));
        targets.accept = Some(always("20m"));
        targets.hold = Some(always("10m"));
    }
    world.signal("pii_leak", |s| s.label = Some("suspected".to_owned()));
    for step in steps {
        happen(&mut world, step.clone());
    }
    world
}

fn happen(world: &mut World, step: Step) {
    match step {
        Step::Wait { seconds } => world.advance_to_instant(world.now + Duration::from_secs(seconds)),
        Step::Down { seconds } => world.down_for(&format!("{seconds}s")),
        Step::Signal { metric, label } => world.signal(metric, |s| s.label = Some(label.to_owned())),
        Step::Declare { class, severity } => world.declare(class, severity),
        Step::Alert { firing } => world.signal("provider_down", |s| {
            let state = if firing { AlertState::Firing } else { AlertState::Resolved };
            s.alert = Some(Alert { key: "a1".to_owned(), state });
        }),
        Step::Conversation { number, value } => world.signal("groundedness", |s| {
            s.value = Some(value);
            s.unit = Some(Unit { kind: "conversation".to_owned(), id: format!("c-{number}") });
        }),
        Step::Submit { notice, seconds } => {
            let (at, note) = (Some(world.now + Duration::from_secs(seconds)), "form 7".to_owned());
            let fact = if notice.is_some() { Fact::SubmittedAt } else { Fact::AwareAt };
            let stated =
                Command::Fact { fact, at, note, notice: notice.map(str::to_owned), corrects: None, sure: false };
            let _ = world.act(&Actor::Person("mara".to_owned()), &stated);
        }
        Step::Pending { approve } => {
            if approve {
                let (audience, text) = ("customers".to_owned(), "We know more.".to_owned());
                let words = Command::Draft { audience, text, next_update_at: None, corrects: None };
                let _ = world.act(&Actor::Person("ana".to_owned()), &words);
            }
            let update = world.incident().pending.get("customers").map_or(9, |pending| pending.words.no);
            let command = if approve { Command::Approve { update } } else { Command::Publish { update } };
            let _ = world.act(&Actor::Person("tom".to_owned()), &command);
        }
        Step::Act { by, act } => {
            let after = |seconds: i64| world.now + Duration::from_secs(seconds);
            let command = match act {
                Act::Whole(command) => command,
                Act::Fact { fact, seconds, corrects } => {
                    let corrects = corrects.then(|| "mistyped".to_owned());
                    let (at, note) = (seconds.map(after), "seen".to_owned());
                    Command::Fact { fact, at, note, notice: None, corrects, sure: true }
                }
                Act::Update { audience, seconds } => Command::Update {
                    audience,
                    text: "We know.".to_owned(),
                    next_update_at: seconds.map(after),
                    statement: None,
                },
                Act::Validate { passed, seconds } => {
                    let (kind, text) = ("sample".to_owned(), "ten conversations".to_owned());
                    let evidence = Evidence { kind, text, link: None, observed_at: after(seconds) };
                    Command::Validate { passed, evidence }
                }
            };
            // Refusals are part of life.
            let _ = world.act(&by, &command);
        }
    }
}

/// Every clock that started is open or has exactly one ending; what was missed was missed once.
fn clocks_are_kept(state: &Incident, events: &[&Event]) -> Result<(), TestCaseError> {
    let mut open: BTreeMap<&ClockId, bool> = BTreeMap::new();
    let mut missed: BTreeMap<&ClockId, Instant> = BTreeMap::new();
    for event in events {
        match event {
            Event::ClockStarted(clock) => prop_assert_eq!(open.insert(&clock.id, true), None, "{} twice", clock.id),
            Event::ClockRetimed(retimed) => {
                let clock = &retimed.clock;
                prop_assert!(clock.ending.is_none() && open.contains_key(&clock.id), "{}", clock.id);
                prop_assert_eq!(clock.breached_at, missed.get(&clock.id).copied(), "{}", clock.id);
                open.insert(&clock.id, true);
            }
            Event::ClockMet { clock, .. } | Event::ClockEnded { clock, .. } => {
                prop_assert_eq!(open.insert(clock, false), Some(true), "{} ended, but did not run", clock);
            }
            Event::ClockBreached { clock, due_at } => {
                prop_assert_eq!(open.get(clock), Some(&true), "{} missed, but did not run", clock);
                prop_assert_eq!(missed.insert(clock, *due_at), None, "{} missed twice", clock);
            }
            _ => {}
        }
    }
    let ids: BTreeSet<&ClockId> = state.clocks.iter().map(|clock| &clock.id).collect();
    prop_assert_eq!(ids.len(), state.clocks.len(), "two clocks of one name");
    for (id, runs) in &open {
        // Of cadences, slots that ended long ago stand in the journal only.
        let forgotten = matches!(id.kind, ClockKind::Update(_)) && !runs;
        prop_assert!(ids.contains(id) || forgotten, "{} is lost", id);
    }
    for clock in &state.clocks {
        prop_assert_eq!(open.get(&clock.id), Some(&clock.is_open()), "{}", clock.id);
        prop_assert_eq!(missed.get(&clock.id), clock.breached_at.as_ref(), "{}", clock.id);
    }
    Ok(())
}

/// Each role that the policy names is held by one person, or is vacant.
fn roles_are_held_or_vacant(state: &Incident) -> Result<(), TestCaseError> {
    for role in Role::ALL {
        prop_assert_ne!(state.roles.contains_key(&role), state.vacant.contains_key(&role), "{}", role);
    }
    // The airline keeps these two apart.
    let holder = |role| state.roles.get(&role).map(|holder| &holder.person);
    let fixer = holder(Role::Remediation);
    prop_assert!(fixer.is_none() || fixer != holder(Role::Validation), "{:?} holds both", fixer);
    Ok(())
}

/// No message is numbered twice, and none that waits is visible.
fn messages_are_numbered_once(state: &Incident) -> Result<(), TestCaseError> {
    let published = state.updates.iter().map(|update| update.no);
    let numbers: Vec<u32> = published.chain(state.pending.values().map(|pending| pending.words.no)).collect();
    let distinct: BTreeSet<&u32> = numbers.iter().collect();
    prop_assert_eq!(distinct.len(), numbers.len(), "{:?}", numbers);
    Ok(())
}

/// At most one thing of each kind is promised at a time, unless it is owed already.
fn promises_do_not_pile_up(state: &Incident) -> Result<(), TestCaseError> {
    let mut running = BTreeSet::new();
    for clock in state.clocks.iter().filter(|clock| clock.is_open() && clock.breached_at.is_none()) {
        prop_assert!(running.insert(clock.id.kind.clone()), "{} runs twice", clock.id.kind);
    }
    Ok(())
}

fn bytes(state: &Incident) -> Vec<u8> {
    postcard::to_stdvec(state).unwrap()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 96, failure_persistence: None, rng_seed: RngSeed::Fixed(7), ..ProptestConfig::default() })]

    #[test]
    fn whatever_happens(steps in proptest::collection::vec(step(), 1..60)) {
        let world = lived(&steps);
        for (state, entries) in &world.incidents {
            let events: Vec<&Event> = entries.iter().flat_map(|entry| &entry.events).collect();
            clocks_are_kept(state, &events)?;
            promises_do_not_pile_up(state)?;
            roles_are_held_or_vacant(state)?;
            messages_are_numbered_once(state)?;
            // The state is the fold of its events, to the byte, also by way of JSON.
            let folded = Incident::fold(entries).unwrap();
            prop_assert_eq!(bytes(&folded), bytes(state));
            let json = serde_json::to_string(entries).unwrap();
            let read: Vec<wcore::event::Entry> = serde_json::from_str(&json).unwrap();
            prop_assert_eq!(bytes(&Incident::fold(&read).unwrap()), bytes(state));
            // Time that has passed has passed: a second look at the same instant finds nothing.
            let ctx = Context { now: world.now, policy: &world.policy, roster: &world.roster };
            let once = tick(state, &ctx);
            let twice = tick(&once.state, &ctx);
            prop_assert_eq!(twice.events, vec![]);
        }
    }

    #[test]
    fn pauses_never_bring_a_deadline_forward(
        times in proptest::collection::vec((0..600_i64, 0..600_i64), 1..8),
    ) {
        let open = || {
            let mut world = World::airline();
            let targets = world.policy.targets.get_mut(&1).unwrap();
            (targets.contain, targets.validate) = (Some(on("desk", "6h")), Some(on("desk", "12h")));
            world.signal("pii_leak", |s| s.label = Some("confirmed".to_owned()));
            world.ack("ana");
            world
        };
        let (mut paused, mut straight) = (open(), open());
        let mut total = Duration::ZERO;
        for (work, pause) in &times {
            let before = dues(&paused);
            paused.advance(&format!("{work}s"));
            paused.does("ana", Command::Pause { reason: "waiting".to_owned() });
            paused.advance(&format!("{pause}s"));
            paused.does("ana", Command::Unpause {});
            straight.advance(&format!("{}s", work + pause));
            total += Duration::from_secs(*pause);
            for (id, due) in dues(&paused) {
                prop_assert!(before.get(&id).is_none_or(|before| *before <= due), "{}", id);
            }
        }
        let (with, without) = (dues(&paused), dues(&straight));
        prop_assert_eq!(with.keys().collect::<Vec<_>>(), without.keys().collect::<Vec<_>>());
        for (id, due) in &with {
            let moved = due.since(without[id]);
            let expected = match id.as_str() {
                // Around the clock a pause moves a deadline by its whole length.
                "mitigate" | "resolve" => moved == total,
                // On a calendar at least by nothing.
                "contain" | "validate" => moved >= Duration::ZERO,
                // People who wait to hear are not paused.
                _ => moved == Duration::ZERO,
            };
            prop_assert!(expected, "{} moved by {:#} in {:#} of pauses", id, moved, total);
        }
    }
}

fn dues(world: &World) -> BTreeMap<String, Instant> {
    world.incident().clocks.iter().filter_map(|clock| Some((clock.id.to_string(), clock.due_at?))).collect()
}

/// The sequences above reach what they are meant to test.
#[test]
fn life_is_not_all_refusals() {
    let mut runner = proptest::test_runner::TestRunner::deterministic();
    let mut seen: BTreeMap<&'static str, u32> = BTreeMap::new();
    for _ in 0..600 {
        let steps = proptest::collection::vec(step(), 1..60).new_tree(&mut runner).unwrap().current();
        for (_, entries) in &lived(&steps).incidents {
            for event in entries.iter().flat_map(|entry| &entry.events) {
                let word = match event {
                    Event::Checklist(event) => match **event {
                        ChecklistEvent::Started { .. } => "started",
                        ChecklistEvent::Ticked { .. } => "ticked",
                        ChecklistEvent::Unticked { .. } => "unticked",
                        ChecklistEvent::Assigned { .. } => "given",
                    },
                    Event::Reopened { .. } => "reopened",
                    Event::Validated { passed: false, .. } => "failed",
                    Event::Resolved { .. } => "resolved",
                    Event::Paused { .. } => "paused",
                    Event::SeverityChanged { from, to, .. } if from > to => "raised",
                    Event::SeverityChanged { .. } => "lowered",
                    Event::ClockBreached { .. } => "missed",
                    Event::AudienceDecided { .. } => "decided",
                    Event::RoleDeclined { .. } => "declined",
                    Event::HandOverOffered { .. } => "offered",
                    Event::HoldBroken { .. } => "broken",
                    Event::BrokenGlass { .. } => "glass",
                    Event::UpdateApproved { .. } => "approved",
                    Event::ApprovedUnsent { .. } => "unsent",
                    Event::NoticeSubmitted { .. } => "submitted",
                    Event::ClockRetimed(retimed) if retimed.cause == RetimeCause::Backdated => "backdated",
                    Event::ClockStarted(clock) if matches!(clock.id.kind, ClockKind::Statutory(_)) => "statutory",
                    Event::ClockEnded { ending: Ending::Corrected { .. }, .. } => "miss corrected",
                    Event::UpdatePublished(update) if update.corrects.is_some() => "corrected",
                    _ => continue,
                };
                *seen.entry(word).or_default() += 1;
            }
        }
    }
    let words = ["reopened", "failed", "resolved", "paused", "raised", "lowered", "missed", "decided"];
    for word in words.into_iter().chain(
        ["declined", "offered", "broken", "glass", "approved", "unsent", "corrected"].into_iter().chain([
            "submitted",
            "backdated",
            "statutory",
            "miss corrected",
            "started",
            "ticked",
            "unticked",
            "given",
        ]),
    ) {
        assert!(seen.get(word).is_some_and(|times| *times >= 3), "{word}: {seen:?}");
    }
}
