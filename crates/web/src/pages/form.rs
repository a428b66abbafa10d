//! Forms as data: an action with its fields, drawn once, kept as typed when it is refused.
//!
//! It knows no command; `actions` says which exist, and `submit` reads what was sent.

use std::collections::BTreeMap;

use maud::{Markup, html};
use problem::Problem;
use wcore::command::MAX_TEXT;

use super::{glyph, words};

/// What a field takes.
pub(crate) enum Input {
    /// One line of at most so many characters.
    Line(usize),
    /// Several lines.
    Area,
    /// One of these: value and words.
    Choice(Vec<(String, String)>),
    /// An instant; empty means now. Without the script it is UTC.
    Time,
    /// A box that must be ticked.
    Check,
    /// Fixed by the page.
    Hidden,
}

/// One field.
pub(crate) struct Field {
    pub(crate) name: &'static str,
    pub(crate) label: String,
    pub(crate) hint: Option<String>,
    pub(crate) required: bool,
    pub(crate) value: String,
    pub(crate) input: Input,
}

impl Field {
    /// A required field.
    pub(crate) fn new(name: &'static str, label: impl Into<String>, input: Input) -> Field {
        Field { name, label: label.into(), hint: None, required: true, value: String::new(), input }
    }

    /// A value that the page fixes.
    pub(crate) fn hidden(name: &'static str, value: impl Into<String>) -> Field {
        Field::new(name, "", Input::Hidden).value(value)
    }

    pub(crate) fn optional(mut self) -> Field {
        self.required = false;
        self
    }

    pub(crate) fn hint(mut self, hint: impl Into<String>) -> Field {
        self.hint = Some(hint.into());
        self
    }

    pub(crate) fn value(mut self, value: impl Into<String>) -> Field {
        self.value = value.into();
        self
    }
}

/// A button that sends the form, perhaps with an answer of its own.
pub(crate) struct Button {
    pub(crate) label: String,
    /// Name and value that it adds.
    pub(crate) answer: Option<(&'static str, &'static str)>,
    pub(crate) primary: bool,
}

/// Words that a form would publish, with the names of their fields.
pub(crate) struct Preview {
    /// Audiences that would read them.
    pub(crate) readers: Vec<String>,
    /// Their language, as the policy names it.
    pub(crate) language: String,
    /// The words.
    pub(crate) text: String,
}

/// Something that can be done, and what it asks for.
pub(crate) struct Action {
    /// The last part of its path.
    pub(crate) word: &'static str,
    /// Heading.
    pub(crate) title: String,
    /// What it does, in a sentence.
    pub(crate) help: String,
    /// The single key that opens it.
    pub(crate) key: Option<&'static str>,
    /// Shown above the fields.
    pub(crate) previews: Vec<Preview>,
    pub(crate) fields: Vec<Field>,
    pub(crate) buttons: Vec<Button>,
}

impl Action {
    /// An action with one button.
    pub(crate) fn new(word: &'static str, title: impl Into<String>, button: impl Into<String>) -> Action {
        let button = Button { label: button.into(), answer: None, primary: true };
        Action {
            word,
            title: title.into(),
            help: String::new(),
            key: None,
            previews: Vec::new(),
            fields: Vec::new(),
            buttons: vec![button],
        }
    }

    pub(crate) fn help(mut self, help: impl Into<String>) -> Action {
        self.help = help.into();
        self
    }

    pub(crate) fn key(mut self, key: &'static str) -> Action {
        self.key = Some(key);
        self
    }

    pub(crate) fn field(mut self, field: Field) -> Action {
        self.fields.push(field);
        self
    }

    pub(crate) fn previews(mut self, previews: Vec<Preview>) -> Action {
        self.previews = previews;
        self
    }

    /// Answers by several buttons in place of the one.
    pub(crate) fn buttons(mut self, buttons: Vec<Button>) -> Action {
        self.buttons = buttons;
        self
    }
}

/// A form that was refused: what was typed, and why.
pub(crate) struct Attempt {
    /// The last part of the path it was sent to.
    pub(crate) word: String,
    /// What was typed, by field.
    pub(crate) fields: BTreeMap<String, String>,
    /// Why it was refused.
    pub(crate) problem: Problem,
}

impl Attempt {
    /// Whether it was this action with these fixed values.
    pub(crate) fn is(&self, action: &Action) -> bool {
        let fixed = |field: &Field| {
            !matches!(field.input, Input::Hidden)
                || self.fields.get(field.name).is_some_and(|sent| *sent == field.value)
        };
        self.word == action.word && action.fields.iter().all(fixed)
    }
}

