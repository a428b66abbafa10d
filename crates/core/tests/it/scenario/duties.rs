//! Who may do what: roles, and duties that are kept apart.

use policy::model::Role;
use wcore::Command;
use wcore::event::Actor;

use crate::support::{World, evidence};

fn assign(role: Role, person: &str) -> Command {
    Command::Assign { role, person: person.to_owned() }
}

fn holder(world: &World, role: Role) -> Option<(&str, bool)> {
    world.incident().roles.get(&role).map(|holder| (holder.person.as_str(), holder.accepted))
}

#[test]
fn whoever_fixed_it_does_not_prove_it() {
    let mut world = World::sev1();
    world.mitigates("ana");
    world.advance("10m");
    let proof = Command::Validate { passed: true, evidence: evidence(world.now) };
    assert_eq!(world.refused("ana", proof.clone()), "separation-of-duties");
    world.does("mara", proof);
}

#[test]
fn whoever_fixed_it_does_not_prove_it_even_without_the_role() {
    let mut world = World::sev1();
    // Validation is mara's, so that remediation stays ana's; still it was mara who fixed it.
    world.mitigates("mara");
    assert_eq!(holder(&world, Role::Remediation), Some(("ana", false)));
    world.advance("10m");
    let proof = Command::Validate { passed: true, evidence: evidence(world.now) };
    assert_eq!(world.refused("mara", proof.clone()), "separation-of-duties");
    world.does("ben", proof);
    assert_eq!(holder(&world, Role::Validation), Some(("ben", true)));
}

#[test]
fn separate_roles_are_not_given_to_one_person_either_way() {
    let mut world = World::sev1();
    assert_eq!(world.refused("ben", assign(Role::Validation, "ana")), "separation-of-duties");
    assert_eq!(world.refused("ben", assign(Role::Remediation, "mara")), "separation-of-duties");
    assert_eq!(world.refused("ben", assign(Role::Remediation, "nobody")), "name-unknown");
    world.does("ben", assign(Role::Remediation, "tom"));
    world.does("ben", assign(Role::Validation, "ana"));
}

#[test]
fn a_role_is_accepted_by_its_holder_alone() {
    let mut world = World::sev1();
    assert_eq!(holder(&world, Role::Remediation), Some(("ana", false)));
    assert_eq!(world.refused("ben", Command::Accept { role: Role::Remediation }), "role-required");
    world.does("ana", assign(Role::Remediation, "ben"));
    assert_eq!(world.pages(), ["10:00 assigned-remediation: ben"]);
    world.does("ben", Command::Accept { role: Role::Remediation });
    assert_eq!(holder(&world, Role::Remediation), Some(("ben", true)));
}

#[test]
fn acceptance_has_a_clock_that_begins_anew_with_another_holder() {
    let mut world = World::airline();
    if let Some(targets) = world.policy.targets.get_mut(&1) {
        targets.accept = Some(crate::support::always("20m"));
    }
    world.declare("pii_leak", "SEV-1");
    world.advance("15m");
    world.does("ana", assign(Role::Remediation, "ben"));
    world.expect_clocks(&[
        ("accept:remediation", "cancelled: assigned anew"),
        ("accept:remediation#2", "due 10:35"),
        ("accept:validation", "due 10:20"),
    ]);
    world.advance("21m");
    world.expect_clock("accept:remediation#2", "missed at 10:35");
}

#[test]
fn a_machine_keeps_no_promise() {
    let mut world = World::sev1();
    for by in [Actor::Machine("bot".to_owned()), Actor::Watchbell] {
        for command in [
            Command::Acknowledge {},
            Command::Contain { customers_see: "x".to_owned() },
            Command::Mitigate { note: "x".to_owned() },
            Command::Validate { passed: true, evidence: evidence(world.now) },
            Command::Resolve {},
            Command::Waive { clock: "contain".to_owned(), reason: "x".to_owned() },
            Command::Pause { reason: "x".to_owned() },
            Command::Severity { severity: "SEV-3".to_owned(), reason: "x".to_owned() },
        ] {
            let refused = world.act(&by, &command).map_err(|problem| problem.code.id);
            assert_eq!(refused, Err("person-required"), "{command:?}");
        }
        world.act(&by, &Command::Note { text: "model version 7 is live".to_owned() }).unwrap();
    }
    world.expect_clock("acknowledge", "due 10:10");
}

#[test]
fn a_declaration_without_a_service_blames_none_unless_there_is_one_only() {
    for (services, service) in [(2, "unsure"), (1, "support-assistant")] {
        let mut world = World::airline();
        if services == 1 {
            world.policy.services.remove("agent-copilot");
        }
        world.declare_on("pii_leak", "SEV-1", None);
        assert_eq!(world.incident().service, service, "{services} services");
    }
}
