//! Tokens to a tree with places: the grammar, without any knowledge of fields or types.

use std::ops::Range;

use super::lexer::{self, Spanned, Token};
use super::{ConditionError, MAX_DEPTH, MAX_LENGTH_BYTES};

/// A part of a condition and its place.
#[derive(Clone, Debug)]
pub(super) struct Node {
    pub(super) kind: Kind,
    pub(super) span: Range<usize>,
}

/// What a part is.
#[derive(Clone, Debug)]
pub(super) enum Kind {
    Text(String),
    Number(f64),
    Bool(bool),
    List(Vec<Node>),
    /// `signal.labels["x"].y`
    Path(Vec<Segment>),
    Not(Box<Node>),
    All(Vec<Node>),
    Any(Vec<Node>),
    Compare(Comparison, Box<Node>, Box<Node>),
    In(Box<Node>, Box<Node>),
    Has(Box<Node>),
    StartsWith(Box<Node>, Box<Node>),
}

/// One name of a path.
#[derive(Clone, Debug)]
pub(super) struct Segment {
    pub(super) name: String,
    /// Written `["name"]` instead of `.name`.
    pub(super) index: bool,
}

/// A comparison.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Comparison {
    Eq,
    Ne,
    Lt,
    Le,
    Gt,
    Ge,
}

const COMPARISONS: &[(&str, Comparison)] = &[
    ("==", Comparison::Eq),
    ("!=", Comparison::Ne),
    ("<", Comparison::Lt),
    ("<=", Comparison::Le),
    (">", Comparison::Gt),
    (">=", Comparison::Ge),
];

impl Comparison {
    pub(super) fn sign(self) -> &'static str {
        COMPARISONS.iter().find(|(_, known)| *known == self).map_or("==", |(sign, _)| sign)
    }
}

/// The tree of a condition.
pub(super) fn parse(text: &str) -> Result<Node, ConditionError> {
    if text.len() > MAX_LENGTH_BYTES {
        let message = format!("the condition has {} bytes; at most {MAX_LENGTH_BYTES} are allowed", text.len());
        let hint = Some("split it into several triggers that raise the same class".to_owned());
        return Err(ConditionError { span: 0..text.len(), code: &problem::CONDITION_LIMIT, message, hint });
    }
    let mut parser = Parser { tokens: lexer::tokens(text)?, next: 0, depth: 0 };
    let node = parser.any()?;
    match parser.peek() {
        Token::End => Ok(node),
        _ => Err(parser.unexpected("an operator such as && or ||")),
    }
}

/// A condition that breaks the grammar at `span`.
pub(super) fn syntax(span: Range<usize>, message: impl Into<String>, hint: Option<String>) -> ConditionError {
    ConditionError { span, code: &problem::CONDITION_SYNTAX, message: message.into(), hint }
}

struct Parser {
    tokens: Vec<Spanned>,
    next: usize,
    depth: usize,
}

impl Parser {
    fn any(&mut self) -> Result<Node, ConditionError> {
        let first = self.all()?;
        let nodes = self.chain(first, "||", Parser::all)?;
        Ok(joined(nodes, Kind::Any))
    }

    fn all(&mut self) -> Result<Node, ConditionError> {
        let first = self.relation()?;
        let nodes = self.chain(first, "&&", Parser::relation)?;
        Ok(joined(nodes, Kind::All))
    }

    fn chain(
        &mut self,
        first: Node,
        sign: &'static str,
        operand: fn(&mut Parser) -> Result<Node, ConditionError>,
    ) -> Result<Vec<Node>, ConditionError> {
        let mut nodes = vec![first];
        while self.eat(sign) {
            nodes.push(operand(self)?);
        }
        Ok(nodes)
    }

