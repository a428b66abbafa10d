//! The section `ignore`: which findings not to show, where, until when, and why.

use super::reader::{Reader, first_line};
use super::tree::Node;
use super::value;
use crate::ignore::{Ignore, LINTS};
use crate::model::Severity;
use crate::suggest;

/// Remembers the entries. Severities in `at` may be named as the policy names them.
pub(super) fn ignores(reader: &mut Reader<'_>, node: Option<&Node>, severities: &[Severity]) {
    for item in reader.list(node, "`ignore`") {
        let ignore = entry(reader, item, severities);
        reader.places.ignores.extend(ignore);
    }
}

fn entry(reader: &mut Reader<'_>, node: &Node, severities: &[Severity]) -> Option<Ignore> {
    let mut fields = reader.fields(node, "an entry of `ignore`")?;
    let check = fields.require(reader, "check").and_then(|node| check(reader, node));
    let at = reader.optional_text(fields.get("at"), "`at`");
    let until = fields.require(reader, "until").and_then(|node| reader.parsed(node, "`until`", value::date));
    // People read it in the policy; an entry without one is refused.
    let reason = fields.require(reader, "reason").and_then(|node| {
        reader.parsed(node, "`reason`", |text| match text.trim() {
            "" => Err("nothing is written; say why this can wait".to_owned()),
            _ => Ok(()),
        })
    });
    reader.finish(fields);
    reason?;
    let span = first_line(reader.source.text, &node.span);
    Some(Ignore { check: check?, at: at.map(|at| path(&at, severities)), until: until?, span })
}

fn check(reader: &mut Reader<'_>, node: &Node) -> Option<String> {
    let name = reader.text(node, "`check`")?;
    if LINTS.iter().any(|lint| lint.id == name) {
        return Some(name.to_owned());
    }
    let message = match problem::find(name) {
        Some(_) => format!("`{name}` cannot be ignored"),
        None => format!("there is no check `{}`", super::reader::shortened(name)),
    };
    let names = LINTS.iter().map(|lint| lint.id);
    let hint = suggest::did_you_mean(name, names.clone())
        .unwrap_or_else(|| format!("those that can be ignored are {}", names.collect::<Vec<_>>().join(", ")));
    reader.error(&problem::UNKNOWN_CHECK, &node.span, message, Some(hint));
    None
}

/// `targets/SEV-1/contain` as `targets/1/contain`, as definitions are remembered.
fn path(at: &str, severities: &[Severity]) -> String {
    let named = at.strip_prefix("targets/").map(|rest| rest.split_once('/').unwrap_or((rest, "")));
    let severity = named.and_then(|(name, rest)| {
        Some((severities.iter().find(|severity| severity.name.eq_ignore_ascii_case(name))?, rest))
    });
    match severity {
        Some((severity, rest)) => format!("targets/{}/{rest}", severity.rank).trim_end_matches('/').to_owned(),
        None => at.to_owned(),
    }
}
