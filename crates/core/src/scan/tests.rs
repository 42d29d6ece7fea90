use super::*;
use proptest::prelude::*;

const KEY: [u8; 32] = [7; 32];

fn terms(texts: &[&str]) -> Vec<Term> {
    texts
        .iter()
        .enumerate()
        .map(|(id, text)| Term {
            id,
            text: (*text).to_owned(),
        })
        .collect()
}

fn scanner(texts: &[&str]) -> Scanner {
    Scanner::new(&terms(texts), &[], &KEY).unwrap()
}

fn hits(scanner: &Scanner, cell: &[u8]) -> Vec<Hit> {
    let mut all = Vec::new();
    scanner.cell(cell, &mut |hit| all.push(hit));
    all.sort();
    all
}

fn blob_hits(scanner: &Scanner, cell: &[u8]) -> Vec<Hit> {
    let mut all = Vec::new();
    scanner.blob(cell, &mut |hit| all.push(hit));
    all.sort();
    all
}

fn finds(term: &str, cell: &str) -> bool {
    let narrow = !hits(&scanner(&[term]), cell.as_bytes()).is_empty();
    let wide = blob_hits(&scanner(&[term]), &utf16(cell))
        .iter()
        .any(|hit| hit.form == Form::Utf16);
    assert_eq!(
        narrow, wide,
        "`{term}` in `{cell}`: UTF-8 and UTF-16 disagree"
    );
    narrow
}

fn utf16(text: &str) -> Vec<u8> {
    text.encode_utf16().flat_map(u16::to_le_bytes).collect()
}

#[test]
fn a_term_is_found_where_it_stands_alone() {
    for (term, cell) in [
        ("prodfe01", "prodfe01"),
        ("prodfe01", "PRODFE01"),
        ("ProdFE01", "on prodfe01, again"),
        ("prodfe01", "prodfe01.corp.example"),
        ("crm.example.com", "https://crm.example.com/x"),
        ("example.com", "https://crm.example.com/x"),
        ("crm.example.com", "crm.example.com:8443"),
        ("10.1.1.1", "10.1.1.1"),
        ("10.1.1.1", "was 10.1.1.1."),
        ("10.1.1.1", "...10.1.1.1:80"),
        ("10.1.1.1", "10.1.1.1/24"),
        ("10.1.1.1", "10.1.1.1.nip.io"),
        ("prodadmin", r"CORP\prodadmin"),
        ("prodcat", "[prodcat].dbo.x"),
        ("prodfe01", "éprodfe01é"),
        ("münchen-fe", "//MüNCHEN-FE/"),
        ("https://crm/", "https://crm/app"),
        (r"\\share", r"x\\share"),
        ("  prodfe01\n", "prodfe01"),
    ] {
        assert!(finds(term, cell), "`{term}` in `{cell}`");
    }
}

#[test]
fn a_term_is_not_found_within_another_name() {
    for (term, cell) in [
        ("prodfe01", "prodfe011"),
        ("prodfe01", "xprodfe01"),
        ("prodfe01", "prodfe01-old"),
        ("prodfe01", "my_prodfe01"),
        ("prodfe01", "prodfe0"),
        ("crm.example.com", "xcrm.example.com"),
        ("crm.example.com", "crmXexample.com"),
        ("crm.example.com", "crm\u{e}example.com"),
        ("10.1.1.1", "110.1.1.1"),
        ("10.1.1.1", "10.1.1.10"),
        ("10.1.1.1", "10.1.1.1.5"),
        ("10.1.1.1", "5.10.1.1.1"),
        ("prodfe01", ""),
    ] {
        assert!(!finds(term, cell), "`{term}` in `{cell}`");
    }
}

#[test]
fn an_escape_before_a_term_is_not_part_of_its_name() {
    for cell in [
        "https%3A%2F%2Fprodfe01%2Fx",
        "https%253A%252F%252Fprodfe01",
        "%25252fprodfe01",
        r"line\nprodfe01\nline",
        r"\u002fprodfe01",
        r"\u00e9prodfe01",
        r"\u2028prodfe01",
        r"\x2fprodfe01",
    ] {
        assert!(finds("prodfe01", cell), "{cell}");
    }
    for cell in [
        "%41prodfe01",
        r"\u0041prodfe01",
        r"\x5fprodfe01",
        "2Fprodfe01",
        "nprodfe01",
        r"\qprodfe01",
    ] {
        assert!(!finds("prodfe01", cell), "{cell}");
    }
}

