//! Roles change hands: declined, handed over, vacant, shared.

use policy::model::{Party, Role};
use wcore::Command;

use crate::support::{World, always, evidence};

/// A SEV-1 whose roles must be accepted within twenty minutes.
fn accepting(change: impl FnOnce(&mut World)) -> World {
    let mut world = World::airline();
    if let Some(targets) = world.policy.targets.get_mut(&1) {
        targets.accept = Some(always("20m"));
    }
    change(&mut world);
    world.declare("pii_leak", "SEV-1");
    world.pages();
    world
}

fn accept(role: Role) -> Command {
    Command::Accept { role }
}

fn decline(role: Role) -> Command {
    Command::Decline { role, reason: "on a train".to_owned() }
}

fn hand_over(role: Role, person: &str) -> Command {
    Command::HandOver { role, person: person.to_owned(), note: "prompt v47 is back".to_owned() }
}

fn assign(role: Role, person: &str) -> Command {
    Command::Assign { role, person: person.to_owned() }
}

/// `ana, accepted, asks ben, with mara`, or `vacant since …`.
fn holds(world: &World, role: Role) -> String {
    let Some(holder) = world.incident().roles.get(&role) else {
        return world
            .incident()
            .vacant
            .get(&role)
            .map_or("unknown".to_owned(), |since| format!("vacant since {since}"));
    };
    let mut parts = vec![holder.person.clone()];
    parts.extend(holder.accepted.then(|| "accepted".to_owned()));
    parts.extend(holder.offer.as_ref().map(|offer| format!("asks {}", offer.person)));
    parts.extend((!holder.consulted.is_empty()).then(|| format!("with {}", holder.consulted.join(" and "))));
    parts.join(", ")
}

#[track_caller]
fn expect(world: &World, role: Role, expected: &str) {
    assert_eq!(holds(world, role), expected);
}

#[test]
fn a_declined_role_goes_to_its_backup() {
    let mut world = accepting(|_| ());
    world.advance("5m");
    assert_eq!(world.refused("ben", decline(Role::Remediation)), "role-required");
    world.does("ana", decline(Role::Remediation));
    expect(&world, Role::Remediation, "ben");
    world.expect_clocks(&[("accept:remediation", "cancelled: declined"), ("accept:remediation#2", "due 10:25")]);
    // The backup, and the lead.
    assert_eq!(world.pages(), ["10:05 assigned-remediation: ben", "10:05 declined-remediation: ana"]);
    world.does("ben", accept(Role::Remediation));
    expect(&world, Role::Remediation, "ben, accepted");
}

#[test]
fn declined_by_everyone_a_role_is_vacant_and_its_clock_runs() {
    let mut world = accepting(|_| ());
    world.does("ana", decline(Role::Remediation));
    world.pages();
    world.advance("5m");
    world.does("ben", decline(Role::Remediation));
    expect(&world, Role::Remediation, "vacant since 2026-11-23T10:05:00Z");
    assert_eq!(world.pages(), ["10:05 declined-remediation: ben, ana"]);
    world.advance_to("10:26");
    world.expect_clock("accept:remediation#3", "missed at 10:25");
    assert!(world.pages().contains(&"10:25:00.000001 missed-accept:remediation#3: ana, ben".to_owned()));
    // Whoever declined may think again, and whoever does the work holds it.
    assert_eq!(world.refused("ben", accept(Role::Remediation)), "role-required");
    world.mitigates("ben");
    expect(&world, Role::Remediation, "ben, accepted");
    world.expect_clock("accept:remediation#3", "missed at 10:25, met at 10:26");
}

#[test]
fn an_accepted_role_can_be_given_back() {
    let mut world = accepting(|_| ());
    world.does("ana", accept(Role::Remediation));
    world.advance("1h");
    world.does("ana", decline(Role::Remediation));
    expect(&world, Role::Remediation, "ben");
    world.expect_clocks(&[("accept:remediation", "met at 10:00"), ("accept:remediation#2", "due 11:20")]);
}

#[test]
fn a_backup_who_would_hold_both_sides_is_passed_over() {
    let mut world = accepting(|world| {
        if let Some(rule) = world.policy.roles.get_mut(&Role::Validation) {
            rule.backup = vec![Party::Person("ana".to_owned()), Party::Person("tom".to_owned())];
        }
    });
    world.does("mara", decline(Role::Validation));
    expect(&world, Role::Validation, "tom");
}

#[test]
fn a_role_that_nobody_may_hold_is_vacant_from_the_start() {
    let mut world = accepting(|world| {
        if let Some(rule) = world.policy.roles.get_mut(&Role::Validation) {
            rule.owner = vec![Party::Person("ana".to_owned())];
        }
    });
    expect(&world, Role::Validation, "vacant since 2026-11-23T10:00:00Z");
    world.ack("ana");
    world.advance_to("10:21");
    world.expect_clock("accept:validation", "missed at 10:20");
    world.does("ben", assign(Role::Validation, "mara"));
    expect(&world, Role::Validation, "mara");
}

