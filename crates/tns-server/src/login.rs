//! Who a client is: the exchange of keys and passwords, as for accounts with a verifier of 12c.

use crate::answer::OracleError;
use crate::bytes::{Reader, Writer, invalid};
use aws_lc_rs::cipher::{
    AES_256, DecryptingKey, DecryptionContext, EncryptingKey, EncryptionContext, UnboundCipherKey,
};
use aws_lc_rs::iv::FixedLength;
use aws_lc_rs::{digest, pbkdf2};
use std::collections::HashMap;
use std::io;
use std::num::NonZeroU32;

/// Functions of the log-in.
pub(crate) mod function {
    pub(crate) const FIRST: u8 = 118;
    pub(crate) const SECOND: u8 = 115;
}

/// An account that can log in.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Account {
    /// Its name, in any case.
    pub name: String,
    /// Its password.
    pub password: String,
    /// Whether it is let in.
    pub state: AccountState,
    /// Whether it may come as SYSDBA.
    pub sysdba: bool,
}

impl Account {
    /// An open account without privileges.
    pub fn new(name: impl Into<String>, password: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            password: password.into(),
            state: AccountState::Open,
            sysdba: false,
        }
    }

    /// The same account, which may come as SYSDBA.
    #[must_use]
    pub fn with_sysdba(mut self) -> Self {
        self.sysdba = true;
        self
    }

    /// The same account in another state.
    #[must_use]
    pub fn in_state(mut self, state: AccountState) -> Self {
        self.state = state;
        self
    }
}

/// Whether an account is let in.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum AccountState {
    /// With its password.
    Open,
    /// Never: ORA-28000.
    Locked,
    /// Not with this password, right as it is: ORA-28001.
    Expired,
}

/// Who logged in, or tried to.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Login {
    /// Counts the server's connections from 1.
    pub connection: u64,
    /// The account's name in capitals; empty where the listener refused.
    pub user: String,
    /// The service or SID that was asked for.
    pub service: String,
    /// Whether it was to be as SYSDBA.
    pub sysdba: bool,
    /// The program, as it calls itself.
    pub program: String,
    /// The machine, as it calls itself.
    pub machine: String,
    /// The driver, as it calls itself.
    pub driver: String,
    /// Whether all of it was encrypted.
    pub encrypted: bool,
    /// The ORA number that it was refused with.
    pub refused: Option<u32>,
}

/// A message of the log-in.
#[derive(Debug, Default)]
pub(crate) struct Message {
    pub(crate) user: String,
    pub(crate) mode: u32,
    pub(crate) pairs: HashMap<String, String>,
}

const MODE_SYSDBA: u32 = 0x20;

impl Message {
    /// Reads a message whose function was read before.
    pub(crate) fn read(rest: &mut Reader<'_>) -> io::Result<Self> {
        let has_user = rest.u8()? != 0;
        rest.number()?;
        let mode = rest.u32_number()?;
        rest.u8()?;
        let count = rest.number()?;
        rest.take(2)?;
        let user = if has_user {
            rest.counted()?
        } else {
            Vec::new()
        };
        let mut pairs = HashMap::new();
        for _ in 0..count {
            let key = text(rest.counted_twice()?);
            let value = text(rest.counted_twice()?);
            rest.number()?;
            pairs.insert(key, value);
        }
        let user = text(user);
        let user = match user.strip_prefix('"') {
            Some(quoted) => quoted.trim_end_matches('"').to_owned(),
            None => user.to_uppercase(),
        };
        Ok(Self { user, mode, pairs })
    }

    pub(crate) fn sysdba(&self) -> bool {
        self.mode & MODE_SYSDBA != 0
    }

    pub(crate) fn get(&self, key: &str) -> &str {
        self.pairs.get(key).map(String::as_str).unwrap_or_default()
    }
}

fn text(bytes: Vec<u8>) -> String {
    String::from_utf8_lossy(&bytes).into_owned()
}

/// How often the password is hashed. A real server does it 4096 times, which takes a driver without optimisation long.
const HASHED: u32 = 64;
const KEY_HASHED: u32 = 3;
/// The kind of verifier, as the clients know it.
const VERIFIER_12C: u64 = 0x4815;
const SALT: usize = 16;
const KEY: usize = 32;
const BLOCK: usize = 16;

/// The server's half of one log-in.
pub(crate) struct Challenge {
    salt: [u8; SALT],
    key_salt: [u8; SALT],
    own: [u8; KEY],
    verifier: [u8; KEY],
    password: Option<String>,
}

impl Challenge {
    /// A challenge for an account; for one that doesn't exist it is one that nobody can meet.
    pub(crate) fn new(account: Option<&Account>) -> io::Result<Self> {
        let (mut salt, mut key_salt, mut own) = ([0; SALT], [0; SALT], [0; KEY]);
        for bytes in [&mut salt[..], &mut key_salt[..], &mut own[..]] {
            getrandom::fill(bytes).map_err(io::Error::other)?;
        }
        let password = account.map(|account| account.password.clone());
        let long_salt = [&salt[..], b"AUTH_PBKDF2_SPEEDY_KEY"].concat();
        let mut key = [0; 64];
        derive(
            password.as_deref().unwrap_or_default().as_bytes(),
            &long_salt,
            HASHED,
            &mut key,
        )?;
        let hash = digest::digest(&digest::SHA512, &[&key[..], &salt].concat());
        let mut verifier = [0; KEY];
        verifier.copy_from_slice(&hash.as_ref()[..KEY]);
        Ok(Self {
            salt,
            key_salt,
            own,
            verifier,
            password,
        })
    }