#[test]
fn overlapping_terms_and_equal_terms_each_count() {
    let scanner = scanner(&[
        "crm.example.com",
        "example.com",
        "EXAMPLE.com",
        "crm.example",
    ]);
    let ids: Vec<_> = hits(&scanner, b"https://crm.example.com/")
        .iter()
        .map(|hit| (hit.id, hit.start, hit.end))
        .collect();
    assert_eq!(ids, [(0, 8, 23), (1, 12, 23), (2, 12, 23), (3, 8, 19)]);
}

#[test]
fn every_occurrence_counts_wherever_the_cell_is_cut_into_pieces() {
    let scanner = scanner(&["prodfe01.corp.example", "prodfe01"]);
    for length in (0..9000).step_by(7).chain(240..330).chain(4080..4180) {
        let cell = format!(
            "{} prodfe01.corp.example {}",
            "x".repeat(length),
            "y".repeat(length % 50)
        );
        let starts: Vec<_> = hits(&scanner, cell.as_bytes())
            .iter()
            .map(|hit| (hit.id, hit.start))
            .collect();
        assert_eq!(starts, [(0, length + 1), (1, length + 1)]);
    }
}

#[test]
fn what_cannot_be_searched_for_is_said() {
    let texts = [
        "",
        "abc",
        "  ab  ",
        "12345",
        "10.1.1",
        "10.1.1.1",
        "1.2.3.4.5",
        "256.1.1.1",
        "prod",
    ];
    let scanner = scanner(&texts);
    let ids: Vec<_> = scanner.left_out().iter().map(|(id, _)| *id).collect();
    assert_eq!(ids, [0, 1, 2, 3, 4, 6, 7]);
    let empty = SecretDigest::of(9, &KEY, " \n");
    assert_eq!(
        Scanner::new(&[], &[empty], &KEY).unwrap().left_out().len(),
        1
    );
}

#[test]
fn nothing_to_search_for_finds_nothing() {
    let scanner = scanner(&[]);
    assert!(hits(&scanner, b"prodfe01").is_empty());
    assert!(blob_hits(&scanner, b"prodfe01").is_empty());
}

#[test]
fn a_secret_is_found_as_a_whole_cell_only() {
    let secrets = [
        SecretDigest::of(3, &KEY, "hunter2hunter2"),
        SecretDigest::of(4, &KEY, "correct horse "),
    ];
    let scanner = Scanner::new(&[], &secrets, &KEY).unwrap();
    assert_eq!(
        hits(&scanner, b" hunter2hunter2\r\n"),
        [Hit {
            id: 3,
            start: 1,
            end: 15,
            form: Form::Secret
        }]
    );
    assert_eq!(
        hits(&scanner, b"correct horse"),
        [Hit {
            id: 4,
            start: 0,
            end: 13,
            form: Form::Secret
        }]
    );
    for cell in [
        "Hunter2hunter2",
        "hunter2hunter2x",
        "xhunter2hunter2",
        "hunter3hunter2",
        "",
    ] {
        assert!(hits(&scanner, cell.as_bytes()).is_empty(), "{cell}");
    }
    let other = Scanner::new(&[], &secrets, &[8; 32]).unwrap();
    assert!(
        hits(&other, b"hunter2hunter2").is_empty(),
        "the key matters"
    );
    assert!(
        !format!("{scanner:?}").contains("7, 7"),
        "the key is not shown"
    );
}

#[test]
fn a_batch_sees_no_term_across_cells_and_no_cell_twice() {
    let scanner = Scanner::new(
        &terms(&["prodfe01", "prod"]),
        &[SecretDigest::of(7, &KEY, "ab")],
        &KEY,
    )
    .unwrap();
    let mut batch = Batch::new(&scanner);
    let mut tags = Vec::new();
    let mut found = |found: &Found<'_>| tags.push((found.tag, found.hits.len()));
    for (tag, cell) in [
        "prod",
        "fe01",
        "prodf",
        "e01",
        "prodfe01 prodfe01",
        "ab",
        "",
    ]
    .iter()
    .enumerate()
    {
        batch.text(tag, cell.as_bytes(), &mut found);
    }
    batch.finish(&mut found);
    assert_eq!(tags, [(0, 1), (4, 2), (5, 1)]);
}

