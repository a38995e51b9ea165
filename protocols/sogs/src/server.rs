//! The server: from requests to answers.
//!
//! [`pipeline`] knows frames, signatures and paths, and nothing of rooms; behind it every resource
//! has a file here.

pub mod pipeline;
