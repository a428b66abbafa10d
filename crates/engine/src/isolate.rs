//! Poison isolation and answers: an input that makes a decision panic, or that the journal
//! refuses, is found by halving and set aside; its neighbours commit. It decides nothing itself.

use std::sync::Arc;
use std::time::{Duration as StdDuration, Instant as Monotonic};

use problem::Problem;
use wcore::{Incident, Signal};

use crate::attempt::{Committed, Failure, Piece};
use crate::batch::Answer;
use crate::queue::{Input, Reply, SignalsInput, stopping};
use crate::run::{MAX_UNWRITTEN, Thread};
use crate::stats::add;
use crate::{Accepted, Applied};

/// Signals of one request that are singled out. Beyond it the rest of the request is set aside
/// unseen: each costs commits, and acts must not wait for a sender whose every signal fails.
const MAX_SINGLED_OUT: usize = 16;
/// How long detectors rest that could not be settled.
const DETECTORS_REST: StdDuration = StdDuration::from_secs(60);

/// What one input came to, with the incident and the head afterwards.
type Outcome = Result<(Answer, Option<Arc<Incident>>, u64), Failure>;

impl Thread {
    /// Decides and writes inputs, answers them; whether the journal took them.
    pub(crate) fn process(&mut self, inputs: Vec<Input>, settles: bool) -> bool {
        let pieces: Vec<Piece<'_>> = inputs.iter().map(Piece::Whole).collect();
        let mut outcomes: Vec<Option<Outcome>> = Vec::new();
        outcomes.resize_with(inputs.len(), || None);
        let mut settles_here = settles;
        let mut ranges = vec![(0, inputs.len())];
        while let Some((start, end)) = ranges.pop() {
            let slice = &pieces[start..end];
            match self.attempt(slice, settles_here) {
                Ok(committed) => {
                    settles_here = false;
                    for (slot, outcome) in outcomes[start..end].iter_mut().zip(outcomes_of(committed)) {
                        *slot = Some(Ok(outcome));
                    }
                }
                // The detectors may be to blame as well as an input.
                Err(Failure::Poison(_)) if settles_here => {
                    settles_here = false;
                    ranges.push((start, end));
                }
                Err(Failure::Poison(_)) if end - start > 1 => {
                    let middle = start + (end - start) / 2;
                    ranges.push((middle, end));
                    ranges.push((start, middle));
                }
                Err(Failure::Poison(problem)) => {
                    let outcome = self.isolate(slice, problem);
                    if let Some(slot) = outcomes.get_mut(start) {
                        *slot = Some(outcome);
                    }
                }
                Err(Failure::Journal(problem)) => {
                    for slot in &mut outcomes[start..end] {
                        *slot = Some(Err(Failure::Journal(problem.clone())));
                    }
                }
            }
        }
        let mut ok = true;
        for (input, outcome) in inputs.into_iter().zip(outcomes) {
            let outcome = outcome.unwrap_or_else(|| Err(Failure::Journal(stopping())));
            ok &= !matches!(outcome, Err(Failure::Journal(_)));
            self.answer(input, outcome);
        }
        ok && self.settle_detectors_alone(settles)
    }

    /// Settles detectors that could not be settled together with inputs. Those that fail alone rest.
    fn settle_detectors_alone(&mut self, settles: bool) -> bool {
        let is_due = self.detectors.next_due().is_some_and(|at| at <= self.now());
        if !settles || !is_due {
            return true;
        }
        match self.attempt(&[], true) {
            Ok(_) => true,
            Err(Failure::Journal(_)) => false,
            Err(Failure::Poison(problem)) => {
                tracing::error!(code = problem.code.id, detail = problem.detail, "engine.detectors_rest");
                self.detectors_rest_until = Some(Monotonic::now() + DETECTORS_REST);
                let _ = self.shared.queue.push(Input::SelfAlert(problem));
                true
            }
        }
    }