#[test]
fn a_malformed_digest_is_refused() {
    for digest in ["", "xyz", &"g".repeat(64), &"0".repeat(63)] {
        let secret = SecretDigest {
            id: 5,
            length: 3,
            digest: digest.to_owned(),
        };
        let error = Scanner::new(&[], &[secret], &KEY).unwrap_err();
        assert_eq!(
            error.to_string(),
            "the digest of secret 5 is not 64 hexadecimal digits"
        );
    }
}

#[test]
fn a_blob_is_read_as_utf8_and_as_utf16_at_any_offset() {
    let scanner = scanner(&["prodfe01"]);
    let mut blob = b"\x00\xffprodfe01\x00\x03".to_vec();
    blob.extend(utf16("//ProdFE01/"));
    let found: Vec<_> = blob_hits(&scanner, &blob)
        .iter()
        .map(|hit| (hit.form, hit.start, hit.end))
        .collect();
    assert_eq!(found, [(Form::Text, 2, 10), (Form::Utf16, 16, 32)]);
    blob.insert(0, 1);
    assert_eq!(blob_hits(&scanner, &blob).len(), 2);
}

#[test]
fn folding_case_does_not_mistake_other_alphabets() {
    // U+4141 and U+6161 differ in one bit of each byte.
    let scanner = scanner(&["\u{4141}\u{4141}"]);
    assert_eq!(blob_hits(&scanner, &utf16("\u{4141}\u{4141}")).len(), 1);
    assert!(blob_hits(&scanner, &utf16("\u{6161}\u{6161}")).is_empty());
}

#[test]
fn many_terms_are_searched_for_by_an_automaton() {
    let texts: Vec<String> = (0..900)
        .map(|n| format!("{}host{n}", char::from(b'a' + (n % 26) as u8)))
        .collect();
    let terms: Vec<Term> = texts
        .iter()
        .enumerate()
        .map(|(id, text)| Term {
            id,
            text: text.clone(),
        })
        .collect();
    let scanner = Scanner::new(&terms, &[], &KEY).unwrap();
    for (id, text) in texts.iter().enumerate() {
        assert_eq!(
            hits(&scanner, format!("x={}", text.to_uppercase()).as_bytes())
                .iter()
                .map(|hit| hit.id)
                .collect::<Vec<_>>(),
            [id]
        );
    }
}

fn first_sample(term: &str, cell: &[u8], width: usize) -> String {
    let scanner = scanner(&[term]);
    sample(cell, blob_hits(&scanner, cell)[0], width)
}

#[test]
fn a_sample_is_one_line_around_the_hit() {
    assert_eq!(first_sample("prodfe01", b"prodfe01", 40), "prodfe01");
    assert_eq!(
        first_sample(
            "prodfe01",
            "a\tb\r\nprodfe01\u{1b}[31m\u{202e}\u{7}é".as_bytes(),
            40
        ),
        "a b  prodfe01\u{fffd}[31m\u{fffd}\u{fffd}é"
    );
    assert_eq!(
        first_sample("prodfe01", b"\xff\xfeprodfe01\xc3", 40),
        "\u{fffd}\u{fffd}prodfe01\u{fffd}"
    );
    let long = format!("{} prodfe01 {}", "é".repeat(500), "ü".repeat(500));
    assert_eq!(
        first_sample("prodfe01", long.as_bytes(), 20),
        "…éééé prodfe01 üüüü…"
    );
    assert_eq!(
        first_sample("prodfe01", &utf16("x\nprodfe01 €"), 40),
        "x prodfe01 €"
    );
    assert_eq!(first_sample("prodfe01", b"prodfe01", 4), "pro…");
    assert_eq!(first_sample("prodfe01", b"prodfe01", 0), "");
}

#[test]
fn a_sample_of_a_secret_shows_nothing_of_it() {
    let scanner = Scanner::new(&[], &[SecretDigest::of(0, &KEY, "prodfe01-secret")], &KEY).unwrap();
    let cell = b" prodfe01-secret ";
    assert_eq!(sample(cell, hits(&scanner, cell)[0], 60), "***");
}

