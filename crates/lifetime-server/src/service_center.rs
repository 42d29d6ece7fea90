//! The questions that Service Center answers without a log-in.

use crate::answer::Answer;
use crate::server::Options;
use crate::wire::Request;

pub(crate) fn respond(request: &Request, options: &Options) -> Option<Answer> {
    match (request.method.as_str(), request.path.as_str()) {
        ("GET", "/ServiceCenter/") => Some(Answer::redirect("/ServiceCenter/Login.aspx")),
        ("GET", "/ServiceCenter/Login.aspx") => Some(Answer::new(200, "<html>Log in</html>")),
        ("POST", "/ServiceCenter/OutSystemsPlatform.asmx") => Some(platform_info(request, options)),
        _ => None,
    }
}

fn platform_info(request: &Request, options: &Options) -> Answer {
    if !request.body.contains("GetPlatformInfo") {
        return soap(
            500,
            "<soap:Fault><soap:Reason><soap:Text>unknown operation</soap:Text></soap:Reason></soap:Fault>",
        );
    }
    let (version, serial) = (&options.platform, &options.serial);
    soap(
        200,
        &format!(
            "<GetPlatformInfoResponse xmlns=\"http://www.outsystems.com\"><Version>{version}</Version>\
             <Serial>{serial}</Serial></GetPlatformInfoResponse>"
        ),
    )
}

fn soap(status: u16, body: &str) -> Answer {
    Answer::new(
        status,
        format!(
            "<?xml version=\"1.0\" encoding=\"utf-8\"?><soap:Envelope \
             xmlns:soap=\"http://www.w3.org/2003/05/soap-envelope\"><soap:Body>{body}</soap:Body></soap:Envelope>"
        ),
    )
}
