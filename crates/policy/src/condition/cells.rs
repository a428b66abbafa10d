//! Whether any signal satisfies some conditions and fails others, and which one does.
//!
//! A condition of the fragment can only tell apart finitely many signals: for each field it sees
//! the written literals, the gaps between them, and absence. One signal stands for each such cell.
//! Cells are tried field by field, and left out as soon as the fields known so far decide. Nothing
//! is sampled: where two fields are compared with each other, or there are too many cells, the
//! answer is [`Search::Undecided`] unless a signal was found.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use super::Condition;
use super::eval::{Expr, Number, Text};
use super::field::{self, Field, Fields, FlagField, NumberField, TextField, TextPlace};
use super::parser::Comparison;

/// Cells looked at before giving up: some hundredths of a second.
const MAX_CELLS: usize = 50_000;

/// A signal that stands for its cell: only the fields that the conditions ask for.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Cell {
    texts: BTreeMap<TextPlace, Option<String>>,
    number: Option<Option<f64>>,
    flag: Option<bool>,
}

/// What a search found.
#[derive(Clone, Debug, PartialEq)]
pub enum Search {
    /// Such a signal.
    Found(Cell),
    /// There is none.
    Impossible,
    /// Neither could be shown.
    Undecided,
}

/// A signal for which all of `holding` hold and none of `failing` does.
pub fn search(holding: &[&Condition], failing: &[&Condition]) -> Search {
    let exprs: Vec<(&Expr, bool)> =
        holding.iter().map(|c| (&c.expr, true)).chain(failing.iter().map(|c| (&c.expr, false))).collect();
    let mut mentioned = Mentioned::default();
    exprs.iter().for_each(|(expr, _)| mentioned.visit(expr));
    let mut walk = Walk { exprs, fields: mentioned.fields(), visited: 0 };
    match walk.from(0, &mut Cell::default()) {
        Some(cell) => Search::Found(cell),
        None if walk.visited > MAX_CELLS || mentioned.between_fields => Search::Undecided,
        None => Search::Impossible,
    }
}

impl Condition {
    /// Whether some signal satisfies it.
    pub fn satisfied_by(&self) -> Search {
        search(&[self], &[])
    }
}

/// The values that are tried of one field.
enum Values {
    Text(TextPlace, Vec<Option<String>>),
    Number(Vec<Option<f64>>),
    Flag,
}

struct Walk<'a> {
    exprs: Vec<(&'a Expr, bool)>,
    fields: Vec<Values>,
    visited: usize,
}

impl Walk<'_> {
    fn from(&mut self, depth: usize, cell: &mut Cell) -> Option<Cell> {
        self.visited += 1;
        if self.visited > MAX_CELLS || !cell.is_possible() {
            return None;
        }
        let mut open = false;
        for (expr, wanted) in &self.exprs {
            match holds(expr, cell) {
                Some(holds) if holds != *wanted => return None,
                Some(_) => {}
                None => open = true,
            }
        }
        if !open {
            return Some(cell.clone());
        }
        let count = match self.fields.get(depth)? {
            Values::Text(_, values) => values.len(),
            Values::Number(values) => values.len(),
            Values::Flag => 2,
        };
        for choice in 0..count {
            let mut next = cell.clone();
            match &self.fields[depth] {
                Values::Text(place, values) => {
                    next.texts.insert(place.clone(), values[choice].clone());
                }
                Values::Number(values) => next.number = Some(values[choice]),
                Values::Flag => next.flag = Some(choice == 1),
            }
            if let Some(found) = self.from(depth + 1, &mut next) {
                return Some(found);
            }
        }
        None
    }
}

/// What is known of an expression from the fields known so far, after Kleene.
fn holds(expr: &Expr, cell: &Cell) -> Option<bool> {
    let among = |parts: &[Expr], decides: bool| {
        let mut open = false;
        for part in parts {
            match holds(part, cell) {
                Some(value) if value == decides => return Some(decides),
                Some(_) => {}
                None => open = true,
            }
        }
        (!open).then_some(!decides)
    };
    match expr {
        Expr::Not(inner) => holds(inner, cell).map(|value| !value),
        Expr::All(parts) => among(parts, false),
        Expr::Any(parts) => among(parts, true),
        Expr::Truth(comparison, left, right) => {
            let same = holds(left, cell)? == holds(right, cell)?;
            Some(same == (*comparison == Comparison::Eq))
        }
        _ => cell.knows(expr).then(|| expr.holds(cell)),
    }
}

