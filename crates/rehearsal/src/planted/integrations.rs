//! What the applications call, and with which credentials.

use super::{cipher, secret};
use crate::RemovedIn::{self, Extra, Never};
use crate::World;
use crate::names::{FRONT_END_HOST, INTERNAL_HOST, PUBLIC_HOST};
use crate::random::guid;
use crate::row::Row;

pub(crate) fn rows(world: &World<'_>) -> Vec<Row> {
    let module = world.factory.module("Partner_IS");
    let mut rows = vec![rest(module), soap(module), web(module), sap(module)];
    rows.extend(plain(module));
    rows
}

/// Plants several cells of one row.
fn plant_all(
    mut row: Row,
    removed_in: RemovedIn,
    kind: &str,
    cells: Vec<(&'static str, String)>,
) -> Row {
    for (column, value) in cells {
        let id = format!("{kind}/{}", column.to_lowercase().replace('_', "-"));
        let what = match removed_in {
            Never => "where an integration goes by design, on the source itself",
            _ => "where an integration really goes in the source, or with what",
        };
        row = row.plant(removed_in, id, what, column, value);
    }
    row
}

fn rest(module: i64) -> Row {
    let row = Row::new("OSSYS_REST_WEB_REFERENCE")
        .set("ID", 11)
        .set("ESPACE_ID", module)
        .set("IS_ACTIVE", true)
        .set("NAME", "PartnerApi")
        .set("SS_KEY", guid("rest/PartnerApi"));
    let row = plant_all(
        row,
        Never,
        "rest",
        vec![
            (
                "URL",
                format!("https://{FRONT_END_HOST}/PartnerStub/rest/v2"),
            ),
            ("TOKENURL", format!("https://{PUBLIC_HOST}/token")),
        ],
    );
    plant_all(
        row,
        Extra,
        "rest",
        vec![
            (
                "EFFECTIVE_URL",
                "https://api.partner.example.net/v2".to_owned(),
            ),
            ("EFFECTIVE_USERNAME", "prod-partner-user".to_owned()),
            ("EFFECTIVE_PASSWORD", cipher("rest/password")),
            ("EFFECTIVE_CLIENTID", "prod-partner-client".to_owned()),
            ("EFFECTIVE_CLIENTSECRET", cipher("rest/client-secret")),
            (
                "EFFECTIVE_TOKENURL",
                "https://login.partner.example.net/token".to_owned(),
            ),
        ],
    )
}

fn soap(module: i64) -> Row {
    let row = Row::new("OSSYS_SOAP_CONSUME")
        .set("ID", 21)
        .set("SECURITY", "Basic")
        .set("ESPACE_ID", module)
        .set("IS_ACTIVE", true)
        .set("NAME", "TaxService")
        .set("SS_KEY", guid("soap/TaxService"));
    let row = plant_all(
        row,
        Never,
        "soap",
        vec![("URL", format!("http://{INTERNAL_HOST}/TaxStub/Tax.asmx"))],
    );
    plant_all(
        row,
        Extra,
        "soap",
        vec![
            (
                "EFFECTIVE_URL",
                "https://tax.authority.example.net/Tax.asmx".to_owned(),
            ),
            ("EFFECTIVE_USERNAME", "prod-tax-user".to_owned()),
            ("EFFECTIVE_PASSWORD", cipher("soap/password")),
        ],
    )
}

fn web(module: i64) -> Row {
    let row = Row::new("ossys_Web_Reference")
        .set("ID", 31)
        .set("ESPACE_ID", module)
        .set("IS_ACTIVE", true)
        .set("NAME", "Stock")
        .set("ORIGINAL_NAME", "Stock")
        .set("SS_KEY", guid("web/Stock"));
    let row = plant_all(
        row,
        Never,
        "web-reference",
        vec![("URL", "http://192.0.2.11/StockStub/Stock.asmx".to_owned())],
    );
    plant_all(
        row,
        Extra,
        "web-reference",
        vec![(
            "EFFECTIVE_URL",
            "https://stock.warehouse.example.net/Stock.asmx".to_owned(),
        )],
    )
}

fn sap(module: i64) -> Row {
    let row = Row::new("OSSYS_SAPCONFIG")
        .set("ID", 41)
        .set("INSTANCENUMBER", "00")
        .set("CLIENT", "100")
        .set("LANGUAGE", "EN")
        .set("ESPACE_ID", module)
        .set("IS_ACTIVE", true)
        .set("NAME", "Books")
        .set("SS_KEY", guid("sap/Books"));
    plant_all(
        row,
        Extra,
        "sap",
        vec![
            (
                "EFFECTIVE_SAPROUTERSTRING",
                "/H/router.books.example.net".to_owned(),
            ),
            ("EFFECTIVE_INSTANCENUMBER", "42".to_owned()),
            (
                "EFFECTIVE_APPLICATIONSERVER",
                "books.example.net".to_owned(),
            ),
            ("EFFECTIVE_CLIENT", "817".to_owned()),
            ("EFFECTIVE_USERNAME", "PRODBOOKS".to_owned()),
            ("EFFECTIVE_PASSWORD", cipher("sap/password")),
            ("EFFECTIVE_SYSTEMID", "PB1".to_owned()),
        ],
    )
}

/// Integrations without anything to clean: what is exposed, and a reference that is used as designed.
fn plain(module: i64) -> Vec<Row> {
    vec![
        Row::new("OSSYS_REST_WEB_REFERENCE")
            .set("ID", 12)
            .set("ESPACE_ID", module)
            .set("IS_ACTIVE", true)
            .set("NAME", "Weather")
            .set("SS_KEY", guid("rest/Weather"))
            .set("PASSWORD", secret("rest/weather"))
            .keep(
                "rest/public-service",
                "a service outside that is called as designed",
                "URL",
                "https://weather.example.org/v1",
            ),
        Row::new("ossys_Rest_Expose")
            .set("ID", 51)
            .set("ESPACE_ID", module)
            .set("URL", "/Partner_IS/rest/Inbound")
            .set("NAME", "Inbound")
            .set("SS_KEY", guid("expose/Inbound"))
            .set("IS_ACTIVE", true),
        Row::new("ossys_Web_Service")
            .set("ID", 61)
            .set("ESPACE_ID", module)
            .set("IS_ACTIVE", true)
            .set("NAME", "DirectoryLogin")
            .set("SS_KEY", guid("web-service/DirectoryLogin")),
    ]
}
