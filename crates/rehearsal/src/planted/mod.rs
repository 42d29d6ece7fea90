//! Everything that a copy of a production database must not keep, area by area.
//!
//! Each leftover is a cell whose value occurs nowhere else in its column, so that counting it says whether it is
//! still there. None of them depends on seed or scale.

mod connections;
mod hosts;
mod integrations;
mod lifetime;
mod logs;
mod mail;
mod mobile;
mod parameters;
mod processes;
mod saml;
mod sessions;
mod site_properties;
mod timers;
mod zones;

use crate::World;
use crate::random::hex;
use crate::row::Row;

pub(crate) fn rows(world: &World<'_>) -> Vec<Row> {
    [
        parameters::rows(),
        mobile::rows(),
        zones::rows(world),
        connections::rows(world),
        lifetime::rows(),
        site_properties::rows(world),
        saml::rows(world),
        mail::rows(world),
        processes::rows(),
        sessions::rows(),
        timers::rows(world),
        integrations::rows(world),
        hosts::rows(world),
        logs::rows(),
    ]
    .concat()
}

/// A secret that says of itself that it is none.
fn secret(of: &str) -> String {
    format!("fake-{}", hex(of, 16))
}

/// The shape of a value that the platform encrypted.
fn cipher(of: &str) -> String {
    format!("$2$FAKE{}", hex(of, 48))
}
