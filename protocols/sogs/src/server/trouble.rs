//! What the store says, as callers are told it.

use relay_storage::{ReadError, WriteError};

use crate::files::ReceiveError;
use crate::store::StoreError;
use crate::wire::Refusal;

impl From<StoreError> for Refusal {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Refused(refusal) => refusal,
            StoreError::Read(ReadError::Unavailable(_))
            | StoreError::Write(
                WriteError::Closed
                | WriteError::OutcomeUnknown(_)
                | WriteError::Overloaded
                | WriteError::Unavailable(_),
            ) => Self::Unavailable,
            mistake => {
                tracing::error!("a request cannot be answered: {mistake}");
                Self::Broken
            }
        }
    }
}

impl From<ReceiveError> for Refusal {
    fn from(error: ReceiveError) -> Self {
        match error {
            ReceiveError::TooLarge => Self::TooLarge,
            ReceiveError::Broken => Self::Malformed,
            ReceiveError::NoSpace => Self::Unavailable,
            ReceiveError::Disk(error) => {
                tracing::error!("an upload cannot be kept: {error}");
                Self::Unavailable
            }
        }
    }
}
