//! What goes over the wire: parsing what clients send, making what they expect to get.
//!
//! Pure and synchronous. Every parser has a limit, never panics and gives a type that cannot be
//! wrong any more; every reply has the names, the omissions and the number formats today's
//! clients rely on.

pub mod auth;
pub mod batch;
pub mod bencode;
pub mod capabilities;
pub mod content;
pub mod disposition;
mod encoding;
pub mod inbox;
pub mod json;
pub mod legacy;
pub mod messages;
pub mod moderation;
pub mod onion;
pub mod padding;
pub mod permissions;
pub mod reactions;
pub mod refusal;
pub mod rooms;
pub mod subrequest;
pub mod target;

pub use self::encoding::{Base64, decode_base64, encode_base64, hex_or_base64};
pub use self::refusal::{AuthError, Refusal};
pub use self::subrequest::{SubRequest, SubResponse};
pub use self::target::{ListLimits, Target};

/// The content type of replies in JSON. Desktop compares it literally: no charset.
pub const JSON: &str = "application/json";

/// The content type of errors. Desktop compares it literally.
pub const PLAIN_TEXT: &str = "text/plain; charset=utf-8";

/// The content type of files and of bodies nobody named a type for.
pub const OCTETS: &str = "application/octet-stream";

/// The largest JSON body that is read, batches excepted: those carry files, and may be as long as
/// [`onion::MAX_BODY`].
pub const MAX_JSON: usize = 1024 * 1024;
