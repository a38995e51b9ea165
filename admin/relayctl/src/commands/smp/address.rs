//! Where the server is and who it is.

use relay_smp::admin::{paths, show, types};
use serde_json::json;

use super::{Context, Offline, Outcome, Verdict, qr};
use crate::cli;
use crate::failure::Failure;

pub(super) async fn show(wanted: &cli::Address, context: &Context) -> Outcome {
    let known = find(context).await?;
    let address = if wanted.public {
        &known.public_address
    } else {
        &known.address
    };
    if !known.has_hosts {
        context.output.progress(
            "this address is of use on this machine only; set smp.hosts to the names under which clients reach it",
        );
    }
    let code = wanted
        .qr
        .then(|| qr::draw(address, context.output))
        .transpose()?;
    let text = || match &code {
        Some(code) => format!("{code}\n{address}"),
        None => address.clone(),
    };
    context.output.answer(&known, text)?;
    Ok(Verdict::Good)
}

pub(super) async fn fingerprint(context: &Context) -> Outcome {
    let fingerprint = find(context).await?.fingerprint;
    let answer = json!({ "fingerprint": fingerprint });
    context.output.answer(&answer, || fingerprint.clone())?;
    Ok(Verdict::Good)
}

/// From the daemon, which knows what it listens on; else from files.
async fn find(context: &Context) -> Result<types::Address, Failure> {
    let asked = match context.daemon()?.get(paths::ADDRESS).await {
        Ok(address) => return Ok(address),
        Err(error) => Failure::from(error),
    };
    let offline = Offline::look(context)?;
    let address = show::address(&offline.config, &offline.folder);
    address.map_err(|error| offline.neither(&error, &asked))
}