/// Where a form goes, and what it carries besides its fields.
pub(crate) struct Target<'a> {
    /// Path without the action's word; the path itself where the action has none.
    pub(crate) path: &'a str,
    /// Random text: sent twice is done once.
    pub(crate) once: &'a str,
    /// Makes the ids of this form's elements unique on its page.
    pub(crate) id: &'a str,
}

/// The form, with the refusal of its last attempt.
pub(crate) fn form(action: &Action, target: &Target<'_>, attempt: Option<&Attempt>) -> Markup {
    let attempt = attempt.filter(|attempt| attempt.is(action));
    let path = if action.word.is_empty() { target.path.to_owned() } else { format!("{}/{}", target.path, action.word) };
    html! {
        form.fields #{ (target.id) "-form" } method="post" action=(path) data-dirty[attempt.is_some()] {
            @if let Some(attempt) = attempt { (refusal(&attempt.problem)) }
            input type="hidden" name="once" value=(target.once);
            @for preview in &action.previews { (shown(preview)) }
            @for field in &action.fields {
                @let typed = attempt.and_then(|attempt| attempt.fields.get(field.name));
                (control(field, target.id, typed.unwrap_or(&field.value)))
            }
            div.form-buttons {
                @for button in &action.buttons {
                    button.button.primary[button.primary] type="submit"
                        name=[button.answer.map(|(name, _)| name)] value=[button.answer.map(|(_, value)| value)]
                        { (button.label) }
                }
            }
        }
    }
}

fn shown(preview: &Preview) -> Markup {
    html! {
        figure.preview {
            figcaption.hint { "To " (words::list(&preview.readers)) ", in " code { (preview.language) } }
            blockquote.quote lang=(preview.language) dir="auto" { (preview.text) }
        }
    }
}

/// What a ticked box sends.
pub(crate) const TICKED: &str = "yes";

fn tick(field: &Field, id: &str, value: &str) -> Markup {
    html! {
        label.switch for=(id) {
            input type="checkbox" id=(id) name=(field.name) value=(TICKED) checked[value == TICKED] required[field.required];
            span { (field.label) }
        }
    }
}

fn control(field: &Field, form: &str, value: &str) -> Markup {
    let id = format!("{form}-{}", field.name);
    let hint_id = field.hint.as_ref().map(|_| format!("{id}-hint"));
    if matches!(field.input, Input::Hidden) {
        return html! { input type="hidden" name=(field.name) value=(value); };
    }
    if matches!(field.input, Input::Check) {
        return tick(field, &id, value);
    }
    html! {
        div.field {
            label for=(id) { (field.label) @if !field.required { span.dim { " (optional)" } } }
            @if let (Some(hint), Some(hint_id)) = (&field.hint, &hint_id) { p.hint id=(hint_id) { (hint) } }
            @match &field.input {
                Input::Line(max) => {
                    input type="text" id=(id) name=(field.name) value=(value) maxlength=(max) required[field.required]
                        aria-describedby=[hint_id] autocomplete="off";
                },
                Input::Area => {
                    textarea id=(id) name=(field.name) rows="3" maxlength=(MAX_TEXT) required[field.required]
                        aria-describedby=[hint_id] { (value) }
                },
                Input::Choice(choices) => {
                    select id=(id) name=(field.name) required[field.required] aria-describedby=[hint_id] {
                        @for (choice, words) in choices { option value=(choice) selected[choice == value] { (words) } }
                    }
                },
                Input::Time => {
                    input type="datetime-local" step="1" id=(id) name=(field.name) value=(value) required[field.required]
                        aria-describedby=[hint_id] data-utc;
                    span.zone { "UTC" }
                },
                Input::Check | Input::Hidden => {},
            }
        }
    }
}

/// A refusal, at the form that caused it.
pub(crate) fn refusal(problem: &Problem) -> Markup {
    html! {
        div.refusal role="alert" tabindex="-1" data-focus {
            p { (glyph::mark(glyph::Mark::Alert)) strong { (sentence(problem.code.title)) } }
            p { (sentence(&problem.detail)) }
            p { (problem.code.remedy) }
            p { a href={ "/docs/errors/" (problem.code.id) } { "About " code { (problem.code.id) } } }
        }
    }
}

/// Whether some markup shows a refusal. Written text cannot hold a tag, so that this finds ours.
pub(crate) fn tells_refusal(markup: &Markup) -> bool {
    markup.0.contains("<div class=\"refusal\"")
}

/// The text with a capital and a full stop: codes and details are written without.
pub(crate) fn sentence(text: &str) -> String {
    let mut chars = text.chars();
    let capital: String = match chars.next() {
        Some('`') | None => return format!("{text}."),
        Some(first) => first.to_uppercase().chain(chars).collect(),
    };
    if capital.ends_with(['.', '!', '?']) { capital } else { format!("{capital}.") }
}
