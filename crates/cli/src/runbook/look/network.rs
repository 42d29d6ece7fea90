//! What answers over the network: Service Center and `LifeTime`.

use super::*;

/// What answers over the network.
impl Look<'_> {
    pub(super) fn service_center(&self) -> Seen {
        let Some(center) = &self.config().settings.runbook.service_center else {
            return Err("the settings have no `[runbook.service-center]`".to_owned());
        };
        let center = ServiceCenter::new(&center.address, Options::default()).map_err(unseen)?;
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
        let config = self.config();
        let Some(lifetime) = &config.settings.runbook.lifetime else {
            return Err("the settings have no `[runbook.lifetime]`".to_owned());
        };
        let token = secret("LifeTime service account", &lifetime.token, &config.folder)
            .map_err(|failure| told(&failure))?;
        let all = LifeTime::new(&lifetime.address, token, Options::default())
            .and_then(|it| it.environments())
            .map_err(unseen)?;
        let listed = all.iter().any(|it| it.is_called(&lifetime.environment));
        let seen = format!(
            "LifeTime {} {}",
            if listed { "lists" } else { "does not list" },
            lifetime.environment
        );
        match listed == wanted {
            true => holds(seen),
            false => fails(seen),
        }
    }
}
