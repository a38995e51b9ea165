//! Requests inside requests: what comes out of an onion or a batch, and what goes back into it.

use axum::body::Bytes;
use axum::http::header::{CONTENT_LENGTH, CONTENT_TYPE};
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode};
use serde_json::{Map, Value};

use super::{PLAIN_TEXT, Refusal, Target};
use crate::private::private_debug;

/// A request that did not come over a socket of its own. It inherits no headers.
#[derive(Clone, Eq, PartialEq)]
pub struct SubRequest {
    /// Upper case.
    pub method: Method,
    /// Path and query.
    pub target: Target,
    /// Its own headers; a content length among them means nothing and is gone.
    pub headers: HeaderMap,
    /// May be empty.
    pub body: Bytes,
}

/// Its answer.
#[derive(Clone, Eq, PartialEq)]
pub struct SubResponse {
    /// The inner status; the outer one is 200.
    pub status: StatusCode,
    /// As the route set them.
    pub headers: HeaderMap,
    /// May be empty.
    pub body: Bytes,
}

impl SubResponse {
    /// A refusal in plain text.
    pub fn text(status: StatusCode, text: impl Into<Bytes>) -> Self {
        let mut headers = HeaderMap::new();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static(PLAIN_TEXT));
        Self {
            status,
            headers,
            body: text.into(),
        }
    }

    /// Writes status and headers as clients get them, the beginning of an object: lower-case
    /// names, no content length.
    pub(super) fn write_head(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(b"{\"code\":");
        out.extend_from_slice(self.status.as_str().as_bytes());
        out.extend_from_slice(b",\"headers\":{");
        let names = self.headers.keys().filter(|name| *name != CONTENT_LENGTH);
        for (at, name) in names.enumerate() {
            if at > 0 {
                out.push(b',');
            }
            write_text(out, name.as_str());
            out.push(b':');
            let mut values = self.headers.get_all(name).iter().map(HeaderValue::as_bytes);
            match (values.next(), values.next()) {
                (Some(value), None) => write_text(out, &String::from_utf8_lossy(value)),
                _ => write_text(out, &joined(&self.headers, name)),
            }
        }
        out.push(b'}');
    }
}

fn joined(headers: &HeaderMap, name: &HeaderName) -> String {
    let values = headers.get_all(name).iter().map(HeaderValue::as_bytes);
    let values: Vec<_> = values.map(String::from_utf8_lossy).collect();
    values.join(", ")
}

/// Text can always be written.
fn write_text(out: &mut Vec<u8>, text: &str) {
    let _ = serde_json::to_writer(out, text);
}

impl From<Refusal> for SubResponse {
    fn from(refusal: Refusal) -> Self {
        Self::text(refusal.status(), refusal.to_string())
    }
}

/// Headers from a JSON object. Desktop sends its timestamp as a number, so what can be written as
/// text is.
pub(super) fn headers_from_json(object: &Map<String, Value>) -> Option<HeaderMap> {
    let mut headers = HeaderMap::with_capacity(object.len());
    for (name, value) in object {
        let name = HeaderName::from_bytes(name.as_bytes()).ok()?;
        let value = match value {
            Value::String(text) => HeaderValue::from_str(text).or_else(|_| {
                // Text beyond ASCII is allowed in a header, if opaque.
                HeaderValue::from_bytes(text.as_bytes())
            }),
            Value::Number(_) | Value::Bool(_) => HeaderValue::from_str(&value.to_string()),
            Value::Null => continue,
            Value::Array(_) | Value::Object(_) => return None,
        };
        headers.insert(name, value.ok()?);
    }
    headers.remove(CONTENT_LENGTH);
    Some(headers)
}

private_debug!(SubRequest, SubResponse);

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn headers_may_be_numbers_and_any_case() {
        let object = json!({"X-SOGS-PubKey": "15ab", "X-SOGS-Timestamp": 1_700_000_000, "a": null,
            "Content-Length": "5", "x": "ünicode"});
        let headers = headers_from_json(object.as_object().expect("object")).expect("headers");
        assert_eq!(headers["x-sogs-pubkey"], "15ab");
        assert_eq!(headers["x-sogs-timestamp"], "1700000000");
        assert_eq!(headers["x"].as_bytes(), "ünicode".as_bytes());
        assert_eq!(headers.len(), 3);
    }

    #[test]
    fn headers_are_not_lists_and_hold_no_line_breaks() {
        for bad in [
            json!({"a": []}),
            json!({"a": "b\r\nc: d"}),
            json!({"a b": "c"}),
        ] {
            assert_eq!(headers_from_json(bad.as_object().expect("object")), None);
        }
    }

    #[test]
    fn replies_keep_every_value_but_the_length() {
        let mut response = SubResponse::text(StatusCode::OK, "hello");
        response
            .headers
            .insert(CONTENT_LENGTH, HeaderValue::from_static("5"));
        response.headers.append("a", HeaderValue::from_static("1"));
        response.headers.append("a", HeaderValue::from_static("2"));
        let mut head = Vec::new();
        response.write_head(&mut head);
        head.push(b'}');
        let head: Value = serde_json::from_slice(&head).expect("json");
        let headers = json!({"content-type": PLAIN_TEXT, "a": "1, 2"});
        assert_eq!(head, json!({"code": 200, "headers": headers}));
    }
}
