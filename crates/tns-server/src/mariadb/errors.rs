//! MariaDB's errors, by Oracle's numbers.

use crate::answer::OracleError;
use crate::lexer;

pub(super) fn oracle(error: &mysql::Error, sql: &str) -> OracleError {
    let mysql::Error::MySqlError(theirs) = error else {
        return OracleError::new(
            3113,
            format!("end-of-file on communication channel [{error}]"),
        );
    };
    let (number, text) = meaning(theirs.code, &theirs.message, sql);
    OracleError::new(
        number,
        format!("{text} [MariaDB {}: {}]", theirs.code, theirs.message),
    )
}

fn meaning(code: u16, message: &str, sql: &str) -> (u32, &'static str) {
    let verb = lexer::verb(sql);
    match code {
        1146 | 1051 | 1046 | 1049 if verb == "ALTER" && is_session(sql) => {
            (1435, "user does not exist")
        }
        1146 | 1051 | 1046 | 1049 => (942, "table or view does not exist"),
        1054 => (904, "invalid identifier"),
        1305 if message.contains("PROCEDURE") => (6550, "identifier must be declared"),
        1305 | 1128 => (904, "invalid identifier"),
        1064 => (900, "invalid SQL statement"),
        1048 if verb == "UPDATE" => (1407, "cannot update to NULL"),
        1048 | 1364 => (1400, "cannot insert NULL"),
        1451 | 1217 => (2292, "integrity constraint violated - child record found"),
        1452 | 1216 => (2291, "integrity constraint violated - parent key not found"),
        1062 | 1586 => (1, "unique constraint violated"),
        4025 => (2290, "check constraint violated"),
        1406 => (12_899, "value too large for column"),
        1264 | 1690 => (
            1438,
            "value larger than specified precision allowed for this column",
        ),
        1292 if message.contains("datetime") => (1861, "literal does not match format string"),
        1292 | 1366 | 1367 => (1722, "invalid number"),
        1365 => (1476, "divisor is equal to zero"),
        1242 => (1427, "single-row subquery returns more than one row"),
        1172 => (
            1422,
            "exact fetch returns more than requested number of rows",
        ),
        1329 => (1403, "no data found"),
        1205 if sql.to_uppercase().contains("NOWAIT") || is_definition(&verb) => (
            54,
            "resource busy and acquire with NOWAIT specified or timeout expired",
        ),
        1205 => (30_006, "resource busy; acquire with WAIT timeout expired"),
        1213 => (60, "deadlock detected while waiting for resource"),
        1317 | 1969 | 3024 => (1013, "user requested cancel of current operation"),
        1050 => (955, "name is already used by an existing object"),
        1007 => (1920, "user name conflicts with another user or role name"),
        1008 => (1918, "user does not exist"),
        1052 => (918, "column ambiguously defined"),
        1060 => (1430, "column being added already exists in table"),
        1091 => (1418, "specified index does not exist"),
        1136 => (913, "too many values"),
        1142 | 1143 | 1227 | 1370 => (1031, "insufficient privileges"),
        1053 | 1152 | 1158..=1161 => (3113, "end-of-file on communication channel"),
        _ => (600, "internal error code"),
    }
}

fn is_session(sql: &str) -> bool {
    sql.to_uppercase().contains("SESSION")
}

fn is_definition(verb: &str) -> bool {
    matches!(verb, "ALTER" | "CREATE" | "DROP" | "TRUNCATE" | "LOCK")
}