/// Texts in which `{}` is a password.
const CARRIERS: [&str; 34] = [
    "https://joe:{}@prodfe01/x",
    "https%3A%2F%2Fjoe%3A{}%40prodfe01%2Fx",
    r#"{"url":"https:\/\/joe:{}@prodfe01\/x"}"#,
    "Server=prodfe01;Password={};Timeout=3",
    "Server=prodfe01;PWD = {}",
    "Password={};Server=prodfe01",
    "Data Source=prodfe01;User Id=x;Password=\"{}\";",
    "Data Source=prodfe01;User Id=x;Password='{}';",
    r#"{"host":"prodfe01","password":"{}"}"#,
    r#"{"host":"prodfe01","password" : "{}" , "x":1}"#,
    r#"{"inner":"{\"clientSecret\":\"{}\",\"host\":\"prodfe01\"}"}"#,
    "https://prodfe01/x?token={}&y=1",
    "https://prodfe01/x?y=1&amp;access_token={}&amp;z=2",
    "https://prodfe01/x?sig={}",
    "https://prodfe01/?u=a%26apikey%3D{}",
    "prodfe01 apikey: {}",
    "prodfe01 api_key={}",
    "x-api-key: {}\r\nhost: prodfe01",
    "Host: prodfe01\nAuthorization: Bearer {}\n",
    "Authorization: Basic {}\r\nHost: prodfe01\n",
    "bearer {}\nprodfe01",
    "<a host='prodfe01'><password>{}</password></a>",
    "<add key=\"SmtpPassword\" value=\"{}\" /> prodfe01",
    r#"[{"name":"DbPwd","value":"{}"},{"host":"prodfe01"}]"#,
    "secret={} prodfe01",
    "prodfe01 client_secret => {}",
    "AccountKey={};EndpointSuffix=prodfe01",
    "SharedAccessSignature: {} prodfe01",
    "alter user x identified by {}\nprodfe01",
    "my passphrase='{}' prodfe01",
    "pass={} prodfe01",
    "&quot;password&quot;:&quot;{}&quot; prodfe01",
    "password := {}\nprodfe01",
    "password=\t{}\tprodfe01",
];

#[test]
fn a_password_that_begins_like_a_gap_is_masked_from_its_beginning() {
    let line = first_sample("prodfe01", b"Bearer :::0AA#a\nprodfe01", 200);
    assert_eq!(line, "Bearer *** prodfe01");
}

#[test]
fn a_sample_masks_what_looks_like_a_password() {
    for carrier in CARRIERS {
        let cell = carrier.replace("{}", "Hunter22!x");
        for width in [20, 200] {
            let line = first_sample("prodfe01", cell.as_bytes(), width);
            assert!(
                !line.contains("unter") && line.contains("prodfe01"),
                "{cell} -> {line}"
            );
        }
        let line = first_sample("prodfe01", &utf16(&cell), 200);
        assert!(
            !line.contains("unter") && line.contains("***"),
            "{cell} -> {line}"
        );
    }
    assert_eq!(
        first_sample("prodfe01", b"https://joe:pw@prodfe01/x", 60),
        "https://***@prodfe01/x"
    );
    assert_eq!(
        first_sample("prodfe01", b"Password=a b&c;Server=prodfe01", 60),
        "Password=***;Server=prodfe01"
    );
    assert_eq!(
        first_sample("prodfe01", b"ftp://joe:p/w?x#y@prodfe01/x", 60),
        "ftp://***@prodfe01/x"
    );
    assert_eq!(
        first_sample("prodfe01", b"https://prodfe01/x?mail=a@b", 60),
        "https://prodfe01/x?mail=a@b"
    );
    assert_eq!(
        first_sample("prodfe01", b"https://joe:1/2@prodfe01/x", 60),
        "https://***@prodfe01/x"
    );
    assert_eq!(
        first_sample("prodfe01", b"password=xyprodfe01 prodfe01", 60),
        "password=*** prodfe01"
    );
}

#[test]
fn a_password_that_is_itself_the_hit_is_masked() {
    assert_eq!(
        first_sample("prodfe01", b"x password=prodfe01 y", 60),
        "x password=*** y"
    );
    assert_eq!(
        first_sample("prodadmin", b"https://prodadmin:x@host/", 60),
        "https://***@host/"
    );
}

