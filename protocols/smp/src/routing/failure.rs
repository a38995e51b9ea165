//! Why a relay was not reached, or did not answer: what the client hears, and what is counted.

use crate::client::{CallError, ConnectError, ForwardError};
use crate::session::HandshakeFailure;
use crate::wire::{BrokerError, Encode, Error, HandshakeError, ProxyError, TransportError};

/// What went wrong between this proxy and a relay.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) enum Failure {
    /// Something here.
    Internal,
    /// There is no host that may be connected to.
    Host,
    /// No connection, or it broke.
    Network,
    /// No answer in time, or no place to wait for one.
    Timeout,
    /// The relay's transport is not as it should be.
    Transport(TransportError),
    /// The relay refused.
    Protocol(Error),
    /// The relay said something that cannot be read.
    Response(Error),
    /// The relay said something else.
    Unexpected(&'static str),
    /// The relay's layer does not open.
    Crypto,
}

/// How a request counts in statistics.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Outcome {
    Success,
    Connect,
    Compat,
    Other,
}

impl Failure {
    /// What the client is told.
    pub(crate) fn error(&self) -> Error {
        let broker = match self {
            Self::Internal => return Error::Internal,
            Self::Crypto => return Error::Crypto,
            Self::Protocol(error) => return proxy(ProxyError::Protocol(error.clone())),
            Self::Host => BrokerError::Host,
            Self::Network => BrokerError::Network,
            Self::Timeout => BrokerError::Timeout,
            Self::Transport(error) => BrokerError::Transport(*error),
            Self::Response(error) => BrokerError::Response(text(error)),
            Self::Unexpected(tag) => BrokerError::Unexpected((*tag).to_owned()),
        };
        proxy(ProxyError::Broker(broker))
    }

    /// Of a `PRXY`.
    pub(crate) fn of_session(&self) -> Outcome {
        match self {
            Self::Network | Self::Timeout | Self::Internal => Outcome::Connect,
            Self::Transport(TransportError::Version | TransportError::NoAuth) => Outcome::Compat,
            _ => Outcome::Other,
        }
    }

    /// Of a `PFWD`: what a relay refuses has been passed on.
    pub(crate) fn of_message(&self) -> Outcome {
        match self {
            Self::Protocol(_) => Outcome::Success,
            _ => Outcome::Other,
        }
    }
}

/// What a client hears of a `PRXY` without the password.
pub(crate) fn no_password() -> Error {
    proxy(ProxyError::BasicAuth)
}

/// What a client hears of a `PFWD` to nobody.
pub(crate) fn no_session() -> Error {
    proxy(ProxyError::NoSession)
}

fn proxy(error: ProxyError) -> Error {
    Error::Proxy(Box::new(error))
}

fn text(error: &Error) -> String {
    let bytes = error.to_bytes().unwrap_or_default();
    String::from_utf8_lossy(&bytes).into_owned()
}

impl From<ConnectError> for Failure {
    fn from(error: ConnectError) -> Self {
        match error {
            ConnectError::Setup(_) => Self::Internal,
            ConnectError::Handshake(failure) => Self::Transport(transport(failure)),
            ConnectError::Io(_)
            | ConnectError::Tls(_)
            | ConnectError::TimedOut
            | ConnectError::Closed => Self::Network,
        }
    }
}

fn transport(failure: HandshakeFailure) -> TransportError {
    match failure {
        HandshakeFailure::Malformed => TransportError::Handshake(HandshakeError::Parse),
        HandshakeFailure::Version => TransportError::Version,
        HandshakeFailure::SessionId => TransportError::Session,
        HandshakeFailure::NoKey => TransportError::NoAuth,
        HandshakeFailure::TooLarge => TransportError::LargeMsg,
        HandshakeFailure::Service => TransportError::Handshake(HandshakeError::BadService),
        HandshakeFailure::Identity | HandshakeFailure::Signature | HandshakeFailure::Secret => {
            TransportError::Handshake(HandshakeError::BadAuth)
        }
    }
}

impl From<ForwardError> for Failure {
    fn from(error: ForwardError) -> Self {
        match error {
            // Readers know no routing inside routing.
            ForwardError::Refused(Error::Proxy(_)) => Self::Unexpected("ERR PROXY"),
            ForwardError::Refused(error) => Self::Protocol(error),
            ForwardError::Unread(error) => Self::Response(error),
            ForwardError::Unexpected(tag) => Self::Unexpected(tag),
            ForwardError::Unopened => Self::Crypto,
            ForwardError::NoKey => Self::Transport(TransportError::NoAuth),
            ForwardError::Call(CallError::TimedOut) => Self::Timeout,
            ForwardError::Call(CallError::TooLarge) => Self::Transport(TransportError::LargeMsg),
            ForwardError::Call(_) => Self::Network,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::CommandError;

    fn told(failure: impl Into<Failure>) -> String {
        text(&failure.into().error())
    }

    #[test]
    fn every_failure_has_its_words() {
        let syntax = || Error::Cmd(CommandError::Syntax);
        for (failure, words) in [
            (Failure::Internal, "INTERNAL"),
            (Failure::Crypto, "CRYPTO"),
            (Failure::Host, "PROXY BROKER HOST"),
            (Failure::Network, "PROXY BROKER NETWORK"),
            (Failure::Timeout, "PROXY BROKER TIMEOUT"),
            (
                Failure::Transport(TransportError::Version),
                "PROXY BROKER TRANSPORT VERSION",
            ),
            (Failure::Protocol(Error::Crypto), "PROXY PROTOCOL CRYPTO"),
            (
                Failure::Response(syntax()),
                "PROXY BROKER RESPONSE \nCMD SYNTAX",
            ),
            (
                Failure::Unexpected("PONG"),
                "PROXY BROKER UNEXPECTED \u{4}PONG",
            ),
        ] {
            assert_eq!(told(failure), words);
        }
    }

    #[test]
    fn what_a_client_cannot_read_is_not_passed_on() {
        let nested = ForwardError::Refused(no_session());
        assert_eq!(told(nested), "PROXY BROKER UNEXPECTED \tERR PROXY");
        let refused = ForwardError::Refused(Error::Auth);
        assert_eq!(told(refused), "PROXY PROTOCOL AUTH");
    }

    #[test]
    fn handshakes_fail_in_the_transports_words() {
        for (failure, words) in [
            (HandshakeFailure::Malformed, "HANDSHAKE PARSE"),
            (HandshakeFailure::Version, "VERSION"),
            (HandshakeFailure::NoKey, "NO_AUTH"),
            (HandshakeFailure::Signature, "HANDSHAKE BAD_AUTH"),
            (HandshakeFailure::SessionId, "SESSION"),
        ] {
            let told = told(ConnectError::Handshake(failure));
            assert_eq!(told, format!("PROXY BROKER TRANSPORT {words}"));
        }
        assert_eq!(told(ConnectError::Closed), "PROXY BROKER NETWORK");
    }
}
