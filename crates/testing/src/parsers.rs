//! SQL, judged by parsers that others wrote.
//!
//! A checker reads a JSON array of `{"name", "sql"}` and writes one of `{"name", "errors"}`.

use std::io::Write as _;
use std::process::{Command, Stdio};

/// A text's name, and the text.
pub type Named = (String, String);

/// What no engine takes, so that a checker that takes everything is found out.
const BROKEN: [&str; 4] = [
    "DELETE FROM",
    "UPDATE t SET WHERE a = 1",
    "SELECT COUNT(* FROM t",
    "DELETE FROM t WHERE a = 'never closed",
];

/// Shows texts to the checker that an environment variable names, together with broken ones that it must refuse. Without
/// one it says so and does nothing.
///
/// # Panics
/// Where the checker refuses one of the texts, or takes a broken one.
pub fn judge(variable: &str, arguments: &[&str], texts: &[Named]) {
    let Ok(program) = std::env::var(variable) else {
        eprintln!("not run: {variable} names no checker");
        return;
    };
    let sound = texts.len();
    let mut texts = texts.to_vec();
    texts.extend(BROKEN.map(|sql| (format!("broken: {sql}"), sql.to_owned())));
    let errors = ask(&program, arguments, &texts);
    assert_eq!(errors.len(), texts.len(), "{program} left some out");
    let refused: Vec<_> = texts[..sound]
        .iter()
        .zip(&errors)
        .filter(|(_, errors)| !errors.is_empty())
        .map(|((name, sql), errors)| format!("{name}: {}\n{sql}", errors.join("; ")))
        .collect();
    assert!(
        refused.is_empty(),
        "{program} refuses {} of {sound}:\n{}",
        refused.len(),
        refused.join("\n\n")
    );
    for ((name, _), errors) in texts[sound..].iter().zip(&errors[sound..]) {
        assert!(!errors.is_empty(), "{program} takes {name}");
    }
}

/// The errors of each text, in order.
fn ask(program: &str, arguments: &[&str], texts: &[Named]) -> Vec<Vec<String>> {
    let asked: Vec<_> = texts
        .iter()
        .map(|(name, sql)| serde_json::json!({"name": name, "sql": sql}))
        .collect();
    let mut child = Command::new(program)
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap_or_else(|error| panic!("{program}: {error}"));
    let mut stdin = child.stdin.take().unwrap();
    let sent = serde_json::to_vec(&asked).unwrap();
    let writer = std::thread::spawn(move || stdin.write_all(&sent));
    let output = child.wait_with_output().unwrap();
    // A program that ends early says why on its standard error, which is the test's.
    let _ = writer.join().unwrap();
    assert!(output.status.success(), "{program}: {}", output.status);
    let answers: Vec<serde_json::Value> = serde_json::from_slice(&output.stdout).unwrap();
    let mut answers = answers.into_iter();
    let errors = |(name, _): &Named| {
        let answer = answers.next().unwrap();
        assert_eq!(answer["name"], **name, "{program} answers out of order");
        let errors = answer["errors"].as_array().unwrap().iter();
        errors.map(ToString::to_string).collect()
    };
    texts.iter().map(errors).collect()
}
