//! The server's certificates.

use relay_core::clock::{Clock as _, SystemClock};
use relay_smp::admin::types::{Certificate, Certificates, Rotation};
use relay_smp::admin::{paths, show};

use super::{Context, Offline, Outcome, Verdict};
use crate::cli::{Cert, Rotate};
use crate::failure::Failure;
use crate::output::{harmless, table};
use crate::time;

pub(super) async fn run(command: Cert, context: &Context) -> Outcome {
    match command {
        Cert::Show => shown(context).await,
        Cert::Rotate(wanted) => rotate(wanted, context).await,
    }
}

async fn shown(context: &Context) -> Outcome {
    let certificates = find(context).await?;
    context
        .output
        .answer(&certificates, || text(&certificates))?;
    Ok(Verdict::Good)
}

async fn rotate(wanted: Rotate, context: &Context) -> Outcome {
    let wanted = Rotation {
        key_kind: wanted.key_kind.map(Into::into),
        name: wanted.name,
    };
    let daemon = context.daemon()?;
    let certificates: Certificates = daemon.post(paths::ROTATION, &wanted).await?;
    context
        .output
        .answer(&certificates, || text(&certificates))?;
    Ok(Verdict::Good)
}

async fn find(context: &Context) -> Result<Certificates, Failure> {
    let asked = match context.daemon()?.get(paths::CERTIFICATE).await {
        Ok(certificates) => return Ok(certificates),
        Err(error) => Failure::from(error),
    };
    let offline = Offline::look(context)?;
    let identity = offline.folder.load(SystemClock.now());
    let identity = identity.map_err(|error| offline.neither(&error, &asked))?;
    Ok(show::certificates(&identity, &offline.folder))
}

fn text(certificates: &Certificates) -> String {
    let header = ["CERTIFICATE", "NAME", "KEY", "VALID FROM (UTC)", "UNTIL"];
    let table = table(header, certificates.chain.iter().map(row));
    let ca_key = if certificates.has_ca_key {
        "ca.key is here too: move it to a safe place, and back to issue a new certificate"
    } else {
        "ca.key is not here: put it back to issue a new certificate"
    };
    let folder = certificates.folder.display().to_string();
    let fingerprint = harmless(&certificates.fingerprint);
    format!(
        "{table}\n\nfingerprint {fingerprint}\nfolder      {}\n{ca_key}",
        harmless(&folder)
    )
}

fn row(certificate: &Certificate) -> [String; 5] {
    let kind = serde_json::to_value(certificate.key_kind).unwrap_or_default();
    [
        certificate.role.clone(),
        certificate.name.clone(),
        kind.as_str().unwrap_or_default().to_owned(),
        time::stamp(certificate.not_before),
        time::stamp(certificate.not_after),
    ]
}
