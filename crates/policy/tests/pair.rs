//! Pairs that must load: the published example, and the starter.

use policy::condition::{Fields, FlagField, NumberField, TextField};
use policy::model::{Length, Milestone, Mode, Party, Role, TriggerKind, Window};
use policy::{Level, Loaded, Source, load, render};

fn documents(policy: &'static str, roster: &'static str) -> [Source<'static>; 2] {
    [Source { name: "policy.yaml", text: policy }, Source { name: "roster.yaml", text: roster }]
}

fn example() -> (Loaded, [Source<'static>; 2]) {
    let sources = documents(include_str!("pairs/policy.yaml"), include_str!("pairs/roster.yaml"));
    (load(sources[0], sources[1]), sources)
}

#[test]
fn t() {
    let (l, s) = example();
    println!("{}", render(&l.diagnostics, &s, false));
    let s = documents(policy::starter::POLICY, policy::starter::ROSTER);
    let l = load(s[0], s[1]);
    println!("{}", render(&l.diagnostics, &s, false));
}
