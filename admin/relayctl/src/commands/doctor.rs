//! `relayctl doctor`
use super::{Context, Outcome, Verdict};
use crate::cli::Doctor;
#[expect(clippy::unused_async)]
pub(super) async fn run(_: &Doctor, _: &Context) -> Outcome {
    Ok(Verdict::Good)
}
