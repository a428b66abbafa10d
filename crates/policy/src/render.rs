//! Diagnostics for people and for programs. It only shows; what is wrong was decided before.

use std::ops::Range;

use annotate_snippets::renderer::DecorStyle;
use annotate_snippets::{Annotation, AnnotationKind, Group, Level as Mark, Renderer, Snippet};
use serde_json::{Value, json};

use crate::diagnostic::{Diagnostic, Level, Source};

/// All diagnostics with the lines that they speak about, and a last line that counts them.
pub fn render(diagnostics: &[Diagnostic], sources: &[Source<'_>], colour: bool) -> String {
    let renderer = if colour { Renderer::styled() } else { Renderer::plain() };
    let renderer = renderer.decor_style(DecorStyle::Ascii);
    let mut text = String::new();
    for diagnostic in diagnostics {
        text.push_str(&renderer.render(&[group(diagnostic, sources)]));
        text.push_str("\n\n");
    }
    text + &summary(diagnostics) + "\n"
}

fn group<'a>(diagnostic: &'a Diagnostic, sources: &[Source<'a>]) -> Group<'a> {
    let mark = match diagnostic.severity {
        Level::Error => Mark::ERROR,
        Level::Warning => Mark::WARNING,
        Level::Note => Mark::NOTE,
    };
    let title = mark.primary_title(clean(&diagnostic.message)).id(diagnostic.code.id);
    let source = sources.iter().find(|source| source.name == diagnostic.file);
    let mut group = match (source, &diagnostic.span) {
        (Some(source), Some(span)) => {
            let related = diagnostic
                .related
                .iter()
                .map(|label| AnnotationKind::Context.span(within(source.text, &label.span)).label(label.text.as_str()));
            let primary: Annotation<'a> = AnnotationKind::Primary.span(within(source.text, span));
            title.element(Snippet::source(source.text).path(source.name).annotation(primary).annotations(related))
        }
        _ => title.element(annotate_snippets::Origin::path(diagnostic.file.as_str())),
    };
    if let Some(hint) = &diagnostic.hint {
        group = group.element(Mark::HELP.message(clean(hint)));
    }
    group
}

/// Text from a document, without characters that a terminal would act on.
fn clean(text: &str) -> String {
    annotate_snippets::normalize_untrusted_str(text)
}

/// A place that surely lies within the text, at the borders of characters.
fn within(text: &str, span: &Range<usize>) -> Range<usize> {
    let start = text.floor_char_boundary(span.start.min(text.len()));
    start..text.ceil_char_boundary(span.end.clamp(start, text.len()))
}

/// Such as `2 errors, 1 warning`.
fn summary(diagnostics: &[Diagnostic]) -> String {
    let counted = [Level::Error, Level::Warning, Level::Note].map(|level| {
        let count = diagnostics.iter().filter(|diagnostic| diagnostic.severity == level).count();
        let plural = if count == 1 { "" } else { "s" };
        (count, format!("{count} {}{plural}", level.word()))
    });
    let shown: Vec<String> = counted.into_iter().filter(|(count, _)| *count > 0).map(|(_, text)| text).collect();
    if shown.is_empty() { "no problems found".to_owned() } else { shown.join(", ") }
}

/// The same as stable JSON: an array of objects with `code`, `level`, `file`, `line`, `column`
/// (both from 1, columns in characters; null without a place), `message`, `hint`, and `help`, the
/// page about this code.
pub fn to_json(diagnostics: &[Diagnostic], sources: &[Source<'_>]) -> Value {
    let one = |diagnostic: &Diagnostic| {
        let source = sources.iter().find(|source| source.name == diagnostic.file);
        let place = source.zip(diagnostic.span.as_ref()).map(|(source, span)| line_and_column(source.text, span.start));
        json!({
            "code": diagnostic.code.id,
            "level": diagnostic.severity.word(),
            "file": diagnostic.file,
            "line": place.map(|(line, _)| line),
            "column": place.map(|(_, column)| column),
            "message": diagnostic.message,
            "hint": diagnostic.hint,
            "help": format!("docs/errors/{}.md", diagnostic.code.id),
        })
    };
    Value::Array(diagnostics.iter().map(one).collect())
}

pub(crate) fn line_and_column(text: &str, at: usize) -> (usize, usize) {
    let before = &text[..text.floor_char_boundary(at.min(text.len()))];
    let line_start = before.rfind('\n').map_or(0, |newline| newline + 1);
    (before.matches('\n').count() + 1, before[line_start..].chars().count() + 1)
}
