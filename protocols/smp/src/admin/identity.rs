//! The routes about the server's identity.

use axum::Json;
use axum::extract::State;
use axum::response::IntoResponse;
use relay_admin::server::audit::Detail;
use relay_admin::server::problem::{Body, Refusal};

use super::types::{Address, Certificates, Rotation};
use super::{Desk, show};
use crate::identity::{IdentityError, NewLeaf};
use crate::wire;

pub(super) async fn address(State(desk): State<Desk>) -> Json<Address> {
    let has_hosts = !desk.settings.now().hosts.is_empty();
    Json(show::address_of(desk.address(), has_hosts))
}

pub(super) async fn certificate(State(desk): State<Desk>) -> Json<Certificates> {
    let keeper = &desk.keeper;
    Json(show::certificates(&keeper.identity(), keeper.folder()))
}

/// Files are written on a thread that may wait.
pub(super) async fn rotate(
    State(desk): State<Desk>,
    Body(wanted): Body<Rotation>,
) -> Result<impl IntoResponse, Refusal> {
    let is_wrong = |name: &String| !wire::Address::is_host(name);
    if wanted.name.as_ref().is_some_and(is_wrong) {
        let reason = "the name must be a host like smp.example.org, without a port";
        return Err(Refusal::Invalid(reason.to_owned()));
    }
    let new = NewLeaf {
        key_kind: wanted.key_kind,
        name: wanted.name,
    };
    let keeper = desk.keeper.clone();
    let rotated = tokio::task::spawn_blocking(move || keeper.rotate(&new));
    let rotated = rotated.await.map_err(|_| {
        Refusal::Unavailable("the certificate was not issued; see the log of relayd".to_owned())
    })?;
    rotated.map_err(|error: IdentityError| Refusal::Conflict(error.to_string()))?;
    let shown = certificate(State(desk)).await;
    let detail = shown.chain.first().map_or_else(String::new, |leaf| {
        format!("{}, sha256 {}", leaf.name, leaf.sha256)
    });
    Ok(Detail(detail).with(shown))
}
