//! What a machine is called.

use crate::{Machine, Result};

const PARAMETERS: &str = r"SYSTEM\CurrentControlSet\Services\Tcpip\Parameters";

/// The names that a machine is known by: the one that it gives itself, which is NetBIOS' and ends after 15 letters; its DNS
/// host name, and that with the domain in front of which it stands.
///
/// # Errors
/// Where it has none, or the registry may not be read.
pub fn names(machine: &dyn Machine) -> Result<Vec<String>> {
    let mut names = vec![machine.name()?];
    let parameter = |value| {
        let found = machine.registry(PARAMETERS, value)?;
        let found = found.map(|text| text.trim().trim_matches('.').to_owned());
        Ok(found.filter(|text| !text.is_empty()))
    };
    if let Some(host) = parameter("Hostname")? {
        if let Some(domain) = parameter("Domain")? {
            names.push(format!("{host}.{domain}"));
        }
        names.push(host);
    }
    Ok(names)
}
