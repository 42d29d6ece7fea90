//! One row of each family of logs, in the log database and among the old logs of the platform database.

use crate::RemovedIn::{Documented, Extra};
use crate::moment::{BASE, DAY, HOUR, Moment};
use crate::names::{FRONT_END_HOST, FRONT_ENDS, INTERNAL_HOST, PUBLIC_HOST};
use crate::random::{guid, hex};
use crate::row::{Place, Row};

/// The table of a family that a moment's rows are in.
pub(crate) fn table(family: &str, at: Moment) -> String {
    format!("oslog_{family}_{}", at.cycle() % 10)
}

pub(crate) fn rows() -> Vec<Row> {
    let mut rows = of_database(Place::Log, BASE.before(HOUR));
    // The platform database kept the logs of the time before it had a log database.
    rows.extend(of_database(Place::Platform, BASE.before(400 * DAY)));
    rows
}

struct Log {
    place: Place,
    at: Moment,
    name: &'static str,
}

impl Log {
    fn id(&self, what: &str) -> String {
        format!("log/{}-{what}", self.name)
    }

    /// A value that is only in this database.
    fn unique(&self, what: &str) -> String {
        format!("PLANTED-{}-{what}", self.name)
    }

    fn row(&self, family: &str) -> Row {
        Row::new(table(family, self.at)).at(self.place)
    }

    fn instant(&self, family: &str) -> Row {
        self.row(family)
            .set("Instant", self.at)
            .set("Tenant_Id", 2)
            .set("Espace_Id", 31)
            .set("Cycle", self.at.cycle())
    }
}

fn of_database(place: Place, at: Moment) -> Vec<Row> {
    let log = Log {
        place,
        at,
        name: match place {
            Place::Log => "current",
            Place::Platform | Place::Catalog => "old",
        },
    };
    let mut rows = general(&log).to_vec();
    rows.extend(errors(&log));
    rows.extend(integrations(&log));
    rows.extend(requests(&log));
    rows.extend(work(&log));
    rows.push(
        Row::new("oslog_Parameter")
            .at(place)
            .set("Id", 1)
            .set("Name", "Cycle")
            .set("Val", at.cycle().to_string()),
    );
    rows
}

fn general(log: &Log) -> [Row; 2] {
    let row = || {
        log.instant("General")
            .set("Session_Id", hex(&log.id("session"), 24))
            .set("Message_Type", "Info")
            .set("Module_Name", "Users")
    };
    [
        row().set("Client_IP", "198.51.100.91").plant(
            Documented,
            log.id("login"),
            "who logged in to the source, in its log",
            "Message",
            format!("Login (planted.{}@example.com) accepted", log.name),
        ),
        row()
            .plant(
                Extra,
                log.id("general"),
                "a line of the general log that names a front-end",
                "Message",
                format!("Deployed to {} ({})", FRONT_ENDS[0].name, log.name),
            )
            .plant(
                Extra,
                log.id("general-client"),
                "the address of someone who used the source",
                "Client_IP",
                format!("198.51.100.{}", 100 + log.name.len()),
            ),
    ]
}

fn errors(log: &Log) -> [Row; 2] {
    let id = guid(&log.id("error"));
    [
        log.instant("Error")
            .set("Id", id.clone())
            .set("Session_Id", hex(&log.id("error"), 24))
            .set("Module_Name", "Orders_CS")
            .set("Stack", "at Orders.Actions.Send()")
            .set("Server", FRONT_ENDS[1].name)
            .plant(
                Extra,
                log.id("error"),
                "an error that names an address of the source",
                "Message",
                format!("No answer from https://{FRONT_END_HOST}/{}", log.name),
            ),
        log.row("Error_Detail").set("Id", id).plant(
            Extra,
            log.id("error-detail"),
            "the details of an error, with the source's servers",
            "FullStackTrace",
            format!(
                "{}\n at {} ({})",
                log.unique("trace"),
                FRONT_ENDS[1].name,
                FRONT_ENDS[1].address
            ),
        ),
    ]
}

