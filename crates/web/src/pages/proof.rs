//! What the policy and roster in force guarantee for a year: proven, refuted, or not decided.
//!
//! Read only. Every verdict has its mark and its word beside its colour.

use lab::prove::{Guarantee, Proof, Verdict};
use maud::{Markup, html};

use super::frame::{Page, Scene, Section, page};
use super::glyph;

/// The page.
pub(crate) fn proof(scene: &Scene, proof: &Proof) -> Markup {
    let main = html! {
        header.page-head {
            h1 { "Proof of the policy" }
            p.lead {
                "What the " a href="/policy" { "policy" } " and roster in force guarantee, for every instant of the twelve months from now."
            }
            p { (summary(proof)) }
        }
        ul.proofs { @for guarantee in &proof.guarantees { (one(guarantee)) } }
        p.dim { "The same on the command line, before a change goes live: " code { "watchbell prove" } "." }
    };
    let frame = Page {
        title: "Proof of the policy",
        section: Section::Policy,
        live: None,
        summary: String::new(),
        wall: false,
    };
    page(scene, &frame, main)
}

/// Such as `7 proven, 1 refuted`.
fn summary(proof: &Proof) -> String {
    let verdicts = [Verdict::Refuted, Verdict::NotDecided, Verdict::Proven];
    let counted = verdicts.map(|verdict| (proof.count(verdict), verdict.words())).into_iter();
    let told: Vec<String> =
        counted.filter(|(count, _)| *count > 0).map(|(count, words)| format!("{count} {words}")).collect();
    told.join(", ")
}

fn one(guarantee: &Guarantee) -> Markup {
    let (class, mark) = look(guarantee.verdict);
    html! {
        li.card.{ "is-" (class) } #{ "proof-" (guarantee.id) } {
            h2 { (guarantee.title) }
            p.verdict { (glyph::mark(mark)) " " (guarantee.verdict.words()) }
            @if !guarantee.witnesses.is_empty() {
                ul.witnesses { @for witness in &guarantee.witnesses {
                    li { @if witness.verdict == Verdict::NotDecided { strong { "Not decided: " } } (witness.text) }
                } }
            }
            @if guarantee.further > 0 { p { "And " (guarantee.further) " more of the kind." } }
            p.dim { "Looked at: " (guarantee.examined) "." }
        }
    }
}

fn look(verdict: Verdict) -> (&'static str, glyph::Mark) {
    match verdict {
        Verdict::Proven => ("proven", glyph::Mark::Check),
        Verdict::NotDecided => ("undecided", glyph::Mark::Alert),
        Verdict::Refuted => ("refuted", glyph::Mark::Missed),
    }
}
