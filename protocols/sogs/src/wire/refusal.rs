//! Every way a request can be refused, with the status and the words clients know.
//!
//! Bodies are plain text. Some words are load-bearing: clients switch to blinded ids when they
//! read [`AuthError::BlindedOnly`]. Status 425 (and 406) make Desktop stop and complain about the
//! clock, so nothing else may use them.

use axum::http::StatusCode;

/// Why a request's X-SOGS headers do not count, in the order they are checked.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub enum AuthError {
    /// Some of the four headers are there and some are not.
    #[error("Invalid authentication headers: missing {missing}/4 required X-SOGS-* headers")]
    Incomplete {
        /// How many are not.
        missing: u8,
    },
    /// Neither hex nor base64 of 33 bytes.
    #[error("Invalid authentication: X-SOGS-Pubkey is not a valid 66-hex digit id")]
    BadPubkey,
    /// A prefix that does not sign requests.
    #[error("Invalid authentication: X-SOGS-Pubkey must be 00- or 15- prefixed")]
    BadPrefix,
    /// Not a point of the main subgroup.
    #[error("Invalid authentication: given X-SOGS-Pubkey is not a valid Ed25519 pubkey")]
    BadPoint,
    /// A plain key where ids are blinded.
    #[error("Invalid authentication: this server requires the use of blinded ids")]
    BlindedOnly,
    /// Neither hex nor base64 of 16 bytes.
    #[error("Invalid authentication: X-SOGS-Nonce must be 16 bytes (encoded as base64 or hex)")]
    BadNonce,
    /// Neither hex nor base64 of 64 bytes.
    #[error("Invalid authentication: X-SOGS-Signature is not base64[88]")]
    BadSignature,
    /// Not a whole number.
    #[error("Invalid authentication: X-SOGS-Timestamp is not a valid timestamp")]
    BadTimestamp,
    /// More than a day off.
    #[error("Invalid authentication: X-SOGS-Timestamp is too far from current time")]
    TimestampOff,
    /// Somebody else signed, or something else was signed.
    #[error("Invalid authentication: X-SOGS-Signature verification failed")]
    WrongSignature,
    /// The user is banned from the whole server.
    #[error("Banned")]
    Banned,
    /// The request was here before.
    #[error("Invalid authentication: X-SOGS-Nonce cannot be reused")]
    NonceReused,
}

/// Which filter rejected a message.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum FilterKind {
    /// A script the room does not want.
    Alphabet,
    /// A word the room does not want.
    Profanity,
}

/// Why a request is refused.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub enum Refusal {
    /// The caller could not be believed.
    #[error(transparent)]
    Auth(#[from] AuthError),
    /// Anonymous, where somebody must have signed.
    #[error("X-SOGS-* request authentication required")]
    UserRequired,
    /// An unblinded id, where only blinded ones have an inbox.
    #[error("This endpoint requires blinded pubkeys be used")]
    BlindedRequired,
    /// May not read the room.
    #[error("This endpoint requires room message 'read' permission")]
    ReadRequired,
    /// Is no moderator.
    #[error("This endpoint requires moderator room permissions")]
    ModeratorRequired,
    /// Is no admin.
    #[error("This endpoint requires admin room permissions")]
    AdminRequired,
    /// May not do this.
    #[error("Permission denied")]
    Denied,
    /// No such path, room, post, user or file, or none the caller may know of.
    #[error("Not found")]
    NotFound,
    /// The path exists, for other methods.
    #[error("Method not allowed")]
    WrongMethod,
    /// A body or parameter that says nothing sensible.
    #[error("Bad request")]
    Malformed,
    /// A room image that does not exist or is not of this room.
    #[error("Not acceptable")]
    BadImage,
    /// A body or file over the limit.
    #[error("Too large")]
    TooLarge,
    /// Posting too fast.
    #[error("Rate limited")]
    RateLimited,
    /// A filter that does not keep silent.
    #[error("filtration rejected message ({})", .0.name())]
    Filtered(FilterKind),
    /// The server cannot do it now: its disk is full, its database gone.
    #[error("Service unavailable")]
    Unavailable,
    /// A mistake in the server.
    #[error("Internal error")]
    Broken,
}

impl FilterKind {
    /// As clients and configuration name it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Alphabet => "alphabet",
            Self::Profanity => "profanity",
        }
    }
}

impl AuthError {
    /// The status to answer with.
    pub const fn status(&self) -> StatusCode {
        match self {
            Self::TimestampOff | Self::NonceReused => StatusCode::TOO_EARLY,
            Self::Banned => StatusCode::FORBIDDEN,
            Self::WrongSignature => StatusCode::UNAUTHORIZED,
            _ => StatusCode::BAD_REQUEST,
        }
    }
}

impl Refusal {
    /// The status to answer with.
    pub const fn status(&self) -> StatusCode {
        match self {
            Self::Auth(error) => error.status(),
            Self::UserRequired | Self::BlindedRequired => StatusCode::UNAUTHORIZED,
            Self::ReadRequired | Self::ModeratorRequired | Self::AdminRequired | Self::Denied => {
                StatusCode::FORBIDDEN
            }
            Self::NotFound => StatusCode::NOT_FOUND,
            Self::WrongMethod => StatusCode::METHOD_NOT_ALLOWED,
            Self::Malformed => StatusCode::BAD_REQUEST,
            Self::BadImage => StatusCode::NOT_ACCEPTABLE,
            Self::TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
            Self::RateLimited | Self::Filtered(_) => StatusCode::TOO_MANY_REQUESTS,
            Self::Unavailable => StatusCode::SERVICE_UNAVAILABLE,
            Self::Broken => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn clocks_are_blamed_for_clocks_only() {
        assert_eq!(AuthError::TimestampOff.status(), 425);
        assert_eq!(AuthError::NonceReused.status(), 425);
        assert_eq!(Refusal::BadImage.status(), 406);
        assert_eq!(Refusal::from(AuthError::Banned).status(), 403);
    }

    #[test]
    fn words_are_the_references() {
        let filtered = Refusal::Filtered(FilterKind::Profanity).to_string();
        assert_eq!(filtered, "filtration rejected message (profanity)");
        let auth = Refusal::from(AuthError::Incomplete { missing: 3 }).to_string();
        assert_eq!(
            auth,
            "Invalid authentication headers: missing 3/4 required X-SOGS-* headers"
        );
    }
}
