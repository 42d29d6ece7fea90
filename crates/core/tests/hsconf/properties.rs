//! What holds for any file and any secret.

use envclone_core::hsconf::{Category, Difference, Guard, Hsconf};
use proptest::prelude::*;
use secrecy::{ExposeSecret, SecretString};

use crate::support::*;

/// A key of a made-up file.
#[derive(Clone, Debug)]
struct Key {
    name: String,
    attributes: String,
    value: String,
    before: String,
}

fn key_of(name: String) -> impl Strategy<Value = Key> {
    let attributes = prop::sample::select(vec![
        "",
        " encrypted=\"false\"",
        " other='a \"b\"'\n",
        "  encrypted = 'false' ",
    ]);
    let value = prop::sample::select(vec![
        "",
        "old",
        "<![CDATA[a<b]]>",
        "&#x41;&amp;",
        "é",
        "<!-- c -->x",
    ]);
    let before = prop::sample::select(vec![
        "",
        "\n",
        "\r\n\t",
        "\n    ",
        "<!-- AdminUser -->",
        "<?pi x?>\n",
    ]);
    (attributes, value, before).prop_map(move |(attributes, value, before)| Key {
        name: name.clone(),
        attributes: attributes.to_owned(),
        value: value.to_owned(),
        before: before.to_owned(),
    })
}

fn keys() -> impl Strategy<Value = Vec<Key>> {
    let known = [
        "AdminUser",
        "AdminPassword",
        "RuntimeUser",
        "RuntimePassword",
        "Server",
        "Catalog",
        "UsedAuthenticationMode",
    ];
    let unknown = [
        "Admin",
        "AdminUser2",
        "adminuser",
        "Server.Name",
        "x-y",
        "Größe",
    ];
    let names: Vec<&str> = known.into_iter().chain(unknown).collect();
    let count = 0..names.len();
    prop::sample::subsequence(names, count)
        .prop_shuffle()
        .prop_flat_map(|names| {
            names
                .into_iter()
                .map(|name| key_of(name.to_owned()))
                .collect::<Vec<_>>()
        })
}

fn rendered(keys: &[Key]) -> String {
    let key = |key: &Key| {
        let Key {
            name,
            attributes,
            value,
            before,
        } = key;
        if value.is_empty() {
            format!("{before}<{name}{attributes}/>")
        } else {
            format!("{before}<{name}{attributes}>{value}</{name} >")
        }
    };
    let keys: String = keys.iter().map(key).collect();
    format!(
        "<EnvironmentConfiguration>\n<Other><AdminUser>stays</AdminUser></Other>\
         <PlatformDatabaseConfiguration ProviderKey='SqlServer'>{keys}</PlatformDatabaseConfiguration>\
         \n</EnvironmentConfiguration>"
    )
}

proptest! {
    /// Every line of the file that belongs to no wanted key is there afterwards as it was, in its order.
    #[test]
    fn only_wanted_keys_change(keys in keys(), admin in "[ -~é]{0,8}[!-~]") {
        let mut wanted = sql_server();
        wanted.platform.admin = admin.trim_start().to_owned();
        let before = rendered(&keys);
        let after = written(&file(&before), &wanted);
        let again = file(&after);
        let clear = |it: &Difference| matches!(it, Difference::ClearText { .. });
        let differences = again.differences(&wanted);
        prop_assert!(differences.iter().all(clear), "{:?}", differences);
        prop_assert_eq!(again.value(Category::Platform, "AdminUser"), Some(wanted.platform.admin.as_str()));
        prop_assert!(after.contains("<Other><AdminUser>stays</AdminUser></Other>"));
        let known = ["AdminUser", "AdminPassword", "RuntimeUser", "RuntimePassword", "Server", "Catalog", "UsedAuthenticationMode"];
        let mut from = after.find("<PlatformDatabase").unwrap();
        for key in &keys {
            let part = if known.contains(&key.name.as_str()) {
                // What is in front of it and its other attributes stay.
                let kept = if key.attributes.contains("other") { "other='a \"b\"'" } else { "" };
                let start = after[from..].find(&format!("{}<{}", key.before, key.name));
                prop_assert!(start.is_some());
                let start = from + start.unwrap();
                let tag = &after[start..];
                prop_assert!(tag[key.before.len()..].split('>').next().unwrap().contains(kept));
                from = start + key.before.len() + 1;
                continue;
            } else {
                let whole = rendered(std::slice::from_ref(key));
                let begin = whole.find("'SqlServer'>").unwrap() + "'SqlServer'>".len();
                let end = whole.find("</PlatformDatabase").unwrap();
                whole[begin..end].to_owned()
            };
            let at = after[from..].find(&part);
            prop_assert!(at.is_some(), "{} not in {}", part, after);
            from += at.unwrap() + part.len();
        }
    }

    /// Whatever is a password comes out as it went in, and only what is no XML is refused.
    #[test]
    fn any_password_is_read_as_it_was_entered(text in any::<String>()) {
        let hsconf = file(ORACLE);
        let wanted = oracle();
        let edit = hsconf.edit(&wanted, &Guard::default()).unwrap();
        let bad = text.is_empty()
            || text.chars().any(|c| c.is_control() || matches!(c, '\u{FFFE}' | '\u{FFFF}'));
        match edit.write(&mut |_| Some(SecretString::from(text.clone()))) {
            Err(_) => prop_assert!(bad),
            Ok(bytes) => {
                prop_assert!(!bad);
                let bytes = bytes.expose_secret();
                prop_assert!(Hsconf::read(bytes).is_ok());
                // Read by somebody else's rules: the five entities.
                let file = std::str::from_utf8(bytes).unwrap();
                let begin = file.find("<SessionPassword encrypted=\"false\">").unwrap() + "<SessionPassword encrypted=\"false\">".len();
                let end = begin + file[begin..].find('<').unwrap();
                let raw = &file[begin..end];
                let read = raw.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&");
                prop_assert_eq!(read, text);
            }
        }
    }

    /// No text brings the reader down.
    #[test]
    fn any_text_is_read_or_refused(bytes in prop::collection::vec(any::<u8>(), 0..200), text in "(<|>|/|EnvironmentConfiguration|a|\\?|!|--|\\[CDATA\\[|\\]\\]>|=|\"|'|&|;|#| ){0,40}") {
        let _ = Hsconf::read(&bytes);
        let _ = Hsconf::read(text.as_bytes());
        let _ = Hsconf::read(format!("<EnvironmentConfiguration>{text}</EnvironmentConfiguration>").as_bytes());
    }
}