    fn relation(&mut self) -> Result<Node, ConditionError> {
        let mut left = self.unary()?;
        let mut length = 0;
        loop {
            let comparison = COMPARISONS.iter().find(|(sign, _)| *self.peek() == Token::Sign(sign)).map(|(_, c)| *c);
            let is_in = *self.peek() == Token::Name("in".to_owned());
            if comparison.is_none() && !is_in {
                return Ok(left);
            }
            length += 1;
            if length > MAX_DEPTH {
                return Err(self.too_deep());
            }
            self.next += 1;
            let right = self.unary()?;
            let span = left.span.start..right.span.end;
            let (left_box, right_box) = (Box::new(left), Box::new(right));
            let kind = match comparison {
                Some(comparison) => Kind::Compare(comparison, left_box, right_box),
                None => Kind::In(left_box, right_box),
            };
            left = Node { kind, span };
        }
    }

    fn unary(&mut self) -> Result<Node, ConditionError> {
        let start = self.span().start;
        if self.eat("!") {
            let operand = self.nested(Parser::unary)?;
            let span = start..operand.span.end;
            return Ok(Node { kind: Kind::Not(Box::new(operand)), span });
        }
        if self.eat("-") {
            return match self.peek().clone() {
                Token::Number(value) => {
                    let end = self.span().end;
                    self.next += 1;
                    Ok(Node { kind: Kind::Number(-value), span: start..end })
                }
                _ => Err(self.unexpected("a number after -")),
            };
        }
        self.primary()
    }

    fn primary(&mut self) -> Result<Node, ConditionError> {
        let span = self.span();
        let kind = match self.peek().clone() {
            Token::Text(value) => Kind::Text(value),
            Token::Number(value) => Kind::Number(value),
            Token::Name(name) if name == "true" || name == "false" => Kind::Bool(name == "true"),
            Token::Name(name) if name == "in" => return Err(self.unexpected("a field or a value")),
            Token::Name(name) => {
                self.next += 1;
                return match (name.as_str(), self.peek()) {
                    ("has", Token::Sign("(")) => self.has(span.start),
                    (_, Token::Sign("(")) => Err(self.unknown_call(&name, span)),
                    _ => self.path(name, span),
                };
            }
            Token::Sign("(") => {
                self.next += 1;
                let mut node = self.nested(Parser::any)?;
                node.span = span.start..self.expect(")")?.end;
                return Ok(node);
            }
            Token::Sign("[") => return self.list(),
            _ => return Err(self.unexpected("a field or a value")),
        };
        self.next += 1;
        Ok(Node { kind, span })
    }

    fn list(&mut self) -> Result<Node, ConditionError> {
        let start = self.expect("[")?.start;
        let mut items = Vec::new();
        while *self.peek() != Token::Sign("]") {
            items.push(self.nested(Parser::unary)?);
            if !self.eat(",") {
                break;
            }
        }
        let end = self.expect("]")?.end;
        Ok(Node { kind: Kind::List(items), span: start..end })
    }

    fn has(&mut self, start: usize) -> Result<Node, ConditionError> {
        self.expect("(")?;
        let operand = self.nested(Parser::any)?;
        let end = self.expect(")")?.end;
        Ok(Node { kind: Kind::Has(Box::new(operand)), span: start..end })
    }

    /// The rest of a path whose first name has been read; maybe with `.startsWith(…)`.
    fn path(&mut self, first: String, mut span: Range<usize>) -> Result<Node, ConditionError> {
        let mut segments = vec![Segment { name: first, index: false }];
        loop {
            if self.eat(".") {
                let place = self.span();
                let Token::Name(name) = self.peek().clone() else {
                    return Err(self.unexpected("a name after the dot"));
                };
                self.next += 1;
                if *self.peek() == Token::Sign("(") {
                    let subject = Node { kind: Kind::Path(segments), span };
                    return if name == "startsWith" {
                        self.starts_with(subject)
                    } else {
                        Err(self.unknown_call(&name, place))
                    };
                }
                span.end = place.end;
                segments.push(Segment { name, index: false });
            } else if self.eat("[") {
                let Token::Text(name) = self.peek().clone() else {
                    return Err(self.unexpected("a name in quotes"));
                };
                self.next += 1;
                span.end = self.expect("]")?.end;
                segments.push(Segment { name, index: true });
            } else {
                return Ok(Node { kind: Kind::Path(segments), span });
            }
        }
    }

