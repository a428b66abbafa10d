//! Holding statements: words approved in advance, with two fields to fill at night.
//!
//! A statement says what is known to be safe to say; it does not decide who may say it, or when.

use calendar::Instant;

/// The field that says what customers notice.
const IMPACT: &str = "impact";

/// The field that says when they hear next.
const NEXT_UPDATE_AT: &str = "next_update_at";

/// Words approved in advance, with the fields `{impact}` and `{next_update_at}`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Statement {
    parts: Vec<Part>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Part {
    Words(String),
    Impact,
    NextUpdateAt,
}

impl Statement {
    /// Reads a template. Errors read `message; hint`.
    pub fn parse(template: &str) -> Result<Statement, String> {
        let mut parts = Vec::new();
        let mut rest = template;
        while let Some((words, after)) = rest.split_once('{') {
            parts.extend(words_of(words)?);
            let (name, after) =
                after.split_once('}').ok_or("a `{` is not closed; write {impact} and {next_update_at}")?;
            parts.push(match name {
                IMPACT => Part::Impact,
                NEXT_UPDATE_AT => Part::NextUpdateAt,
                _ => {
                    return Err(
                        "it has a field that is not known; the fields are {impact} and {next_update_at}".to_owned()
                    );
                }
            });
            rest = after;
        }
        parts.extend(words_of(rest)?);
        for (part, name) in [(Part::Impact, IMPACT), (Part::NextUpdateAt, NEXT_UPDATE_AT)] {
            match parts.iter().filter(|other| **other == part).count() {
                1 => {}
                0 => return Err(format!("it lacks {{{name}}}; a statement has both fields")),
                _ => return Err(format!("{{{name}}} stands in it twice; write it once")),
            }
        }
        Ok(Statement { parts })
    }

    /// The words with both fields filled. The instant is written in UTC, to the minute, in figures,
    /// so that it reads the same in every language.
    pub fn fill(&self, impact: &str, next_update_at: Instant) -> String {
        let at = next_update_at.timestamp().strftime("%Y-%m-%d %H:%M UTC").to_string();
        let filled = self.parts.iter().map(|part| match part {
            Part::Words(words) => words.as_str(),
            Part::Impact => impact,
            Part::NextUpdateAt => at.as_str(),
        });
        filled.collect()
    }

    /// The words with the names of their fields.
    pub fn template(&self) -> String {
        let shown = self.parts.iter().map(|part| match part {
            Part::Words(words) => words.clone(),
            Part::Impact => format!("{{{IMPACT}}}"),
            Part::NextUpdateAt => format!("{{{NEXT_UPDATE_AT}}}"),
        });
        shown.collect()
    }
}

fn words_of(words: &str) -> Result<Option<Part>, String> {
    if words.contains('}') {
        return Err("a `}` stands alone; write {impact} and {next_update_at}".to_owned());
    }
    Ok((!words.is_empty()).then(|| Part::Words(words.to_owned())))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_fields_are_filled_and_nothing_else() {
        let statement = Statement::parse("We see {impact}. Next news at {next_update_at}.").unwrap();
        let at = Instant::parse("2026-11-23T10:45:59Z").unwrap();
        // What is filled in is not read again.
        assert_eq!(
            statement.fill("{next_update_at} delays", at),
            "We see {next_update_at} delays. Next news at 2026-11-23 10:45 UTC."
        );
        assert_eq!(statement.template(), "We see {impact}. Next news at {next_update_at}.");
        assert_eq!(Statement::parse("{impact}{next_update_at}").unwrap().fill("", at), "2026-11-23 10:45 UTC");
    }

    #[test]
    fn templates_have_exactly_two_fields() {
        for template in [
            "",
            "We know.",
            "{impact}",
            "{next_update_at}",
            "{impact} {impact} {next_update_at}",
            "{impact} {next_update_at} {name}",
            "{impact} {next_update_at",
            "{impact} {next_update_at}}",
            "{ impact } {next_update_at}",
        ] {
            assert!(Statement::parse(template).is_err(), "{template}");
        }
    }
}