fn integrations(log: &Log) -> Vec<Row> {
    let id = guid(&log.id("integration"));
    vec![
        log.instant("Integration")
            .set("Id", id.clone())
            .set("Duration", 120)
            .set("Source", FRONT_ENDS[0].address)
            .set("Action", "PartnerApi.Send")
            .set("Type", "REST (Consume)")
            .set("Executed_by", FRONT_ENDS[0].name)
            .plant(
                Extra,
                log.id("integration"),
                "a call that the source made",
                "Endpoint",
                format!("https://api.partner.example.net/v2/{}", log.name),
            ),
        log.row("Int_Detail")
            .set("Id", id)
            .set("Tenant_Id", 2)
            .set("Cycle", log.at.cycle())
            .set("DetailLabel", "HTTP Trace")
            .set("Message", "sent")
            .plant(
                Extra,
                log.id("integration-detail"),
                "what the source sent",
                "Detail",
                format!("POST /v2/{} key={}", log.name, log.unique("key")),
            ),
        log.instant("Web_Reference")
            .set("Method", "Lookup")
            .set("Executed_by", FRONT_ENDS[0].name)
            .plant(
                Extra,
                log.id("web-reference"),
                "a web service that the source called",
                "URL",
                format!("http://{INTERNAL_HOST}/Stock.asmx?{}", log.name),
            ),
        log.instant("Web_Service")
            .set("Name", "DirectoryLogin")
            .set("Client_IP", "198.51.100.7")
            .set("Executed_by", FRONT_ENDS[1].name)
            .plant(
                Extra,
                log.id("web-service"),
                "a web service of the source that was called",
                "Method",
                log.unique("method"),
            ),
        log.instant("Extension")
            .set("Action_Name", "ErpConnector.Read")
            .set("Session_Id", hex(&log.id("extension"), 24))
            .set("Extension_Id", 9)
            .set("Executed_By", FRONT_ENDS[0].name)
            .plant(
                Extra,
                log.id("extension"),
                "a call into another system of the source",
                "Request_Key",
                guid(&log.id("extension")),
            ),
    ]
}

fn requests(log: &Log) -> Vec<Row> {
    let id = guid(&log.id("mobile"));
    vec![
        log.instant("mobile_request")
            .set("Id", id.clone())
            .set("Screen", "Visits")
            .set("Source", "198.51.100.8")
            .set("Executed_by", FRONT_ENDS[0].name)
            .set("User_Id", 1000)
            .plant(
                Extra,
                log.id("mobile-request"),
                "a request of a mobile app to the source",
                "Endpoint",
                format!("https://{PUBLIC_HOST}/FieldVisits/{}", log.name),
            )
            .plant(
                Extra,
                log.id("mobile-login"),
                "the session of someone who used the source",
                "Login_Id",
                hex(&log.id("mobile-login"), 40),
            ),
        log.row("MR_Detail")
            .set("Id", id)
            .set("Tenant_Id", 2)
            .set("Cycle", log.at.cycle())
            .set("DetailLabel", "Body")
            .plant(
                Extra,
                log.id("mobile-detail"),
                "what a mobile app sent",
                "Detail",
                format!("{{\"signature\":\"{}\"}}", log.unique("signature")),
            ),
        log.row("RequestEvent")
            .set("INSTANT", log.at)
            .set("REQUESTKEY", guid(&log.id("event-key")))
            .set("REQUESTEVENTNAME", "WebScreenServerExecuted")
            .set("MODULEKEY", guid("Orders_Portal"))
            .set("MODULENAME", "Orders_Portal")
            .set("APPLICATIONKEY", guid("Orders"))
            .set("APPLICATIONNAME", "Orders")
            .set("CYCLE", log.at.cycle())
            .plant(
                Extra,
                log.id("request-event"),
                "a measured request to the source",
                "EVENTDETAILS",
                format!(
                    "{{\"server\":\"{}\",\"{}\":1}}",
                    FRONT_ENDS[0].name, log.name
                ),
            ),
        log.instant("Screen")
            .set("Screen", "Orders.Home")
            .set("Session_Id", hex(&log.id("screen"), 24))
            .set("User_Id", 1000)
            .set("Screen_Type", "WEB")
            .set("Executed_By", FRONT_ENDS[1].name)
            .plant(
                Extra,
                log.id("screen-client"),
                "the address of someone who used the source",
                "Client_IP",
                format!("198.51.100.{}", 200 + log.name.len()),
            ),
    ]
}

fn work(log: &Log) -> [Row; 2] {
    [
        log.instant("Cyclic_Job")
            .set("Duration", 42)
            .set("Executed_By", FRONT_ENDS[0].name)
            .set("Should_Have_Run_At", log.at)
            .set("Next_Run", log.at.after(DAY))
            .plant(
                Extra,
                log.id("timer"),
                "a timer that ran on the source",
                "Request_Key",
                guid(&log.id("timer")),
            ),
        log.instant("Sms")
            .set("Message", "Your code is 000000")
            .set("Message_Id", guid(&log.id("sms")))
            .set("Type", "MT")
            .plant(
                Extra,
                log.id("sms"),
                "a telephone number that the source wrote to",
                "MSISDN",
                format!("+1555010{:04}", log.name.len()),
            ),
    ]
}
