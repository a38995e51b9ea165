//! What the web pages of all relays share: the frame around them, their style, headers that keep
//! them to themselves, and QR codes.
//!
//! - [`Theme`]: the files pages load, the operator's in place of the built-in ones;
//! - [`Frame`] and [`Page`]: what stands around a page, and the page in it;
//! - [`secure`]: nothing is loaded from elsewhere, and browsers are told to refuse it;
//! - [`QrCode`]: as SVG, PNG, or text for terminals.
//!
//! Promises: no name in a request ever becomes a path; without script every page says what it has to
//! say; light or dark is as the visitor's system has it. A relay brings the templates of what its
//! pages are about, and knows nothing of another's.

mod headers;
mod page;
mod png;
mod qr;
mod theme;

pub use self::headers::{POLICY, Robots, robots_txt, secure};
pub use self::page::{Frame, Page, Problem};
pub use self::qr::{QrCode, TooLong};
pub use self::theme::{BuiltIn, Theme, ThemeError};
