//! What generated entities look like, read from a data file.

use super::Word;
use crate::schema::{Kind, Mistake, lines};
use crate::tables::sound;

const DATA: &str = include_str!("../../data/entities.list");

/// An entity that a module may have.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Template {
    Static {
        name: &'static str,
        labels: Vec<&'static str>,
    },
    Ordinary {
        name: &'static str,
        attributes: Vec<(&'static str, Type)>,
    },
}

/// What an attribute of a template holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Type {
    /// A record of another entity of the module.
    Entity(&'static str),
    /// A user of the platform.
    User,
    Word(Word),
}

impl Template {
    pub(crate) fn name(&self) -> &'static str {
        match self {
            Self::Static { name, .. } | Self::Ordinary { name, .. } => name,
        }
    }
}

pub(crate) fn all() -> Vec<Template> {
    lines(DATA).filter_map(|line| sound(parse(line))).collect()
}

fn parse(line: &'static str) -> Result<Template, Mistake> {
    let wrong = || Mistake(format!("not an entity: `{line}`"));
    let (name, rest) = line.split_once(": ").ok_or_else(wrong)?;
    if let Some(name) = name.strip_prefix("static ") {
        let labels = rest.split(", ").collect();
        return Ok(Template::Static { name, labels });
    }
    let attributes = rest
        .split(", ")
        .map(|text| {
            let (name, kind) = text.split_once('=')?;
            Some((name, parse_type(kind)?))
        })
        .collect::<Option<_>>()
        .ok_or_else(wrong)?;
    Ok(Template::Ordinary { name, attributes })
}

fn parse_type(text: &'static str) -> Option<Type> {
    if let Some(entity) = text.strip_prefix('@') {
        return Some(Type::Entity(entity));
    }
    Some(match text {
        "user" => Type::User,
        "company" => Type::Word(Word::Company),
        "person" => Type::Word(Word::Person),
        "email" => Type::Word(Word::Email),
        "phone" => Type::Word(Word::Phone),
        "street" => Type::Word(Word::Street),
        "city" => Type::Word(Word::City),
        "url" => Type::Word(Word::Url),
        "code" => Type::Word(Word::Code),
        "words" => Type::Word(Word::Words),
        "sentence" => Type::Word(Word::Sentence),
        "paragraph" => Type::Word(Word::Paragraph),
        "amount" => Type::Word(Word::Amount),
        "count" => Type::Word(Word::Count),
        "flag" => Type::Word(Word::Flag),
        "when" => Type::Word(Word::When),
        "guid" => Type::Word(Word::Guid),
        "binary" => Type::Word(Word::Binary),
        _ => return None,
    })
}

impl Word {
    /// The column that holds it.
    pub(crate) fn kind(self) -> Kind {
        match self {
            Self::Company | Self::Person | Self::Words | Self::Street => Kind::Text(Some(150)),
            Self::Email => Kind::Text(Some(250)),
            Self::Phone => Kind::Text(Some(20)),
            Self::City => Kind::Text(Some(50)),
            Self::Url => Kind::Text(Some(500)),
            Self::Code => Kind::Text(Some(20)),
            Self::Sentence => Kind::Text(Some(500)),
            Self::Paragraph => Kind::Text(None),
            Self::Guid => Kind::Text(Some(36)),
            Self::Amount => Kind::Decimal,
            Self::Count => Kind::Int,
            Self::Flag => Kind::Bit,
            Self::When => Kind::DateTime,
            Self::Binary => Kind::Binary,
        }
    }

    /// The platform's name for its type.
    pub(crate) fn type_name(self) -> &'static str {
        match self {
            Self::Email => "rtEmail",
            Self::Phone => "rtPhoneNumber",
            Self::Amount => "rtCurrency",
            other => type_name(other.kind()),
        }
    }
}

/// The platform's name for the type of a column.
pub(crate) fn type_name(kind: Kind) -> &'static str {
    match kind {
        Kind::Int => "rtInteger",
        Kind::BigInt => "rtLongInteger",
        Kind::Bit => "rtBoolean",
        Kind::DateTime => "rtDateTime",
        Kind::Decimal => "rtDecimal",
        Kind::Text(_) => "rtText",
        Kind::Binary => "rtBinaryData",
    }
}

#[cfg(test)]
mod tests {
    use super::{DATA, Template, Type, all, parse};
    use crate::schema::lines;

    #[test]
    fn every_line_is_an_entity() {
        for line in lines(DATA) {
            parse(line).unwrap();
        }
        assert!(parse("Customer: Name=unheard").is_err());
        assert!(parse("Customer").is_err());
    }

    #[test]
    fn a_reference_names_an_entity_that_comes_before() {
        let mut before = Vec::new();
        for template in all() {
            if let Template::Ordinary { attributes, .. } = &template {
                for (_, kind) in attributes {
                    if let Type::Entity(name) = kind {
                        assert!(before.contains(name), "{} -> {name}", template.name());
                    }
                }
            }
            before.push(template.name());
        }
    }
}
