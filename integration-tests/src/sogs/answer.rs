//! What a server answered, however it came.

use std::collections::BTreeMap;

use serde_json::Value;

/// An answer, and what was asked.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Answer {
    /// Method and target.
    pub asked: String,
    /// The status.
    pub status: u16,
    /// By lower-case name.
    pub headers: BTreeMap<String, String>,
    /// The bytes.
    pub body: Vec<u8>,
}

impl Answer {
    /// A header.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(String::as_str)
    }

    /// The body as text.
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    /// The body of an answer with status 200.
    ///
    /// # Panics
    ///
    /// When it has another, or is no JSON.
    #[track_caller]
    pub fn ok(&self) -> Value {
        self.json(200)
    }

    /// The body of an answer with status 201.
    ///
    /// # Panics
    ///
    /// When it has another, or is no JSON.
    #[track_caller]
    pub fn created(&self) -> Value {
        self.json(201)
    }

    /// The body of an answer with this status, which is JSON and says so as clients want it.
    ///
    /// # Panics
    ///
    /// When it is anything else.
    #[track_caller]
    pub fn json(&self, status: u16) -> Value {
        assert_eq!(self.status, status, "{self}");
        let content = self.header("content-type");
        assert_eq!(content, Some("application/json"), "{self}");
        serde_json::from_slice(&self.body).unwrap_or_else(|error| panic!("{error}: {self}"))
    }

    /// Asserts a refusal: this status, whatever it says, as plain text.
    ///
    /// # Panics
    ///
    /// When it is anything else.
    #[track_caller]
    pub fn refused(&self, status: u16) {
        assert_eq!(self.status, status, "{self}");
        let content = self.header("content-type");
        assert_ne!(content, Some("application/json"), "{self}");
    }

    /// Asserts a refusal in these words, which clients compare.
    ///
    /// # Panics
    ///
    /// When it is anything else.
    #[track_caller]
    pub fn says(&self, status: u16, text: &str) {
        assert_eq!((self.status, &*self.text()), (status, text), "{self}");
        let content = self.header("content-type");
        assert_eq!(content, Some("text/plain; charset=utf-8"), "{self}");
    }
}

impl std::fmt::Display for Answer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let shown: String = self.text().chars().take(600).collect();
        write!(f, "{}: {} {shown:?}", self.asked, self.status)
    }
}