#[test]
fn a_password_longer_than_what_is_shown_is_masked() {
    let cell = format!(
        "password={}/prodfe01/{};",
        "Hunter22".repeat(400),
        "Hunter22".repeat(400)
    );
    let line = first_sample("prodfe01", cell.as_bytes(), 60);
    assert!(!line.contains("unter"), "{line}");
}

#[test]
fn a_long_cell_full_of_beginnings_is_sampled_quickly() {
    for part in [
        "password= x ",
        "://",
        "://a:b",
        "token",
        "sig=\"",
        "bearer ",
    ] {
        let cell = format!("{} prodfe01 ", part.repeat(4_000));
        let line = first_sample("prodfe01", cell.as_bytes(), 60);
        assert!(line.chars().count() <= 60);
    }
}

/// What the scanner should find, told as simply as possible.
fn reference(terms: &[Term], cell: &[u8]) -> Vec<Hit> {
    let lower = cell.to_ascii_lowercase();
    let word = |byte: &u8| byte.is_ascii_alphanumeric() || b"_-".contains(byte);
    let mut all = Vec::new();
    for term in terms {
        let text = term.text.trim().to_ascii_lowercase().into_bytes();
        let numeric = text
            .iter()
            .all(|byte| byte.is_ascii_digit() || *byte == b'.');
        let address = term.text.trim().parse::<std::net::Ipv4Addr>().is_ok();
        if text.len() < 4 || numeric && !address {
            continue;
        }
        for start in 0..lower.len() {
            if !lower[start..].starts_with(&text) {
                continue;
            }
            let (before, after) = (&lower[..start], &lower[start + text.len()..]);
            let glued_before = before.last().is_some_and(word) && word(&text[0]);
            let glued_after = after.first().is_some_and(word) && text.last().is_some_and(word);
            let row_before = address
                && before.last() == Some(&b'.')
                && before.iter().rev().nth(1).is_some_and(u8::is_ascii_digit);
            let row_after = address
                && after.first() == Some(&b'.')
                && after.get(1).is_some_and(u8::is_ascii_digit);
            if !glued_before && !glued_after && !row_before && !row_after {
                all.push(Hit {
                    id: term.id,
                    start,
                    end: start + text.len(),
                    form: Form::Text,
                });
            }
        }
    }
    all.sort();
    all
}

/// Texts over few letters, so that terms do occur; no `%` and `\`, as the reference knows no escapes.
fn text() -> impl Strategy<Value = String> {
    "[abAB01.é /-]{0,40}|(ab|AB0|ba1|\\.|10\\.1\\.1\\.1|1|-| ){0,20}"
}