impl Cell {
    /// A signal always has its source, metric and service; a unit and an evaluator come whole.
    fn is_possible(&self) -> bool {
        let known = |field| self.texts.get(&TextPlace::Field(field)).map(Option::is_some);
        let unit = [TextField::UnitKind, TextField::UnitId].map(known);
        let parted = matches!(unit, [Some(kind), Some(id)] if kind != id);
        let nameless = known(TextField::EvaluatorKind) == Some(false);
        let further = [TextField::EvaluatorName, TextField::EvaluatorVersion].map(known);
        !(parted || nameless && further.contains(&Some(true)))
    }

    fn knows(&self, expr: &Expr) -> bool {
        let text = |text: &Text| text.place().is_none_or(|place| self.texts.contains_key(&place));
        let number = |number: &Number| matches!(number, Number::Literal(_)) || self.number.is_some();
        match expr {
            Expr::Flag(_) => self.flag.is_some(),
            Expr::Has(Field::Text(field)) => self.texts.contains_key(&TextPlace::Field(*field)),
            Expr::Has(Field::Label(name)) => self.texts.contains_key(&TextPlace::Label(name.clone())),
            Expr::Has(Field::Number(_)) => self.number.is_some(),
            Expr::Texts(_, left, right) | Expr::StartsWith(left, right) => text(left) && text(right),
            Expr::Numbers(_, left, right) => number(left) && number(right),
            Expr::TextIn(one, _) => text(one),
            Expr::NumberIn(one, _) => number(one),
            _ => true,
        }
    }
}

impl Fields for Cell {
    fn text(&self, field: TextField) -> Option<&str> {
        self.texts.get(&TextPlace::Field(field))?.as_deref()
    }

    fn number(&self, _: NumberField) -> Option<f64> {
        self.number?
    }

    fn flag(&self, _: FlagField) -> bool {
        self.flag.unwrap_or(false)
    }

    fn label(&self, name: &str) -> Option<&str> {
        self.texts.get(&TextPlace::Label(name.to_owned()))?.as_deref()
    }
}

/// Such as `signal.metric = "pii_leak", no signal.label`.
impl fmt::Display for Cell {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let texts = self.texts.iter().map(|(place, value)| {
            let path = field::path(&match place {
                TextPlace::Field(field) => Field::Text(*field),
                TextPlace::Label(name) => Field::Label(name.clone()),
            });
            match value {
                Some(value) => format!("{path} = {}", super::print::quoted(value)),
                None => format!("no {path}"),
            }
        });
        let number = self.number.map(|number| match number {
            Some(value) => format!("signal.value = {value}"),
            None => "no signal.value".to_owned(),
        });
        let flag = self.flag.map(|late| if late { "late" } else { "not late" }.to_owned());
        let parts: Vec<String> = texts.chain(number).chain(flag).collect();
        if parts.is_empty() { f.write_str("any signal") } else { f.write_str(&parts.join(", ")) }
    }
}

/// Everything that conditions compare fields with.
#[derive(Default)]
struct Mentioned {
    texts: BTreeMap<TextPlace, BTreeSet<String>>,
    numbers: Option<Vec<f64>>,
    flag: bool,
    /// Two fields are compared with each other, which cells do not tell apart.
    between_fields: bool,
}

impl Mentioned {
    fn visit(&mut self, expr: &Expr) {
        match expr {
            Expr::Constant(_) | Expr::Has(Field::Flag(_)) => {}
            Expr::Flag(_) => self.flag = true,
            Expr::Has(Field::Text(field)) => self.text(TextPlace::Field(*field), &[]),
            Expr::Has(Field::Label(name)) => self.text(TextPlace::Label(name.clone()), &[]),
            Expr::Has(Field::Number(_)) => self.number(&[]),
            Expr::Not(inner) => self.visit(inner),
            Expr::All(parts) | Expr::Any(parts) => parts.iter().for_each(|part| self.visit(part)),
            Expr::Truth(_, left, right) => {
                self.visit(left);
                self.visit(right);
            }
            Expr::Texts(_, left, right) => self.texts(left, right, false),
            Expr::StartsWith(left, right) => self.texts(left, right, true),
            Expr::Numbers(_, Number::Literal(value), Number::Field(_))
            | Expr::Numbers(_, Number::Field(_), Number::Literal(value)) => self.number(&[*value]),
            // There is one number: compared with itself it is equal, or absent.
            Expr::Numbers(_, Number::Field(_), Number::Field(_)) => self.number(&[]),
            Expr::Numbers(_, Number::Literal(_), Number::Literal(_)) => {}
            Expr::TextIn(text, list) => {
                if let Some(place) = text.place() {
                    self.text(place, &list.iter().map(String::as_str).collect::<Vec<_>>());
                }
            }
            Expr::NumberIn(Number::Field(_), list) => self.number(list),
            Expr::NumberIn(Number::Literal(_), _) => {}
        }
    }