    fn starts_with(&mut self, subject: Node) -> Result<Node, ConditionError> {
        self.expect("(")?;
        let prefix = self.nested(Parser::any)?;
        let end = self.expect(")")?.end;
        let span = subject.span.start..end;
        Ok(Node { kind: Kind::StartsWith(Box::new(subject), Box::new(prefix)), span })
    }

    /// One level deeper, within [`MAX_DEPTH`].
    fn nested(&mut self, inner: fn(&mut Parser) -> Result<Node, ConditionError>) -> Result<Node, ConditionError> {
        if self.depth >= MAX_DEPTH {
            return Err(self.too_deep());
        }
        self.depth += 1;
        let node = inner(self);
        self.depth -= 1;
        node
    }

    fn peek(&self) -> &Token {
        &self.tokens[self.next.min(self.tokens.len() - 1)].0
    }

    fn span(&self) -> Range<usize> {
        self.tokens[self.next.min(self.tokens.len() - 1)].1.clone()
    }

    fn eat(&mut self, sign: &'static str) -> bool {
        let eaten = *self.peek() == Token::Sign(sign);
        self.next += usize::from(eaten);
        eaten
    }

    fn expect(&mut self, sign: &'static str) -> Result<Range<usize>, ConditionError> {
        let span = self.span();
        if self.eat(sign) { Ok(span) } else { Err(self.unexpected(&format!("`{sign}`"))) }
    }

    fn too_deep(&self) -> ConditionError {
        ConditionError {
            span: self.span(),
            code: &problem::CONDITION_LIMIT,
            message: format!("the condition is nested more than {MAX_DEPTH} levels deep"),
            hint: Some("remove parentheses, or split it into several triggers".to_owned()),
        }
    }

    fn unknown_call(&self, name: &str, span: Range<usize>) -> ConditionError {
        let hint = crate::suggest::did_you_mean(name, ["startsWith", "has"])
            .unwrap_or_else(|| "the functions are has(signal.label) and signal.metric.startsWith(\"x\")".to_owned());
        syntax(span, format!("`{name}` is not a function of conditions"), Some(hint))
    }

    fn unexpected(&self, expected: &str) -> ConditionError {
        let found = match self.peek() {
            Token::End => "the condition ends".to_owned(),
            Token::Name(name) => format!("`{name}` stands"),
            Token::Text(_) => "a text stands".to_owned(),
            Token::Number(_) => "a number stands".to_owned(),
            Token::Sign(sign) => format!("`{sign}` stands"),
        };
        let hint = match self.peek() {
            Token::Sign("=") => Some("compare with =="),
            Token::Sign("&") => Some("write && for and"),
            Token::Sign("|") => Some("write || for or"),
            Token::Sign("+" | "-" | "*" | "/" | "%") => Some("conditions compare; they do not calculate"),
            Token::Sign("?") => Some("write a ? b : c as (a && b) || (!a && c)"),
            Token::Name(name) if name.eq_ignore_ascii_case("and") => Some("write && for and"),
            Token::Name(name) if name.eq_ignore_ascii_case("or") => Some("write || for or"),
            Token::Name(name) if name.eq_ignore_ascii_case("not") => Some("write ! for not"),
            _ => None,
        };
        syntax(self.span(), format!("{found} where {expected} is expected"), hint.map(str::to_owned))
    }
}

fn joined(mut nodes: Vec<Node>, kind: fn(Vec<Node>) -> Kind) -> Node {
    if nodes.len() == 1 {
        return nodes.remove(0);
    }
    let span = nodes[0].span.start..nodes[nodes.len() - 1].span.end;
    Node { kind: kind(nodes), span }
}