fn term_list() -> impl Strategy<Value = Vec<Term>> {
    let one = "[abB01.é-]{3,7}|(ab|ba|\\.|1|-|/){2,5}|10\\.1\\.1\\.1";
    prop::collection::vec(one, 0..12).prop_map(|texts| {
        texts
            .into_iter()
            .enumerate()
            .map(|(id, text)| Term { id, text })
            .collect()
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(600))]

    #[test]
    fn the_scanner_finds_what_the_reference_finds(terms in term_list(), cells in prop::collection::vec(text(), 1..6), pad in 0_usize..5000) {
        let scanner = Scanner::new(&terms, &[], &KEY).unwrap();
        for cell in cells {
            prop_assert_eq!(hits(&scanner, cell.as_bytes()), reference(&terms, cell.as_bytes()));
            let padded = format!("{}{cell}", " ".repeat(pad));
            prop_assert_eq!(hits(&scanner, padded.as_bytes()), reference(&terms, padded.as_bytes()));
        }
    }

    #[test]
    fn a_batch_finds_what_cell_after_cell_has(
        terms in term_list(),
        cells in prop::collection::vec((text(), any::<bool>(), any::<bool>()), 0..60),
        pad in 0_usize..3000,
    ) {
        let scanner = Scanner::new(&terms, &[SecretDigest::of(99, &KEY, "ab")], &KEY).unwrap();
        let mut batch = Batch::new(&scanner);
        let (mut together, mut single) = (Vec::new(), Vec::new());
        let mut found = |found: &Found<'_>| {
            let mut hits = found.hits.to_vec();
            hits.sort();
            together.push((found.tag, found.bytes.to_vec(), hits));
        };
        for (tag, (text, wide, long)) in cells.iter().enumerate() {
            let mut bytes = if *wide { utf16(text) } else { text.clone().into_bytes() };
            if *long {
                bytes.splice(0..0, std::iter::repeat_n(b' ', pad));
            }
            let hits = if *wide { blob_hits(&scanner, &bytes) } else { hits(&scanner, &bytes) };
            if *wide { batch.blob(tag, &bytes, &mut found) } else { batch.text(tag, &bytes, &mut found) }
            if !hits.is_empty() {
                single.push((tag, bytes, hits));
            }
        }
        batch.finish(&mut found);
        prop_assert_eq!(together, single);
    }

    #[test]
    fn windows_and_automaton_agree(terms in term_list(), cell in text()) {
        let mut scanner = Scanner::new(&terms, &[], &KEY).unwrap();
        let found = hits(&scanner, cell.as_bytes());
        if !scanner.needles.is_empty() {
            scanner.text = TextSearch::Automaton(automaton(scanner.needles.iter().map(|it| it.text.as_bytes())).unwrap());
        }
        prop_assert_eq!(found, hits(&scanner, cell.as_bytes()));
    }

    #[test]
    fn utf16_is_found_where_utf8_is(terms in term_list(), cell in text(), odd in any::<bool>()) {
        let scanner = Scanner::new(&terms, &[], &KEY).unwrap();
        let mut blob = vec![0xFF; usize::from(odd)];
        blob.extend(utf16(&cell));
        let wide = blob_hits(&scanner, &blob).iter().filter(|hit| hit.form == Form::Utf16).count();
        prop_assert_eq!(wide, reference(&terms, cell.as_bytes()).len());
    }

    #[test]
    fn any_bytes_are_scanned_and_sampled_without_panic(
        terms in term_list(), cell in prop::collection::vec(any::<u8>(), 0..300), start in 0_usize..400, length in 0_usize..400, width in 0_usize..80,
    ) {
        let secret = SecretDigest::of(0, &KEY, "0123456789");
        let scanner = Scanner::new(&terms, &[secret], &KEY).unwrap();
        for hit in blob_hits(&scanner, &cell) {
            let _ = sample(&cell, hit, width);
        }
        for form in [Form::Text, Form::Utf16, Form::Secret] {
            let line = sample(&cell, Hit { id: 0, start, end: start + length, form }, width);
            prop_assert!(line.chars().count() <= width);
            prop_assert!(!line.chars().any(char::is_control));
        }
    }

    #[test]
    fn keywords_and_noise_do_not_panic(parts in prop::collection::vec("password|pwd|token|=|:|://|@|\"|'|\\\\|&|&quot;|;|value| |bearer |[^\u{0}]|%3d|%40|prodfe01", 0..30), width in 0_usize..60) {
        let cell = parts.concat();
        for bytes in [cell.clone().into_bytes(), utf16(&cell)] {
            for start in (0..bytes.len()).step_by(29) {
                let _ = sample(&bytes, Hit { id: 0, start, end: start + 4, form: Form::Text }, width);
            }
        }
    }

    #[test]
    fn a_sample_never_shows_a_planted_password(
        carrier in prop::sample::select(CARRIERS.as_slice()), password in "[A-Za-z0-9!#$*+,./?@^_~:()|{}-]{8,40}",
        before in "[a-z ,.]{0,80}", after in "[ ]?[a-z ,.]{0,80}", width in 10_usize..200,
    ) {
        let cell = format!("{before} {} {after}", carrier.replace("{}", &password));
        let harmless = format!("{before} {carrier} {after}");
        for bytes in [cell.clone().into_bytes(), utf16(&cell)] {
            let scanner = scanner(&["prodfe01"]);
            for hit in blob_hits(&scanner, &bytes) {
                let line = sample(&bytes, hit, width);
                for part in password.as_bytes().windows(3) {
                    let part = std::str::from_utf8(part).unwrap();
                    // The mask itself is made of characters that a password may have.
                    let told = harmless.contains(part) || line.replace("***", "\u{0}").contains(part);
                    prop_assert!(harmless.contains(part) || !told, "{} -> {}", cell, line);
                }
            }
        }
    }
}
