//! What takes secrets out of a text: however it is cut, quoted or encoded, nothing of them comes through.

use envclone_machine::Redactor;
use secrecy::SecretString;

fn secrets(texts: &[&str]) -> Vec<SecretString> {
    texts.iter().map(|text| (*text).to_owned().into()).collect()
}

fn in_pieces(secrets: &[SecretString], text: &[u8], length: usize) -> Vec<u8> {
    let mut redactor = Redactor::new(secrets);
    let mut clean = Vec::new();
    for piece in text.chunks(length) {
        clean.extend(redactor.feed(piece));
    }
    clean.extend(redactor.finish());
    clean
}

#[test]
fn pieces_of_any_length_are_the_same() {
    let secrets = secrets(&["abcab", "abcabd", "päss wörd", "x"]);
    let text = "abcabcabd abca päss wörd x päss wör";
    let whole = in_pieces(&secrets, text.as_bytes(), 1000);
    assert_eq!(
        String::from_utf8(whole.clone()).unwrap(),
        "***cabd abca *** *** päss wör"
    );
    for length in 1..text.len() {
        assert_eq!(
            in_pieces(&secrets, text.as_bytes(), length),
            whole,
            "{length}"
        );
    }
}

#[test]
fn the_longest_goes_first() {
    let secrets = secrets(&["pass", "password"]);
    assert_eq!(
        in_pieces(&secrets, b"password pass passwor", 3),
        b"*** *** ***wor"
    );
}

#[test]
fn quoted_forms_are_found() {
    let secrets = secrets(&["a<b&c>\"d'\\e"]);
    for form in [
        "a<b&c>\"d'\\e",
        "a&lt;b&amp;c&gt;\"d'\\e",
        "a&lt;b&amp;c&gt;&quot;d&apos;\\e",
        "a<b&c>\\\"d'\\\\e",
        "a<b&c>\\\"d'\\e",
    ] {
        assert_eq!(in_pieces(&secrets, form.as_bytes(), 1000), b"***", "{form}");
    }
}

#[test]
fn other_encodings_are_found() {
    let secrets = secrets(&["Grüße?", "ascii"]);
    let utf16: Vec<u8> = "Grüße? ascii"
        .encode_utf16()
        .flat_map(u16::to_le_bytes)
        .collect();
    let forms: [&[u8]; 5] = [
        "Grüße? ascii".as_bytes(),
        b"Gr\xfc\xdfe? ascii", // Windows-1252
        b"Gr\x81\xe1e? ascii", // code page 850
        b"Gr??e? ascii",       // what a console makes of letters it doesn't know
        &utf16,
    ];
    for form in forms {
        for length in [1, 2, 5, 100] {
            assert_eq!(in_pieces(&secrets, form, length), b"*** ***", "{form:?}");
        }
    }
}

#[test]
fn a_question_mark_beside_a_foreign_letter_is_found() {
    let secrets = secrets(&["Zoë?!"]);
    for form in ["Zoë?!", "Zo??!"] {
        assert_eq!(in_pieces(&secrets, form.as_bytes(), 1), b"***", "{form}");
    }
}

#[test]
fn an_empty_secret_is_none() {
    assert_eq!(in_pieces(&secrets(&[""]), b"as it is", 2), b"as it is");
    assert_eq!(in_pieces(&[], b"as it is", 2), b"as it is");
}

#[test]
fn its_own_debug_form_shows_nothing() {
    let mut redactor = Redactor::new(&secrets(&["geheim"]));
    redactor.feed(b"gehei");
    assert_eq!(format!("{redactor:?}"), "Redactor for 1 forms of secrets");
}
