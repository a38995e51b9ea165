//! `/legacy/…`: the API of 2021.

use super::{Answered, Ask, Server};
use crate::wire::Refusal;

impl Server {
    #[expect(clippy::unused_async, reason = "it will ask the tables")]
    pub(super) async fn legacy(&self, _path: &str, _ask: Ask) -> Answered {
        Err(Refusal::NotFound)
    }
}
