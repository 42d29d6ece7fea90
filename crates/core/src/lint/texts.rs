//! Whether texts mean the same in the copy: collations, characters, room.

use super::*;

pub(super) fn collation_tells_case(case: &Case<'_>, said: &mut Vec<Say>) {
    for database in case.evidence.source.iter().chain(&case.evidence.target) {
        if let Some(collation) = &database.collation
            && collation.ignores_case == Some(false)
        {
            refuse(
                said,
                format!(
                    "`{}` has the collation {}",
                    database.locator, collation.name
                ),
            );
        }
    }
}

pub(super) fn collations_differ(case: &Case<'_>, said: &mut Vec<Say>) {
    for target in &case.evidence.target {
        let source = case
            .evidence
            .source
            .iter()
            .find(|source| source.role == target.role)
            .and_then(|source| source.collation.as_ref());
        if let (Some(source), Some(own)) = (source, &target.collation)
            && source.name != own.name
        {
            refuse(
                said,
                format!(
                    "`{}` has the collation {}, the source {}",
                    target.locator, own.name, source.name
                ),
            );
        }
    }
}

/// How both servers write texts down, where a copy is made that may be written down otherwise than its source.
fn encodings<'a>(case: &Case<'a>) -> Option<Result<Vec<Difference>, &'a str>> {
    let of = |side: &'a [DatabaseEvidence]| platform(side)?.encoding.as_ref();
    let evidence = case.evidence;
    let both = (of(&evidence.source)?, of(&evidence.target)?);
    case.makes_the_copy.then_some(match both {
        (Observed::Known(source), Observed::Known(target)) => Ok(differences(source, target)),
        (Observed::Unknown { why }, _) | (_, Observed::Unknown { why }) => Err(why),
    })
}

pub(super) fn characters_lost(case: &Case<'_>, said: &mut Vec<Say>) {
    match encodings(case) {
        None => {}
        Some(Err(why)) => said.push((
            Level::Unknown,
            format!("the character sets could not be compared: {why}"),
        )),
        Some(Ok(found)) => {
            for one in found {
                match one {
                    Difference::Lost { .. } => refuse(said, one.to_string()),
                    Difference::Doubtful { .. } => said.push((Level::Unknown, one.to_string())),
                    Difference::Longer { .. } | Difference::Shorter => {}
                }
            }
        }
    }
}

pub(super) fn texts_too_long(case: &Case<'_>, said: &mut Vec<Say>) {
    let found = match encodings(case) {
        None => return,
        Some(Err(why)) => {
            let what = format!("whether texts take more bytes could not be seen: {why}");
            return said.push((Level::Unknown, what));
        }
        Some(Ok(found)) => found,
    };
    for one in found {
        match one {
            Difference::Longer { .. } => {
                let databases = case.evidence.source.iter();
                said.extend(databases.filter_map(|source| longer(&one, source)));
            }
            Difference::Shorter => said.push((Level::Unknown, one.to_string())),
            Difference::Lost { .. } | Difference::Doubtful { .. } => {}
        }
    }
}

/// What is to be said of a database whose texts take more bytes in the copy: nothing where no column holds bytes.
fn longer(difference: &Difference, source: &DatabaseEvidence) -> Option<Say> {
    let columns = match source.byte_columns.as_ref()? {
        Observed::Known(0) => return None,
        Observed::Known(1) => "1 column".to_owned(),
        Observed::Known(columns) => format!("{columns} columns"),
        Observed::Unknown { why } => format!("some columns, how many could not be seen ({why}),"),
    };
    let what = format!(
        "{difference}: {columns} of `{}` hold a number of bytes, and whether their texts still fit is not known",
        source.locator
    );
    Some((Level::Unknown, what))
}
