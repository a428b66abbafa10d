//! State equals a refold of the journal, byte for byte, after any history.

use journal::Workspace;
use problem::Problem;
use wcore::Command;
use wcore::event::Evidence;
use wcore::signal::{Alert, AlertState};

use crate::support::{World, both, declaration, degraded, numbered, person, signal};

/// A small generator (SplitMix64), so that a seed names a history.
struct Random(u64);

impl Random {
    fn below(&mut self, limit: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (mixed ^ (mixed >> 31)) % limit
    }
}

const PEOPLE: [&str; 4] = ["ana", "ben", "mara", "tom"];

async fn step(world: &mut World, random: &mut Random) {
    match random.below(11) {
        0 => drop(world.leak().await),
        1 => drop(world.degraded(&random.below(4).to_string()).await),
        2 => {
            let state = if random.below(2) == 0 { AlertState::Firing } else { AlertState::Resolved };
            let mut outage = signal("outage");
            outage.alert = Some(Alert { key: random.below(3).to_string(), state });
            world.send(vec![outage, degraded("mixed"), numbered("nothing", random.below(20))]).await.unwrap();
        }
        3 => {
            let class = ["pii_leak", "degraded", "gap", "unsure"][random.below(4) as usize];
            let severity = ["SEV-1", "SEV-2", "SEV-3"][random.below(3) as usize];
            world.engine().declare(declaration(class, severity), person("ana"), None).await.unwrap();
        }
        4 => world.advance(["1s", "7m", "25m", "70m"][random.below(4) as usize]).await,
        5 if random.below(4) == 0 => world.crash_for("20m").await,
        _ => {
            let who = PEOPLE[random.below(4) as usize];
            let no = random.below(6) + 1;
            let command = command(world, random);
            let _: Result<_, Problem> = world.engine().command(no, command, person(who), None).await;
        }
    }
}

fn command(world: &World, random: &mut Random) -> Command {
    let text = || "as it is".to_owned();
    match random.below(10) {
        0 => Command::Acknowledge {},
        1 => Command::Contain { customers_see: text() },
        2 => Command::Mitigate { note: text() },
        3 => {
            let observed_at = world.engine().now();
            let evidence = Evidence { kind: "evaluation".to_owned(), text: text(), link: None, observed_at };
            Command::Validate { passed: random.below(3) > 0, evidence }
        }
        4 => Command::Resolve {},
        5 => Command::Reopen { reason: text() },
        6 => {
            let severity = ["SEV-1", "SEV-2", "SEV-3"][random.below(3) as usize].to_owned();
            Command::Severity { severity, reason: text() }
        }
        7 => Command::Update { audience: "support".to_owned(), text: text(), next_update_at: None, statement: None },
        8 => Command::Pause { reason: text() },
        9 => Command::ConfirmSeverity { severity: ["SEV-2", "SEV-3"][random.below(2) as usize].to_owned() },
        _ => Command::Unpause {},
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refold_gives_the_same_bytes_after_any_history() {
    for seed in 0..3 {
        for mut world in both().await {
            let mut random = Random(seed);
            for _ in 0..100 {
                step(&mut world, &mut random).await;
            }
            let view = world.engine().view();
            let refold = engine::refold(view.reader()).unwrap();
            assert_eq!((&refold.different, &refold.missing), (&vec![], &vec![]), "seed {seed}");
            assert!(refold.rows.len() > 3, "seed {seed} has {} incidents", refold.rows.len());
            journal::verify(view.reader(), Workspace::default()).unwrap();
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refold_finds_rows_that_are_missing() {
    let world = World::memory().await;
    world.leak().await;
    world.degraded("eu").await;
    world.settle().await;
    let rows = engine::refold(world.engine().view().reader()).unwrap().rows;
    assert_eq!(rows.len(), 2);
    world.replace_incidents(&rows[1..]);
    let refold = engine::refold(world.engine().view().reader()).unwrap();
    assert_eq!((refold.different, refold.missing), (vec![], vec![1]));
    assert_eq!(refold.rows, rows);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_row_that_somebody_edited_is_found_and_named() {
    use engine::Difference::{Differs, Invented, Missing};
    let world = World::memory().await;
    for key in ["a", "b", "c"] {
        world.degraded(key).await;
    }
    world.settle().await;
    let rows = engine::refold(world.engine().view().reader()).unwrap().rows;
    let edited = |edit: &dyn Fn(&mut journal::IncidentRow)| {
        let mut rows = rows.clone();
        edit(&mut rows[1]);
        rows
    };
    let invented = || {
        let mut rows = rows.clone();
        rows.push(journal::IncidentRow { no: journal::IncidentNo(9), ..rows[0].clone() });
        rows
    };
    let cases = [
        ("as it is", rows.clone(), None),
        ("closed", edited(&|row| row.open = false), Some((2, Differs))),
        ("its state", edited(&|row| *row.state.last_mut().unwrap() ^= 1), Some((2, Differs))),
        ("its due instant", edited(&|row| row.next_due = None), Some((2, Differs))),
        ("an older state, and closed", edited(&|row| (row.state[0], row.open) = (0, false)), Some((2, Differs))),
        ("an older state alone", edited(&|row| (row.state, row.next_due) = (vec![0], None)), None),
        ("a row is gone", rows[1..].to_vec(), Some((1, Missing))),
        ("a row more", invented(), Some((9, Invented))),
    ];
    for (what, rows, wanted) in cases {
        world.replace_incidents(&rows);
        let view = world.engine().view();
        assert_eq!(engine::refold(view.reader()).unwrap().first(), wanted, "{what}");
        let mut found = (1..10).filter_map(|no| Some((no, engine::compare(view.reader(), no).unwrap()?)));
        assert_eq!(found.next(), wanted, "{what}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_detector_of_another_version_begins_anew_and_people_are_told_once() {
    let mut world = World::memory().await;
    world.engine().shutdown().await;
    // As it was written before rows had a version: a count with an empty clause.
    world.put_detector("repeated|x", vec![0, 0, 0, 0]);
    for _ in 0..2 {
        world.restart().await.unwrap();
        world.settle().await;
        let view = world.engine().view();
        let alerts = view.self_alerts().unwrap();
        let told: Vec<_> = alerts.iter().filter(|alert| alert.code == "detectors-restarted").collect();
        assert!(told.len() == 1 && told[0].count == 1 && told[0].detail.contains("`repeated`"), "{alerts:?}");
        assert!(view.reader().detectors().unwrap().iter().all(|(key, _)| key != "repeated|x"));
        journal::verify(view.reader(), Workspace::default()).unwrap();
    }
}
