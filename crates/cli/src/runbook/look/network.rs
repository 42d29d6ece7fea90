//! What answers over the network: Service Center and `LifeTime`.

use super::*;

/// What answers over the network.
impl Look<'_> {
    pub(super) fn service_center(&self) -> Seen {
        let Some(center) = &self.config().settings.runbook.service_center else {
            return Err("the settings have no `[runbook.service-center]`".to_owned());
        };
        let options = platform::options(self.config(), center.ca_file.as_ref())
            .map_err(|failure| told(&failure))?;
        let center = ServiceCenter::new(&center.address, options).map_err(unseen)?;
        match center.answers() {
            Ok(reply) if reply.is_page() => match center.platform() {
                Ok(info) => holds(format!("it answers, with platform {}", info.version)),
                Err(_) => holds("it answers"),
            },
            Ok(reply) => fails(format!("it answers with status {}", reply.status)),
            Err(error) => fails(error.to_string()),
        }
    }

    pub(super) fn in_lifetime(&self, wanted: bool) -> Seen {
        let (lifetime, settings) =
            platform::lifetime(self.config()).map_err(|failure| told(&failure))?;
        let all = lifetime.environments().map_err(unseen)?;
        let listed = all.iter().any(|it| it.is_called(&settings.environment));
        let seen = format!(
            "LifeTime {} {}",
            if listed { "lists" } else { "does not list" },
            settings.environment
        );
        match listed == wanted {
            true => holds(seen),
            false => fails(seen),
        }
    }
}