    /// One input that cannot be decided: what can be of a request with several signals is.
    fn isolate(&mut self, slice: &[Piece<'_>], problem: Problem) -> Outcome {
        match slice {
            [Piece::Whole(Input::Signals(SignalsInput { signals, .. }))] if signals.len() > 1 => self.salvage(signals),
            [Piece::Whole(input)] => {
                self.quarantine(input, &problem);
                Err(Failure::Poison(problem))
            }
            _ => Err(Failure::Poison(problem)),
        }
    }

    /// Writes the signals of a request without those that cannot be decided.
    fn salvage(&mut self, signals: &[Signal]) -> Outcome {
        let mut total = Accepted::default();
        let mut reason = None;
        let mut ranges = vec![(0, signals.len())];
        while let Some((start, end)) = ranges.pop() {
            if total.quarantined.len() >= MAX_SINGLED_OUT {
                total.quarantined.extend((start..end).map(index));
                continue;
            }
            match self.attempt(&[Piece::Part(&signals[start..end])], false) {
                Ok(committed) => {
                    if let Some(Answer::Accepted { accepted, duplicates, incidents, .. }) =
                        committed.answers.into_iter().next()
                    {
                        total.accepted += accepted;
                        total.duplicates += duplicates;
                        total.incidents.extend(incidents);
                    }
                }
                Err(Failure::Poison(problem)) if end - start == 1 => {
                    total.quarantined.push(index(start));
                    reason.get_or_insert(problem);
                }
                Err(Failure::Poison(_)) => {
                    let middle = start + (end - start) / 2;
                    ranges.push((middle, end));
                    ranges.push((start, middle));
                }
                // Sent again, what was written is known by its ids.
                Err(failure) => return Err(failure),
            }
        }
        let Some(Problem { code, detail }) = reason else { return Ok(self.salvaged(total)) };
        let (set_aside, all) = (total.quarantined.len(), signals.len());
        add(&self.shared.stats.quarantined, set_aside as u64);
        let problem = Problem::new(code, format!("{set_aside} of {all} signals of one request: {detail}"));
        tracing::error!(code = code.id, detail = problem.detail, "engine.quarantined");
        let _ = self.shared.queue.push(Input::SelfAlert(problem.clone()));
        if set_aside == all { Err(Failure::Poison(problem)) } else { Ok(self.salvaged(total)) }
    }

    fn salvaged(&self, mut total: Accepted) -> (Answer, Option<Arc<Incident>>, u64) {
        total.incidents.sort_unstable();
        total.incidents.dedup();
        let Accepted { accepted, duplicates, incidents, quarantined, .. } = total;
        (Answer::Accepted { accepted, duplicates, incidents, quarantined }, None, self.head.position.0)
    }

    /// Sets an input aside and says so; the complaint is written with the next batch.
    fn quarantine(&mut self, input: &Input, problem: &Problem) {
        add(&self.shared.stats.quarantined, 1);
        tracing::error!(code = problem.code.id, detail = problem.detail, "engine.quarantined");
        match input {
            Input::Due(no) => self.stuck.push(*no),
            // A complaint that cannot be written is in the log; another would go round in circles.
            Input::SelfAlert(_) => return,
            _ => {}
        }
        let _ = self.shared.queue.push(Input::SelfAlert(problem.clone()));
    }

    fn answer(&mut self, input: Input, outcome: Outcome) {
        let stats = &self.shared.stats;
        match (input, outcome) {
            (Input::Act(act), Ok((Answer::Applied { no, opened, replayed }, incident, position))) => {
                add(&stats.commands_applied, 1);
                let incident = incident.map_or_else(|| self.reread(no), Ok);
                reply(act.reply, incident.map(|incident| Applied { no, position, incident, opened, replayed }));
            }
            (Input::Act(act), outcome) => {
                add(&stats.commands_refused, 1);
                reply(act.reply, Err(refusal(outcome)));
            }
            (
                Input::Signals(signals),
                Ok((Answer::Accepted { accepted, duplicates, incidents, quarantined }, _, at)),
            ) => {
                add(&stats.signals_duplicate, u64::from(duplicates));
                drop(signals.signals);
                reply(signals.reply, Ok(Accepted { position: at, accepted, duplicates, incidents, quarantined }));
            }
            (Input::Signals(signals), outcome) => reply(signals.reply, Err(refusal(outcome))),
            (Input::Erase(erase), outcome) => reply(erase.reply, done(outcome)),
            (Input::Prune(prune), outcome) => reply(prune.reply, done(outcome)),
            (Input::Write(write), outcome) => reply(write.reply, done(outcome)),
            (Input::TestPage(test), Ok((Answer::Asked(id), ..))) => reply(test.reply, Ok(id)),
            (Input::TestPage(test), outcome) => reply(test.reply, Err(refusal(outcome))),
            // An end that was not written is found due again.
            (Input::Hold(hold), outcome) => {
                if let Some(to) = hold.reply {
                    reply(to, done(outcome));
                }
            }
            // Nobody waits for these, so nobody else would try them again.
            (input @ Input::SelfAlert(_), Err(Failure::Journal(_))) if self.unwritten.len() < MAX_UNWRITTEN => {
                self.unwritten.push(input);
            }
            (Input::Activate(activate), outcome) => match (activate.reply, outcome) {
                (Some(to), outcome) => reply(to, done(outcome)),
                (None, Err(Failure::Journal(_))) => {
                    self.unwritten.push(Input::Activate(crate::queue::ActivateInput { reply: None, ..activate }));
                }
                (None, _) => {}
            },
            (Input::SelfAlert(_) | Input::Due(_), _) => {}
        }
    }

    /// The incident of an answer that was remembered: it may have changed since.
    fn reread(&self, no: u64) -> Result<Arc<Incident>, Problem> {
        let view = crate::view::View::new(Arc::clone(&self.reader));
        let incident = view.incident(no)?;
        incident.map(Arc::new).ok_or_else(|| Problem::new(&problem::INCIDENT_UNKNOWN, format!("INC-{no}")))
    }
}

fn outcomes_of(committed: Committed) -> impl Iterator<Item = (Answer, Option<Arc<Incident>>, u64)> {
    let Committed { answers, incidents, position } = committed;
    answers.into_iter().map(move |answer| {
        let incident = match &answer {
            Answer::Applied { no, .. } => incidents.get(no).cloned(),
            _ => None,
        };
        (answer, incident, position)
    })
}

fn done(outcome: Outcome) -> Result<(), Problem> {
    match outcome {
        Ok((Answer::Refused(problem), ..)) => Err(problem),
        Ok(_) => Ok(()),
        Err(Failure::Poison(problem) | Failure::Journal(problem)) => Err(problem),
    }
}

/// The problem of an outcome that is not the answer hoped for.
fn refusal(outcome: Outcome) -> Problem {
    done(outcome).err().unwrap_or_else(stopping)
}

fn reply<T>(to: Reply<T>, answer: Result<T, Problem>) {
    // Whoever asked may have gone; what was decided stands all the same.
    let _ = to.send(answer);
}

fn index(at: usize) -> u32 {
    u32::try_from(at).unwrap_or(u32::MAX)
}
