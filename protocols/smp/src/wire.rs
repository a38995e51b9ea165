//! The wire: every byte string of the protocol, parsed and written.
//!
//! Pure and synchronous: no socket, no clock, no randomness, no keys. Parsers borrow from the
//! block they read, end in a value or an error whatever they are given, and never panic;
//! encoders write into the block that will leave. What both sides say has one type: the server
//! parses [`Command`]s and encodes [`Response`]s, our client the other way round.
//!
//! A block goes in through [`Batch`] and [`Request`] and comes out of [`BatchWriter`] and
//! [`Reply`]; [`ServerHello`] and [`ClientHello`] come before. What is encrypted on the way is
//! the business of [`crypto`](crate::crypto).

mod address;
mod block;
mod command;
mod error;
mod handshake;
mod identity;
mod info;
mod key;
mod message;
mod read;
mod response;
mod server;
mod short;
mod transmission;
mod version;
mod write;

#[cfg(test)]
pub(crate) mod tests;

pub use address::{Address, from_base64url, to_base64url};
pub use block::{BLOCK, Batch, BatchWriter, FILLER, Framing, TAG, handshake_block, pad, unpad};
pub use command::{Command, LinkData, New, NewLink, NewNotifier, QueueRequest, SubscriptionMode};
pub use error::{
    BlockingInfo, BlockingReason, BrokerError, ClientNotice, CommandError, Error, HandshakeError,
    NameError, ProxyError, TransportError,
};
pub use handshake::{ClientHello, ServerHello, ServiceHello, ServiceResult, ServiceRole};
pub use identity::{CertChain, CertSignature, SignedKey};
pub use info::{MessageInfo, MessageType, QueueInfo, SubscriptionInfo, SubscriptionThread};
pub use key::{AuthKey, DhKey, PublicKey};
pub use message::{
    Message, NotificationMeta, PADDED_FORWARDED, PADDED_MESSAGE, PADDED_NOTIFICATION,
};
pub use read::{Malformed, Reader};
pub use response::{Ids, QueueMode, Response};
pub use server::{IdsDigest, ServerAddress};
pub use short::Short;
pub use transmission::{
    Authorization, Credentials, Draft, Refusal, Reply, Request, Session, Signed,
};
pub use version::{Version, VersionRange};
pub use write::{Encode, TooLarge, Writer, write};