    fn texts(&mut self, left: &Text, right: &Text, prefix: bool) {
        match (left, right) {
            (Text::Literal(_), Text::Literal(_)) => {}
            (field, Text::Literal(text)) => {
                // Texts with a prefix lie between it and the first text after all of them.
                let end = prefix.then(|| after_prefix(text)).flatten();
                let literals: Vec<&str> = [Some(text.as_str()), end.as_deref()].into_iter().flatten().collect();
                field.place().into_iter().for_each(|place| self.text(place, &literals));
            }
            (Text::Literal(text), field) if !prefix => {
                field.place().into_iter().for_each(|place| self.text(place, &[text]));
            }
            (left, right) => {
                self.between_fields = true;
                for place in [left, right].into_iter().filter_map(Text::place) {
                    self.text(place, &[]);
                }
            }
        }
    }

    fn text(&mut self, place: TextPlace, literals: &[&str]) {
        self.texts.entry(place).or_default().extend(literals.iter().map(|text| (*text).to_owned()));
    }

    fn number(&mut self, literals: &[f64]) {
        self.numbers.get_or_insert_default().extend(literals);
    }

    /// The fields with their values, those with the fewest first.
    fn fields(&self) -> Vec<Values> {
        let texts = self.texts.iter().map(|(place, literals)| Values::Text(place.clone(), texts(place, literals)));
        let numbers = self.numbers.as_ref().map(|literals| Values::Number(numbers(literals)));
        texts.chain(numbers).chain(self.flag.then_some(Values::Flag)).collect()
    }
}

/// Absence, the literals, and one text for each gap between them.
fn texts(place: &TextPlace, literals: &BTreeSet<String>) -> Vec<Option<String>> {
    let mut values: BTreeSet<String> = literals.clone();
    values.insert(String::new());
    let next = |text: &String| {
        literals.range::<String, _>((std::ops::Bound::Excluded(text), std::ops::Bound::Unbounded)).next()
    };
    let start = String::new();
    for lower in literals.iter().chain([&start]) {
        let upper = next(lower).filter(|upper| *upper > lower);
        let inside = |text: &String| text > lower && upper.is_none_or(|upper| text < upper);
        // The last of them is the very next text: where it does not fit, there is no gap.
        let candidates = ["other".to_owned(), format!("{lower}-other"), format!("{lower}\0")];
        values.extend(candidates.into_iter().find(inside));
    }
    let always = [TextField::Source, TextField::Metric, TextField::Service].map(TextPlace::Field);
    if always.contains(place) {
        // They are never absent and never empty.
        return values.into_iter().filter(|text| !text.is_empty()).map(Some).collect();
    }
    [None].into_iter().chain(values.into_iter().map(Some)).collect()
}

/// Absence, the literals, and one number for each gap between them.
fn numbers(literals: &[f64]) -> Vec<Option<f64>> {
    let mut sorted = literals.to_vec();
    sorted.sort_by(f64::total_cmp);
    sorted.dedup();
    let mut values = vec![None, Some(sorted.first().map_or(0.0, |lowest| lowest - 1.0))];
    for (i, value) in sorted.iter().enumerate() {
        let gap = sorted.get(i + 1).map_or(value + 1.0, |next| value / 2.0 + next / 2.0);
        values.extend([Some(*value), Some(gap)]);
    }
    values
}

/// The first text after all those with a prefix; none where nothing comes after them.
fn after_prefix(prefix: &str) -> Option<String> {
    let mut letters: Vec<char> = prefix.chars().collect();
    while let Some(last) = letters.pop() {
        let next = (u32::from(last) + 1..=u32::from(char::MAX)).find_map(char::from_u32);
        if let Some(next) = next {
            letters.push(next);
            return Some(letters.into_iter().collect());
        }
    }
    None
}
