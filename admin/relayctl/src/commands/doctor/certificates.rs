//! Certificates of the web's kind: until when they hold.

use std::path::Path;
use std::time::Duration;

use relay_admin::types::WebCertificate;
use relay_core::clock::{Clock as _, SystemClock, UnixTime};
use relay_core::web::Source;
use x509_cert::Certificate;
use x509_cert::der::{Decode as _, DecodePem as _};

use super::ground::Ground;
use super::report::Section;
use crate::time;

/// What renews itself has done so by then.
const NOTICE: Duration = Duration::from_hours(14 * 24);

const ADVICE: &str = "renew it, and see why that did not happen by itself";

pub(super) fn check(ground: &Ground, found: &mut Section<'_>) {
    let shown = ground.daemon.as_ref().ok();
    let shown = shown.and_then(|status| status.web_certificate.as_ref());
    if let Some(shown) = shown {
        of_web(shown, found);
    }
    let Some(blueprint) = &ground.configuration.blueprint else {
        return found.unknown("certificates");
    };
    let (admin, metrics) = (&blueprint.admin, &blueprint.metrics);
    let web = &blueprint.web.certificate;
    let web = web.as_ref().filter(|_| shown.is_none());
    let others = [&admin.tls_certificate, &metrics.tls_certificate];
    for file in others.into_iter().flatten().chain(web) {
        of_file(file, found);
    }
}

/// What the daemon shows browsers.
fn of_web(shown: &WebCertificate, found: &mut Section<'_>) {
    if shown.source == Source::SelfSigned.label() {
        return found.warning(
            "the certificate of the web ports signs itself: no browser believes it",
            "until there is a proper one this is so; `relayctl worker list` says what web.acme or web.certificate waits for",
        );
    }
    let end = UnixTime::from_secs(shown.not_after);
    let whose = format!("the web ports ({})", shown.names.join(", "));
    judge_end(&whose, end, found);
}

/// The first one in a file; that it can be used at all is another check's.
fn of_file(path: &Path, found: &mut Section<'_>) {
    let Ok(pem) = std::fs::read(path) else { return };
    if let Ok(certificate) = Certificate::from_pem(&pem) {
        judge_end(&path.display().to_string(), end(&certificate), found);
    }
}

/// One that a server showed.
pub(super) fn judge(host: &str, der: &[u8], found: &mut Section<'_>) {
    if let Ok(certificate) = Certificate::from_der(der) {
        judge_end(host, end(&certificate), found);
    }
}

fn end(certificate: &Certificate) -> UnixTime {
    let until = certificate.tbs_certificate().validity().not_after;
    let secs = until.to_unix_duration().as_secs();
    UnixTime::from_secs(i64::try_from(secs).unwrap_or(i64::MAX))
}

fn judge_end(whose: &str, end: UnixTime, found: &mut Section<'_>) {
    let (now, until) = (SystemClock.now(), time::stamp(end.secs()));
    if end <= now {
        found.problem(
            format!("the certificate of {whose} has expired at {until} UTC"),
            ADVICE,
        );
    } else if end.since(now) < NOTICE {
        found.warning(
            format!("the certificate of {whose} expires at {until} UTC"),
            ADVICE,
        );
    } else {
        found.ok(format!(
            "the certificate of {whose} is valid until {until} UTC"
        ));
    }
}
