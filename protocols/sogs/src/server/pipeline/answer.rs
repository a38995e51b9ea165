//! What an endpoint answers, before anybody knows what it is sent in.

use axum::body::{Body, Bytes};
use axum::http::header::{ALLOW, CONTENT_TYPE};
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, Response, StatusCode};
use http_body_util::{BodyExt, Collected};
use serde::Serialize;

use crate::private::private_debug;
use crate::wire::{JSON, OCTETS, Refusal, SubResponse, onion};

/// An answer.
pub struct Answer {
    /// The status.
    pub status: StatusCode,
    /// What the content is, literally as clients compare it; `None` if there is none.
    pub content_type: Option<&'static str>,
    /// Everything else to say; seldom anything.
    pub headers: HeaderMap,
    /// The content.
    pub content: Content,
}

/// What is answered.
pub enum Content {
    /// Bytes at hand.
    Bytes(Bytes),
    /// So many bytes, from a file.
    Stream {
        /// How many.
        len: u64,
        /// Where they come from.
        body: Body,
    },
}

impl Answer {
    /// A value in JSON.
    pub fn json(value: &impl Serialize) -> Self {
        Self::json_with(StatusCode::OK, value)
    }

    /// Something that is there now, in JSON.
    pub fn created(value: &impl Serialize) -> Self {
        Self::json_with(StatusCode::CREATED, value)
    }

    /// A value in JSON.
    pub fn json_with(status: StatusCode, value: &impl Serialize) -> Self {
        match serde_json::to_vec(value) {
            Ok(bytes) => Self::json_bytes(status, bytes),
            Err(_) => Refusal::Broken.into(),
        }
    }

    /// Bytes that are JSON already.
    pub fn json_bytes(status: StatusCode, bytes: impl Into<Bytes>) -> Self {
        Self {
            status,
            content_type: Some(JSON),
            headers: HeaderMap::new(),
            content: Content::Bytes(bytes.into()),
        }
    }

    /// `{}`: it is done.
    pub fn done() -> Self {
        Self::json_bytes(StatusCode::OK, Bytes::from_static(b"{}"))
    }

    /// 304 without a body: nothing new.
    pub fn nothing_new() -> Self {
        Self::empty(StatusCode::NOT_MODIFIED)
    }

    /// A status without a body.
    pub fn empty(status: StatusCode) -> Self {
        Self {
            status,
            content_type: None,
            headers: HeaderMap::new(),
            content: Content::Bytes(Bytes::new()),
        }
    }

    /// Bytes as a file.
    pub fn octets(content: Content) -> Self {
        Self {
            status: StatusCode::OK,
            content_type: Some(OCTETS),
            headers: HeaderMap::new(),
            content,
        }
    }

    /// The methods an endpoint knows.
    pub fn options(methods: &[Method]) -> Self {
        let mut answer = Self::empty(StatusCode::OK);
        let mut names: Vec<_> = methods.iter().map(Method::as_str).collect();
        names.push("OPTIONS");
        if methods.contains(&Method::GET) {
            names.push("HEAD");
        }
        let names = HeaderValue::from_str(&names.join(", "));
        answer
            .headers
            .extend(names.ok().map(|names| (ALLOW, names)));
        answer
    }

    /// 405, with the methods an endpoint knows.
    pub fn wrong_method(methods: &[Method]) -> Self {
        Self {
            headers: Self::options(methods).headers,
            ..Refusal::WrongMethod.into()
        }
    }

    /// With one more header.
    #[must_use]
    pub fn with(mut self, name: HeaderName, value: HeaderValue) -> Self {
        self.headers.insert(name, value);
        self
    }

    /// Without its content, for `HEAD`.
    #[must_use]
    pub fn without_content(mut self) -> Self {
        self.content = Content::Bytes(Bytes::new());
        self
    }

    /// As the answer of a request inside another. Files are read whole; none that is longer than
    /// what holds the answer can be is.
    pub async fn into_part(self) -> SubResponse {
        let content = match self.content {
            Content::Bytes(bytes) => Some(bytes),
            Content::Stream { len, .. } if len > onion::MAX_BODY as u64 => None,
            Content::Stream { body, .. } => body.collect().await.ok().map(Collected::to_bytes),
        };
        let Some(body) = content else {
            return SubResponse::from(Refusal::Unavailable);
        };
        let (status, mut headers) = (self.status, self.headers);
        let content_type = self.content_type.map(HeaderValue::from_static);
        headers.extend(content_type.map(|value| (CONTENT_TYPE, value)));
        SubResponse {
            status,
            headers,
            body,
        }
    }

    /// As an answer over HTTP.
    pub fn into_response(self) -> Response<Body> {
        let body = match self.content {
            Content::Bytes(bytes) => Body::from(bytes),
            Content::Stream { body, .. } => body,
        };
        let mut response = Response::new(body);
        *response.status_mut() = self.status;
        *response.headers_mut() = self.headers;
        let content_type = self.content_type.map(HeaderValue::from_static);
        let content_type = content_type.map(|value| (CONTENT_TYPE, value));
        response.headers_mut().extend(content_type);
        response
    }
}

impl From<Refusal> for Answer {
    fn from(refusal: Refusal) -> Self {
        Self {
            status: refusal.status(),
            content_type: Some(crate::wire::PLAIN_TEXT),
            headers: HeaderMap::new(),
            content: Content::Bytes(refusal.to_string().into()),
        }
    }
}

private_debug!(Answer, Content);
