//! `/capabilities`.

use super::pipeline::answer::Answer;
use super::{Ask, Server};
use crate::wire::capabilities::Capabilities;

impl Server {
    pub(super) fn capabilities(&self, ask: &Ask) -> Answer {
        let blinded = self.config.get().auth.require_blinded_ids;
        let required = ask.target.parameter("required").unwrap_or_default();
        let capabilities = Capabilities::new(blinded, &required);
        Answer::json_with(capabilities.status(), &capabilities)
    }
}
