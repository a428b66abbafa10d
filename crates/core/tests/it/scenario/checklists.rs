//! Playbooks that are followed inside an incident.

use policy::model::Role;
use wcore::Command;
use wcore::event::Actor;
use wcore::incident::{Checklist, ChecklistStep};

use crate::support::{World, at, evidence};

const LEAK: &str = "data-leak";

fn start(playbook: &str) -> Command {
    Command::StartChecklist { playbook: playbook.to_owned() }
}

fn tick(step: u32, note: &str) -> Command {
    Command::TickStep { checklist: LEAK.to_owned(), step, note: note.to_owned() }
}

fn untick(step: u32, reason: &str) -> Command {
    Command::UntickStep { checklist: LEAK.to_owned(), step, reason: reason.to_owned() }
}

fn give(step: u32, person: &str) -> Command {
    Command::AssignStep { checklist: LEAK.to_owned(), step, person: person.to_owned() }
}

fn leak(world: &World) -> &Checklist {
    world.incident().checklist(LEAK).unwrap()
}

fn step(world: &World, no: u32) -> &ChecklistStep {
    leak(world).step(no).unwrap()
}

fn owner(world: &World, no: u32) -> &str {
    world.incident().step_owner(leak(world), step(world, no))
}

fn started() -> World {
    let mut world = World::sev1();
    world.advance("5m");
    world.does("tom", start(LEAK));
    world
}

#[test]
fn a_started_playbook_keeps_its_words_and_counts_from_the_start() {
    let world = started();
    let written = &policy::playbook::built_in()[LEAK];
    let list = leak(&world);
    assert_eq!((list.title.as_str(), list.started.by.as_str()), ("Data leak", "tom"));
    assert_eq!((list.done(), world.incident().open_steps()), (0, written.steps.len()));
    for ((_, step), planned) in list.numbered().zip(&written.steps) {
        assert_eq!(step.planned.due_at, at("10:05") + planned.within);
        assert_eq!((&step.planned.text, step.planned.role), (&planned.text, planned.role));
        assert_eq!((&step.planned.why, &step.planned.evidence), (&planned.why, &planned.evidence));
    }
}

#[test]
fn started_twice_is_started_once() {
    let mut world = started();
    world.does("ana", tick(1, ""));
    let before = world.incident().clone();
    world.advance("1m");
    world.does("ben", start(LEAK));
    assert_eq!(world.incident().checklists, before.checklists);
    world.does("ben", start("communication-plan"));
    let names: Vec<&str> = world.incident().checklists.iter().map(|list| list.playbook.as_str()).collect();
    assert_eq!(names, [LEAK, "communication-plan"]);
}

#[test]
fn a_step_is_its_roles_until_it_is_given_to_somebody() {
    let mut world = started();
    // Remediation is ana's, and nobody holds privacy: that falls to who started it.
    assert_eq!((step(&world, 2).planned.role, owner(&world, 2)), (Role::Remediation, "ana"));
    world.does("ana", Command::Assign { role: Role::Remediation, person: "ben".to_owned() });
    assert_eq!(owner(&world, 2), "ben");
    world.does("ben", give(2, "tom"));
    assert_eq!((owner(&world, 2), owner(&world, 4)), ("tom", "ben"));
    assert!(world.incident().has_step_of("tom") && !world.incident().has_step_of("ben"));
    assert_eq!(world.refused("ben", give(2, "nobody")), "name-unknown");
}

#[test]
fn ticked_twice_is_ticked_once_and_a_new_note_takes_its_place() {
    let mut world = started();
    world.does("ana", tick(2, "cache is off"));
    world.advance("1m");
    world.does("ben", tick(2, ""));
    world.does("ben", tick(2, " cache is off "));
    let done = step(&world, 2).done.clone().unwrap();
    assert_eq!((done.by.as_str(), done.at, step(&world, 2).note.as_str()), ("ana", at("10:05"), "cache is off"));
    world.does("ben", tick(2, "and the index"));
    assert_eq!(step(&world, 2).done, Some(done), "who did it first stays");
    assert_eq!(step(&world, 2).note, "and the index");
    assert_eq!(world.refused("ben", give(2, "tom")), "stage-mismatch");
    world.does("ben", untick(2, "it is on again"));
    assert_eq!((step(&world, 2).done.as_ref(), step(&world, 2).note.as_str()), (None, ""));
    world.does("ben", untick(2, "twice"));
    assert_eq!(leak(&world).done(), 0);
}

#[test]
fn a_step_is_late_after_its_instant_and_not_at_it() {
    let mut world = started();
    let due = step(&world, 1).planned.due_at;
    assert!(!step(&world, 1).is_late(due));
    assert!(step(&world, 1).is_late(due + calendar::Duration::from_micros(1)));
    world.advance("5m");
    world.does("ana", tick(1, ""));
    assert!(!step(&world, 1).was_late(), "at its instant it is in time");
    world.advance("1h");
    world.does("ana", tick(2, ""));
    assert!(step(&world, 2).was_late() && !step(&world, 2).is_late(world.now));
    assert!(step(&world, 3).is_late(world.now));
}

#[test]
fn what_does_not_exist_is_refused_and_only_people_follow_playbooks() {
    let mut world = started();
    for (command, code) in [
        (start("data-leek"), "unknown-playbook"),
        (tick(0, ""), "step-unknown"),
        (tick(99, ""), "step-unknown"),
        (untick(1, " "), "text-invalid"),
        (tick(1, &"x".repeat(wcore::command::MAX_STEP_NOTE + 1)), "text-invalid"),
        (Command::TickStep { checklist: "first-look".to_owned(), step: 1, note: String::new() }, "step-unknown"),
    ] {
        assert_eq!(world.refused("ana", command.clone()), code, "{command:?}");
    }
    world.does("ana", tick(1, &"x".repeat(wcore::command::MAX_STEP_NOTE)));
    let bot = Actor::Machine("bot".to_owned());
    for command in [start("first-look"), tick(2, ""), untick(1, "no"), give(2, "ben")] {
        assert_eq!(world.act(&bot, &command).unwrap_err().code.id, "person-required", "{command:?}");
    }
}

#[test]
fn no_more_checklists_than_somebody_can_follow() {
    let mut world = World::sev1();
    let mut ids = policy::playbook::built_in().keys();
    for id in ids.by_ref().take(8) {
        world.does("ana", start(id));
    }
    assert_eq!(world.refused("ana", start(ids.next().unwrap())), "stage-mismatch");
}

#[test]
fn open_steps_hold_no_resolution_up_and_can_be_done_after_it() {
    let mut world = started();
    world.mitigates("ana");
    world.advance("10m");
    let proof = Command::Validate { passed: true, evidence: evidence(world.now) };
    world.does("mara", proof);
    world.advance("1h");
    world.does("ana", Command::Resolve {});
    assert!(world.incident().open_steps() > 0);
    world.does("ana", tick(1, ""));
    world.does("ana", start("post-incident-review"));
    assert_eq!(world.incident().checklists.len(), 2);
}
