//! Runs the calendar arithmetic of `sla.zammad_frappe.json` through a small model of a ticket.
//!
//! The model knows only what the arithmetic needs: the states `pending` and `closed` are pauses. Whether a
//! clock still runs (a due time of null) is the business of the core, not of this crate.

use calendar::{Calendar, Duration, Instant, Intervals};
use serde_json::Value;

use crate::support::{calendar_of, instant, list, minutes, text};

struct Ticket<'a> {
    calendar: Calendar,
    created: Instant,
    targets: &'a Value,
    pauses: Intervals,
    /// The customer's oldest message without an answer.
    waiting: Option<Instant>,
    /// The longest wait for an answer.
    longest_wait: Option<Duration>,
    /// Time used when it was given. The source keeps that figure, also where an earlier pause is told later.
    first_response: Option<Duration>,
    closed: Option<Instant>,
}

impl<'a> Ticket<'a> {
    fn new(case: &'a Value) -> Ticket<'a> {
        let mut ticket = Ticket {
            calendar: calendar_of(&case["calendar"]),
            created: instant(&case["created_at"]),
            targets: &case["targets_minutes"],
            pauses: Intervals::new(),
            waiting: None,
            longest_wait: None,
            first_response: None,
            closed: None,
        };
        ticket.enter(text(&case["initial_state"]), ticket.created);
        ticket
    }

    fn enter(&mut self, state: &str, at: Instant) {
        self.pauses.close(at);
        if state == "closed" {
            self.closed = Some(at);
        }
        if matches!(state, "pending" | "closed") {
            self.pauses.add(at, Instant::MAX);
        }
    }

    fn apply(&mut self, event: &'a Value) {
        let at = || instant(&event["at"]);
        match text(&event["type"]) {
            "state" => self.enter(text(&event["to"]), at()),
            "closed" => self.enter("closed", at()),
            "customer_contact" => self.waiting = self.waiting.or(Some(at())),
            "agent_contact" => {
                if let Some(since) = self.waiting.take() {
                    self.longest_wait = self.longest_wait.max(Some(self.used(since, at())));
                }
            }
            "first_response" => self.first_response = Some(self.used(self.created, at())),
            "policy_targets_changed" => self.targets = &event["targets_minutes"],
            // The source gives the sum of the pauses only; any place in open time is as good.
            "set_total_pause_seconds" => {
                self.pauses = Intervals::new();
                let length = Duration::from_secs(event["seconds"].as_i64().unwrap());
                self.pauses.add(self.created, self.created + length);
            }
            other => panic!("unknown event {other}"),
        }
    }

    fn used(&self, from: Instant, to: Instant) -> Duration {
        self.calendar.used(from, to, &self.pauses)
    }

    fn target(&self, clock: &str) -> Duration {
        minutes(self.targets[clock].as_i64().unwrap())
    }

    fn due(&self, clock: &str) -> Option<Instant> {
        let start = if clock == "update" { self.waiting? } else { self.created };
        self.calendar.due(start, self.target(clock), &self.pauses)
    }

    fn used_by(&self, clock: &str) -> Option<Duration> {
        match clock {
            "update" => self.longest_wait,
            "first_response" => self.first_response,
            _ => Some(self.used(self.created, self.closed?)),
        }
    }

    /// Compares every figure that is not null, and says how many there were.
    fn check(&self, id: &str, expect: &Value) -> usize {
        let mut compared = 0;
        for clock in ["first_response", "update", "solution"] {
            if let Some(due) = expect[format!("{clock}_due_at")].as_str() {
                assert_eq!(self.due(clock).unwrap().to_string(), due, "{id} {clock} due");
                compared += 1;
            }
            if let Some(used) = expect[format!("{clock}_used_min")].as_i64() {
                assert_eq!(self.used_by(clock), Some(minutes(used)), "{id} {clock} used");
                compared += 1;
            }
            if let Some(margin) = expect[format!("{clock}_margin_min")].as_i64() {
                let left = self.target(clock) - self.used_by(clock).unwrap();
                assert_eq!(left, minutes(margin), "{id} {clock} margin");
                compared += 1;
            }
        }
        compared
    }

    fn answer(&self, check: &Value) -> Value {
        let minutes_given = || minutes(check["minutes"].as_i64().unwrap());
        match text(&check["op"]) {
            "due_after" => {
                serde_json::json!(self.calendar.due(instant(&check["from"]), minutes_given(), &self.pauses))
            }
            "working_minutes" => {
                serde_json::json!(self.used(instant(&check["from"]), instant(&check["to"])).as_mins())
            }
            "raw_due" => serde_json::json!(self.due(text(&check["clock"]))),
            op => panic!("no answer to {op}"),
        }
    }
}

#[test]
fn agrees_with_zammad_and_frappe() {
    let cases: Vec<Value> = serde_json::from_str(include_str!("../vectors/sla.zammad_frappe.json")).unwrap();
    let mut compared = 0;
    for case in &cases {
        let id = text(&case["id"]);
        let mut ticket = Ticket::new(case);
        let mut events = list(&case["events"]);
        let mut done = -1;
        for check in list(&case["checks"]) {
            let after = check["after_event"].as_i64().unwrap();
            while done < after {
                ticket.apply(events.next().unwrap());
                done += 1;
            }
            compared += match check.get("op") {
                Some(_) => {
                    assert_eq!(ticket.answer(check), check["expect"], "{id}");
                    1
                }
                // Zammad reports the next opening where the deadline is the closing instant; the case says which.
                None if case.get("convention").is_some() => ticket.check(id, &case["closing_instant_expect"]),
                None => ticket.check(id, &check["expect"]),
            };
        }
    }
    assert_eq!((cases.len(), compared), (15, 40));
}
