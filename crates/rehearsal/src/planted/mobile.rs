//! Mobile apps: how they are signed and built.

use super::{cipher, secret};
use crate::RemovedIn::{Never, Official};
use crate::bulk::people::FIRST_DEVELOPER;
use crate::moment::{BASE, DAY};
use crate::names::PUBLIC_HOST;
use crate::random::guid;
use crate::row::Row;

/// The application whose mobile apps these are, and its key.
const APPLICATION: (i64, &str) = (16, "Field Visits");

/// The configurations of the Android and the iOS app.
const ANDROID: i64 = 41;
const IOS: i64 = 42;
/// The certificates of both.
const KEYSTORE: i64 = 51;
const CERTIFICATE: i64 = 52;
const PROFILE: i64 = 61;

pub(crate) fn rows() -> Vec<Row> {
    let mut rows = vec![
        Row::new("OSSYS_APPLICATIONMOBILE")
            .set("ID", APPLICATION.0)
            .plant(
                Never,
                "mobile/domain",
                "the host name that the mobile app calls",
                "DOMAINNAME",
                PUBLIC_HOST,
            ),
    ];
    rows.extend(configurations());
    rows.extend(certificates());
    rows.extend(details());
    rows.extend(builds());
    rows
}

fn configurations() -> [Row; 4] {
    let config = |id: i64, device: i64, name: &str, version: &'static str| {
        Row::new("OSSYS_APP_MOBILE_CONFIG")
            .set("ID", id)
            .set("APPLICATION_KEY", guid(APPLICATION.1))
            .set("DEVICE_TYPE", device)
            .set("IS_ACTIVE", true)
            .set("VERSIONCODE", 47)
            .plant(
                Official,
                format!("mobile/config-{name}"),
                "the configuration of a mobile app",
                "VERSIONNUMBER",
                version,
            )
    };
    let mabs = |id: i64, name: &str, version: &'static str| {
        Row::new("OSSYS_APP_MOB_CONF_MABS")
            .set("APPMOBILECONFIGID", id)
            .set("TAGGEDMABSVERSION", "MABS 11")
            .plant(
                Official,
                format!("mobile/build-service-{name}"),
                "the build service of a mobile app",
                "LOCKEDMABSVERSION",
                version,
            )
    };
    [
        config(ANDROID, 1, "android", "4.7.1"),
        config(IOS, 2, "ios", "4.7.2"),
        mabs(ANDROID, "android", "MABS 11.1"),
        mabs(IOS, "ios", "MABS 11.2"),
    ]
}

fn certificates() -> Vec<Row> {
    let certificate = |id: i64, name: &'static str| {
        Row::new("OSSYS_MOBILE_CERTIFICATE")
            .set("ID", id)
            .set("LOGICAL_NAME", name)
            .set("CERTIFICATE", b"not a certificate".to_vec())
            .plant(
                Official,
                format!("mobile/certificate-password-{name}"),
                "the password of a signing certificate",
                "CERTIFICATE_PASSWORD",
                secret(&format!("mobile/{name}")),
            )
            .plant(
                Official,
                format!("mobile/certificate-{name}"),
                "a signing certificate",
                "ENCRYPTEDCERTIFICATE",
                cipher(&format!("mobile/{name}")),
            )
    };
    vec![
        certificate(KEYSTORE, "fieldvisits-keystore"),
        certificate(CERTIFICATE, "fieldvisits-apple"),
        Row::new("OSSYS_MOBILE_CONFIG_DATA")
            .set("ID", PROFILE)
            .set("CONTENT", b"not a profile".to_vec())
            .plant(
                Official,
                "mobile/profile-name",
                "the file name of a provisioning profile",
                "FILENAME",
                "fieldvisits-production.mobileprovision",
            )
            .plant(
                Official,
                "mobile/profile",
                "a provisioning profile",
                "ENCRYPTEDCONTENT",
                cipher("mobile/profile"),
            ),
    ]
}

fn details() -> [Row; 2] {
    [
        Row::new("OSSYS_ANDROID_CONFIG_DETAILS")
            .set("ID", ANDROID)
            .set("KEYSTORE", KEYSTORE)
            .set("ALIAS", "fieldvisits")
            .set("APPLICATIONID", "com.example.fieldvisits")
            .set("BUILDTYPE", "release")
            .plant(
                Official,
                "mobile/alias-password",
                "the password of a signing key",
                "ALIASPASSWORD",
                secret("mobile/alias"),
            ),
        Row::new("OSSYS_IOS_CONFIG_DETAILS")
            .set("ID", IOS)
            .set("IOS_CERTIFICATE", CERTIFICATE)
            .set("IOS_PROV_PROFILE", PROFILE)
            .set("IOS_BUILDTYPE", "app-store")
            .plant(
                Official,
                "mobile/ios-identifier",
                "the identity of the iOS app",
                "IOS_APPLICATION_IDENTIFIER",
                "com.example.fieldvisits.production",
            ),
    ]
}

fn builds() -> Vec<Row> {
    let build = |id: i64, config: i64, name: &str| {
        Row::new("OSSYS_APP_MOBILE_BUILD")
            .set("ID", id)
            .set("TRACKING_NUMBER", guid(&format!("build/{name}")))
            .set("REQUESTED_BY", FIRST_DEVELOPER)
            .set("STARTED_ON", BASE.before(9 * DAY))
            .set("FINISHED_ON", BASE.before(9 * DAY - 900))
            .set("BUILD_STATUS", 3)
            .set("APP_MOBILE_CONFIG", config)
            .plant(
                Official,
                format!("mobile/build-secret-{name}"),
                "the secret of a build of a mobile app",
                "SECRET",
                secret(&format!("build/{name}")),
            )
    };
    vec![
        build(71, ANDROID, "android"),
        build(72, IOS, "ios"),
        Row::new("OSSYS_APP_MOBILE_BUILD_DATA")
            .set("BUILD_CONTENT", b"not a package".to_vec())
            .plant(
                Official,
                "mobile/build-package",
                "the package of a build of a mobile app",
                "ID",
                71,
            ),
        Row::new("OSSYS_APP_MOBILE_BUILD_QUEUE")
            .set("ID", 81)
            .set("APP_MOBILE_CONFIG", ANDROID)
            .set("REQUESTEDBY", FIRST_DEVELOPER)
            .set("REQUESTEDON", BASE.before(DAY))
            .plant(
                Official,
                "mobile/build-queued",
                "a build of a mobile app that waits for its turn",
                "NATIVEHASH",
                secret("build/queued"),
            ),
    ]
}
