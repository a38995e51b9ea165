//! What the store and the rules say, as operators are told it.

use relay_admin::server::problem::Refusal;

use crate::crypto::SessionId;
use crate::store::StoreError;
use crate::wire;

impl From<StoreError> for Refusal {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Refused(wire::Refusal::NotFound) => {
                Self::NotFound("there is no such thing; it may just have gone".to_owned())
            }
            StoreError::Refused(refusal) => Self::Conflict(format!("the rules say no: {refusal}")),
            StoreError::Read(error) => error.into(),
            StoreError::Write(error) => error.into(),
        }
    }
}

/// An id as an operator wrote it.
pub(super) fn id(text: &str) -> Result<SessionId, Refusal> {
    let id = text.trim().parse();
    id.map_err(|_| {
        Refusal::Invalid(format!(
            "`{text}` is no id: 05, 15 or 25, and 64 hex digits after it"
        ))
    })
}

/// Some ids, and at least one.
pub(super) fn ids(texts: &[String]) -> Result<Vec<SessionId>, Refusal> {
    if texts.is_empty() {
        return Err(Refusal::Invalid("name at least one id".to_owned()));
    }
    texts.iter().map(|text| id(text)).collect()
}
