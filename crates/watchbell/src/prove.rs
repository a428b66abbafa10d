//! `prove`: what a policy and its roster guarantee for a year, or a witness against it.

use engine::TimeSource;
use lab::prove::{Proof, Verdict, prove};
use serde_json::json;

use crate::check::Documents;
use crate::cli::{ProveArgs, ProveFormat};
use crate::exit::Exit;

pub(crate) fn run(args: &ProveArgs) -> anyhow::Result<Exit> {
    let (policy, roster) = Documents::read(&args.path, args.roster.as_deref())?.load()?;
    let from = args.from.unwrap_or_else(|| TimeSource::System.now());
    let proof = prove(&policy, &roster, from);
    match args.format {
        ProveFormat::Text => print!("{}", text(&proof)),
        ProveFormat::Json => println!("{:#}", json!(proof)),
    }
    Ok(if proof.count(Verdict::Refuted) > 0 { Exit::Failure } else { Exit::Ok })
}

/// One paragraph per guarantee, the witnesses below it.
fn text(proof: &Proof) -> String {
    let mut text = String::new();
    for guarantee in &proof.guarantees {
        let sign = match guarantee.verdict {
            Verdict::Proven => "ok",
            Verdict::NotDecided => "??",
            Verdict::Refuted => "NO",
        };
        let (verdict, title) = (guarantee.verdict.words(), guarantee.title);
        text += &format!("{sign}  {title}: {verdict}\n    {} · {}\n", guarantee.id, guarantee.examined);
        for witness in &guarantee.witnesses {
            let mark = if witness.verdict == Verdict::Refuted { "-" } else { "?" };
            text += &format!("    {mark} {}\n", witness.text);
        }
        if guarantee.further > 0 {
            text += &format!("    and {} more of the kind\n", guarantee.further);
        }
    }
    let [proven, refuted, open] =
        [Verdict::Proven, Verdict::Refuted, Verdict::NotDecided].map(|verdict| proof.count(verdict));
    text + &format!(
        "\n{proven} proven, {refuted} refuted, {open} not decided, from {} to {}\n",
        proof.from, proof.until
    )
}