#[test]
fn where_nobody_is_named_the_fallback_hears_of_a_vacancy() {
    let mut world = accepting(|world| {
        world.policy.roles.remove(&Role::Commander);
        if let Some(rule) = world.policy.roles.get_mut(&Role::Privacy) {
            rule.owner.clear();
        }
    });
    world.advance_to("10:21");
    assert!(world.pages().contains(&"10:20:00.000001 missed-accept:privacy: fallback".to_owned()));
}

#[test]
fn handed_over_the_old_holder_stays_accountable_until_the_new_one_accepts() {
    let mut world = accepting(|_| ());
    assert_eq!(world.refused("ben", hand_over(Role::Remediation, "ben")), "role-required");
    world.does("ana", accept(Role::Remediation));
    world.advance("5m");
    assert_eq!(world.refused("ana", hand_over(Role::Remediation, "ana")), "stage-mismatch");
    assert_eq!(world.refused("ana", hand_over(Role::Remediation, "mara")), "separation-of-duties");
    assert_eq!(world.refused("ana", hand_over(Role::Remediation, "nobody")), "name-unknown");
    world.does("ana", hand_over(Role::Remediation, "ben"));
    expect(&world, Role::Remediation, "ana, accepted, asks ben");
    assert_eq!(world.pages(), ["10:05 hand-over-remediation: ben"]);
    world.expect_clock("accept:remediation#2", "due 10:25");
    world.advance("10m");
    world.does("ben", accept(Role::Remediation));
    expect(&world, Role::Remediation, "ben, accepted");
    world.expect_clock("accept:remediation#2", "met at 10:15");
}

#[test]
fn a_hand_over_that_is_not_accepted_is_missed_by_its_holder() {
    let mut world = accepting(|_| ());
    world.ack("ana");
    world.does("ana", hand_over(Role::Remediation, "tom"));
    world.advance_to("10:21");
    assert!(world.pages().contains(&"10:20:00.000001 missed-accept:remediation#2: ana, ben".to_owned()));
    world.does("tom", decline(Role::Remediation));
    expect(&world, Role::Remediation, "ana, accepted");
    world.expect_clock("accept:remediation#2", "missed at 10:20, cancelled: declined");
    assert_eq!(world.pages(), ["10:21 declined-remediation: ana"]);
}

#[test]
fn whoever_is_asked_and_does_the_work_has_accepted() {
    let mut world = accepting(|_| ());
    world.ack("ana");
    world.does("ana", hand_over(Role::Remediation, "tom"));
    world.does("tom", Command::Contain { customers_see: "a person answers".to_owned() });
    expect(&world, Role::Remediation, "tom, accepted");
}

#[test]
fn separation_is_checked_again_when_a_hand_over_is_accepted() {
    let mut world = accepting(|_| ());
    world.ack("ana");
    world.does("ana", hand_over(Role::Remediation, "tom"));
    world.does("ana", assign(Role::Validation, "tom"));
    assert_eq!(world.refused("tom", accept(Role::Remediation)), "separation-of-duties");
    // The work counts, the role does not move.
    world.does("tom", Command::Contain { customers_see: "a person answers".to_owned() });
    expect(&world, Role::Remediation, "ana, accepted, asks tom");
}

#[test]
fn a_clock_that_the_holder_has_yet_to_keep_outlives_a_declined_hand_over() {
    let mut world = accepting(|_| ());
    world.advance("5m");
    world.does("ana", hand_over(Role::Remediation, "tom"));
    world.does("tom", decline(Role::Remediation));
    expect(&world, Role::Remediation, "ana");
    world.expect_clocks(&[("accept:remediation", "due 10:20"), ("accept:remediation#2", "none")]);
}

#[test]
fn joint_owners_stay_consulted_whoever_holds_the_role() {
    let mut world = accepting(|world| {
        if let Some(rule) = world.policy.roles.get_mut(&Role::Publishing) {
            rule.owner = ["tom", "mara"].map(|id| Party::Person(id.to_owned())).to_vec();
        }
    });
    expect(&world, Role::Publishing, "tom, with mara");
    world.does("ana", assign(Role::Publishing, "ben"));
    expect(&world, Role::Publishing, "ben, with mara and tom");
    world.does("ana", assign(Role::Publishing, "mara"));
    expect(&world, Role::Publishing, "mara, with tom");
    world.mitigates("ana");
    world.advance("1m");
    world.does("mara", Command::Validate { passed: true, evidence: evidence(world.now) });
}
