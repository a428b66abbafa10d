//! The review of the recorded day's week.

use calendar::{Duration, Instant};
use expect_test::expect;
use lab::{Outcome, Question, Review, Tally, Week, review, review_zone};

use crate::day;

async fn reviewed(week: &str, now: Instant) -> Review {
    let (policy, roster) = (day::policy(), day::roster());
    let zone = review_zone(&policy, &roster);
    assert_eq!(zone.name(), "Europe/Berlin");
    let week = week.parse::<Week>().unwrap();
    let question = Question { week, zone: &zone, now, policy: &policy, roster: &roster };
    review(question, day::recorded().await.incidents.clone())
}

/// To the nearest, since the engine's batches lie microseconds apart.
fn minutes(time: Duration) -> i64 {
    (time + Duration::from_secs(30)).as_mins()
}

#[tokio::test(flavor = "multi_thread")]
async fn misses_are_told_with_their_time_over_and_what_became_of_them() {
    let review = reviewed("2026-W48", day::at("20:00")).await;
    let told: Vec<String> = review
        .misses
        .iter()
        .filter(|miss| miss.incident == 2 && miss.due_at < day::at("12:00"))
        .map(|miss| {
            let outcome = match &miss.outcome {
                Outcome::MetLate => "met late",
                Outcome::StillOpen => "still open",
                Outcome::LetGo { why } | Outcome::Corrected { why } => why,
            };
            format!("{} {}: {} min over, {outcome}\n", miss.clock, miss.owner, minutes(miss.over))
        })
        .collect();
    expect![[r#"
        contain Ben Okoye: 525 min over, still open
        notify:executives Tom Haas: 35 min over, cancelled: not promised at SEV-2
        notify:support Tom Haas: 525 min over, still open
        accept:publishing Tom Haas: 30 min over, waived by Ana Ruiz: nobody is to be told
        accept:validation Noor Aziz: 40 min over, met late
        notify:customers Tom Haas: 16 min over, cancelled: not promised at SEV-2
        update:support Tom Haas: 15 min over, cancelled: its milestone is reached
    "#]]
    .assert_eq(&told.concat());
}

#[tokio::test(flavor = "multi_thread")]
async fn tallies_add_up() {
    let review = reviewed("2026-W48", day::at("20:00")).await;
    let kind = |name: &str| review.by_clock.iter().find(|tally| tally.name == name).unwrap();
    let contain = kind("contain");
    let over: Duration = review.misses.iter().filter(|m| m.kind == "contain").map(|m| m.over).sum();
    assert_eq!((contain.misses, contain.over), (2, over));
    for tallies in [&review.by_clock, &review.by_class, &review.by_owner] {
        assert_eq!(tallies.iter().map(|tally| tally.misses).sum::<usize>(), review.misses.len());
        assert!(tallies.is_sorted_by_key(|tally| std::cmp::Reverse(tally.misses)));
    }
    let whole = |tallies: &[Tally]| tallies.iter().map(|tally| tally.over).sum::<Duration>();
    assert_eq!(whole(&review.by_class), whole(&review.by_owner));
    assert!(review.by_owner.iter().any(|tally| tally.name == "Tom Haas" && tally.longest <= tally.over));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_else_the_week_brought() {
    let review = reviewed("2026-W48", day::at("20:00")).await;
    let trend = (&review.trend.this.by_severity, review.trend.this.open_at_end, review.trend.this.reopened);
    let answers: Vec<(u64, Option<i64>)> = review
        .after_hours
        .answers
        .iter()
        .map(|answer| (answer.incident, answer.answered.as_ref().map(|(_, time)| minutes(*time))))
        .collect();
    expect![[r#"
        (
            (
                [
                    (
                        1,
                        "SEV-1",
                        4,
                    ),
                    (
                        2,
                        "SEV-2",
                        0,
                    ),
                    (
                        3,
                        "SEV-3",
                        2,
                    ),
                ],
                3,
                1,
            ),
            [
                FalsePage {
                    incident: 3,
                    class: "Model or provider outage",
                    trigger: "provider-down",
                    opened_at: Instant(
                        1795525200000000,
                    ),
                    why: "its alerts ended before anyone acknowledged",
                },
                FalsePage {
                    incident: 6,
                    class: "Spending out of hand",
                    trigger: "spend-doubled",
                    opened_at: Instant(
                        1795543200000001,
                    ),
                    why: "reviewed: False alarm: a load test",
                },
            ],
            [
                BrokenGlass {
                    incident: 6,
                    class: "Spending out of hand",
                    at: Instant(
                        1795544400000006,
                    ),
                    by: "Ana Ruiz",
                    confirmed_by: "Tom Haas",
                    reason: "nothing to prove",
                },
            ],
            [
                (
                    6,
                    Some(
                        20,
                    ),
                ),
            ],
            Some(
                20,
            ),
            [
                Finding {
                    incident: 1,
                    class: "Invented policy, price or refund",
                    by: "Tom Haas",
                    cause: "Prices were missing",
                    action: "a rule for prices",
                    owner: "Ben Okoye",
                    decided_at: Instant(
                        1795532400000001,
                    ),
                    due_at: Some(
                        Instant(
                            1795546800000000,
                        ),
                    ),
                    done: None,
                    overdue: true,
                },
                Finding {
                    incident: 6,
                    class: "Spending out of hand",
                    by: "Tom Haas",
                    cause: "False alarm: a load test",
                    action: "a rule for prices",
                    owner: "Ben Okoye",
                    decided_at: Instant(
                        1795544400000007,
                    ),
                    due_at: Some(
                        Instant(
                            1795546800000000,
                        ),
                    ),
                    done: Some(
                        (
                            Instant(
                                1795544400000008,
                            ),
                            "load tests are announced",
                        ),
                    ),
                    overdue: false,
                },
            ],
        )
    "#]]
    .assert_debug_eq(&(
        trend,
        &review.false_pages,
        &review.broken_glass,
        answers,
        review.after_hours.median.map(minutes),
        &review.findings,
    ));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_fix_without_proof_stays_on_the_list() {
    let before_proof = reviewed("2026-W48", day::at("11:59")).await;
    let open: Vec<(u64, &str, bool)> =
        before_proof.open_validations.iter().map(|o| (o.incident, o.owner.as_str(), o.overdue)).collect();
    assert_eq!(open, [(2, "Noor Aziz", false)]);
    assert_eq!(reviewed("2026-W48", day::at("20:00")).await.open_validations, []);
}

#[tokio::test(flavor = "multi_thread")]
async fn other_weeks_count_only_what_is_theirs() {
    let later = day::at("20:00") + Duration::from_hours(24 * 8);
    let after = reviewed("2026-W49", later).await;
    assert_eq!((after.misses.len(), after.trend.this.opened, after.trend.before.opened), (0, 0, 6));
    assert_eq!(after.trend.before.misses, reviewed("2026-W48", later).await.misses.len());
    let before = reviewed("2026-W47", later).await;
    assert_eq!((before.trend.this.opened, before.findings.len(), before.false_pages.len()), (0, 0, 0));
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_later_than_now_counts() {
    let early = reviewed("2026-W48", day::at("10:05")).await;
    assert_eq!((early.trend.this.opened, early.misses.len(), early.trend.this.open_at_end), (1, 0, 1));
}

#[tokio::test(flavor = "multi_thread")]
async fn actions_of_earlier_weeks_come_first_as_done_or_not() {
    let then = day::at("20:00");
    let this = reviewed("2026-W48", then).await;
    assert!(this.actions.is_empty() && this.never_closed.is_empty());
    let told: Vec<(u64, &str, bool, bool)> =
        this.findings.iter().map(|f| (f.incident, f.owner.as_str(), f.done.is_some(), f.overdue)).collect();
    assert_eq!(told, [(1, "Ben Okoye", false, true), (6, "Ben Okoye", true, false)]);
    let next = reviewed("2026-W49", then + Duration::from_hours(8 * 24)).await;
    let told: Vec<(u64, bool)> = next.actions.iter().map(|f| (f.incident, f.overdue)).collect();
    assert_eq!(told, [(1, true)]);
    assert!(next.findings.is_empty());
    let counts = |trend: &lab::Trend| trend.earlier.iter().map(|week| week.opened).collect::<Vec<_>>();
    assert_eq!((counts(&this.trend), counts(&next.trend)), (vec![0, 0, 0, 0], vec![6, 0, 0, 0]));
    let never: Vec<(u64, &str)> = next.never_closed.iter().map(|open| (open.incident, open.why.as_str())).collect();
    expect![[
        r#"[(2, "somebody who goes on"), (3, "its review"), (4, "somebody who goes on"), (5, "somebody who goes on")]"#
    ]]
    .assert_eq(&format!("{never:?}"));
}