    pub(crate) fn write(&self, out: &mut Writer) -> io::Result<()> {
        let mut key = self.own.to_vec();
        encrypt(&self.verifier, &mut key)?;
        let pairs = [
            ("AUTH_SESSKEY", hex(&key), 0),
            ("AUTH_VFR_DATA", hex(&self.salt), VERIFIER_12C),
            ("AUTH_PBKDF2_CSK_SALT", hex(&self.key_salt), 0),
            ("AUTH_PBKDF2_VGEN_COUNT", HASHED.to_string(), 0),
            ("AUTH_PBKDF2_SDER_COUNT", KEY_HASHED.to_string(), 0),
        ];
        write_pairs(out, &pairs);
        Ok(())
    }

    /// The key of the session, if the client has the password.
    pub(crate) fn met_by(&self, message: &Message) -> io::Result<Option<[u8; KEY]>> {
        let (Some(mut theirs), Some(mut password)) = (
            unhex(message.get("AUTH_SESSKEY")),
            unhex(message.get("AUTH_PASSWORD")),
        ) else {
            return Err(invalid("a log-in without a key or a password"));
        };
        let whole = |bytes: &[u8]| !bytes.is_empty() && bytes.len().is_multiple_of(BLOCK);
        if theirs.len() != KEY || !whole(&password) {
            return Err(invalid("a key or a password of an odd length"));
        }
        decrypt(&self.verifier, &mut theirs)?;
        theirs.extend(self.own);
        let mut key = [0; KEY];
        derive(
            hex(&theirs).as_bytes(),
            &self.key_salt,
            KEY_HASHED,
            &mut key,
        )?;
        decrypt(&key, &mut password)?;
        let padding = password.last().copied().map_or(0, usize::from);
        let said = password
            .get(BLOCK..password.len().saturating_sub(padding))
            .unwrap_or_default();
        let right = self
            .password
            .as_ref()
            .is_some_and(|own| own.as_bytes() == said);
        Ok(right.then_some(key))
    }
}

/// Lets a client in, and proves with the session's key that the server knows the password, too.
pub(crate) fn welcome(
    out: &mut Writer,
    key: &[u8; KEY],
    facts: &[(&str, String)],
) -> io::Result<()> {
    let mut proof = [0; BLOCK].to_vec();
    getrandom::fill(&mut proof).map_err(io::Error::other)?;
    proof.extend(b"SERVER_TO_CLIENT");
    proof.extend([BLOCK as u8; BLOCK]);
    encrypt(key, &mut proof)?;
    let mut pairs = vec![("AUTH_SVR_RESPONSE", hex(&proof), 0)];
    pairs.extend(facts.iter().map(|(key, value)| (*key, value.clone(), 0)));
    write_pairs(out, &pairs);
    Ok(())
}

/// What an account that has shown its password is refused with all the same.
pub(crate) fn objection(account: &Account, message: &Message) -> Option<OracleError> {
    let refused = |number, text| Some(OracleError::new(number, text));
    match account.state {
        AccountState::Locked => return refused(28_000, "The account is locked."),
        AccountState::Expired => return refused(28_001, "The password has expired."),
        AccountState::Open => {}
    }
    if message.sysdba() {
        return match account.sysdba {
            true => None,
            false => refused(1031, "insufficient privileges"),
        };
    }
    match account.name.eq_ignore_ascii_case("SYS") {
        true => refused(28_009, "connection as SYS should be as SYSDBA or SYSOPER"),
        false => None,
    }
}

pub(crate) fn wrong_password() -> OracleError {
    OracleError::new(1017, "invalid username/password; logon denied")
}

fn write_pairs(out: &mut Writer, pairs: &[(&str, String, u64)]) {
    const PARAMETERS: u8 = 8;
    out.u8(PARAMETERS);
    out.number(pairs.len() as u64);
    for (key, value, flags) in pairs {
        out.counted_twice(key.as_bytes());
        out.counted_twice(value.as_bytes());
        out.number(*flags);
    }
}

fn derive(secret: &[u8], salt: &[u8], times: u32, out: &mut [u8]) -> io::Result<()> {
    let times = NonZeroU32::new(times).ok_or_else(|| invalid("nothing is hashed no times"))?;
    pbkdf2::derive(pbkdf2::PBKDF2_HMAC_SHA512, times, salt, secret, out);
    Ok(())
}

fn key(bytes: &[u8; KEY]) -> io::Result<UnboundCipherKey> {
    UnboundCipherKey::new(&AES_256, bytes).map_err(io::Error::other)
}

fn encrypt(with: &[u8; KEY], bytes: &mut [u8]) -> io::Result<()> {
    let start = EncryptionContext::Iv128(FixedLength::from([0; BLOCK]));
    EncryptingKey::cbc(key(with)?)
        .and_then(|key| key.less_safe_encrypt(bytes, start))
        .map(drop)
        .map_err(io::Error::other)
}

fn decrypt(with: &[u8; KEY], bytes: &mut [u8]) -> io::Result<()> {
    let start = DecryptionContext::Iv128(FixedLength::from([0; BLOCK]));
    DecryptingKey::cbc(key(with)?)
        .and_then(|key| key.decrypt(bytes, start).map(drop))
        .map_err(io::Error::other)
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02X}")).collect()
}

fn unhex(text: &str) -> Option<Vec<u8>> {
    let pair = |pair: &[u8]| u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok();
    text.as_bytes().chunks(2).map(pair).collect()
}
