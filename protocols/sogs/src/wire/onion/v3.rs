//! Version 3, of old clients and bots: a request in JSON, a reply in base64.
//!
//! An endpoint without a leading slash is one of the legacy API, and `auth_code` its token.
//! Statuses other than 2xx lose their body on the way back.

use axum::http::header::{AUTHORIZATION, CONTENT_TYPE};
use axum::http::{HeaderMap, HeaderValue, Method};
use serde::Deserialize;
use serde_json::{Map, Value};

use crate::wire::json::object;
use crate::wire::subrequest::headers_from_json;
use crate::wire::{JSON, SubRequest, SubResponse, Target};

#[derive(Deserialize)]
struct Request {
    endpoint: String,
    method: String,
    body: Option<String>,
    headers: Option<Map<String, Value>>,
    auth_code: Option<String>,
}

/// Parses what was sealed; `None` is answered with [`invalid`].
pub fn parse(plaintext: &[u8]) -> Option<SubRequest> {
    let request: Request = object(plaintext)?;
    let method = Method::from_bytes(request.method.as_bytes()).ok()?;
    let headers = request.headers.as_ref().map(headers_from_json);
    let mut headers = headers.unwrap_or_else(|| Some(HeaderMap::new()))?;
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(JSON));
    let target = match request.endpoint.strip_prefix('/') {
        Some(_) => Target::parse(&request.endpoint)?,
        None => {
            if let Some(token) = request.auth_code.filter(|token| !token.is_empty()) {
                headers.insert(AUTHORIZATION, HeaderValue::from_str(&token).ok()?);
            }
            Target::parse(&format!("/legacy/{}", request.endpoint))?
        }
    };
    Some(SubRequest {
        body: body_for(&method, request.body.unwrap_or_default())?.into(),
        method,
        target,
        headers,
    })
}

fn body_for(method: &Method, body: String) -> Option<String> {
    if [Method::POST, Method::PUT].contains(method) {
        return Some(body);
    }
    // Android once sent the four characters "null" where it meant no body.
    matches!(body.as_str(), "" | "null").then(String::new)
}

/// What to seal as the reply, and then to encode as base64.
pub fn reply(response: &SubResponse) -> Vec<u8> {
    if response.status.is_success() {
        response.body.to_vec()
    } else {
        status(response.status.as_u16())
    }
}

/// The plaintext of the answer to a request that opened and made no sense.
pub fn invalid() -> Vec<u8> {
    status(400)
}

fn status(code: u16) -> Vec<u8> {
    format!("{{\"status_code\":{code}}}").into_bytes()
}

#[cfg(test)]
mod tests {
    use axum::http::StatusCode;
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;
    use crate::vectors;

    fn parse_json(json: &Value) -> Option<SubRequest> {
        parse(json.to_string().as_bytes())
    }

    #[test]
    fn computed_requests() {
        let vectors = vectors::load();
        let cases = &vectors["onion_requests"]["cases"];
        let paths = [2, 3].map(|index: usize| {
            let plaintext = vectors::hex(&cases[index]["plaintext_hex"]);
            parse(&plaintext)
                .expect("a request")
                .target
                .path()
                .to_owned()
        });
        assert_eq!(paths, ["/capabilities", "/legacy/rooms"]);
    }

    #[test]
    fn legacy_endpoints_have_their_token_outside_the_headers() {
        let request = json!({"endpoint": "messages?limit=5", "method": "GET", "body": "null",
            "auth_code": "abcd", "headers": {"Room": "lounge"}});
        let request = parse_json(&request).expect("a request");
        assert_eq!(request.target.path(), "/legacy/messages");
        assert_eq!(request.target.query(), "limit=5");
        assert_eq!(request.headers[AUTHORIZATION], "abcd");
        assert_eq!(request.headers["room"], "lounge");
        assert!(request.body.is_empty());
        let modern = json!({"endpoint": "/rooms", "method": "GET", "auth_code": "abcd"});
        let modern = parse_json(&modern).expect("a request");
        assert!(!modern.headers.contains_key(AUTHORIZATION));
    }

    #[test]
    fn only_posts_and_puts_have_bodies() {
        let request = |method: &str| json!({"endpoint": "/x", "method": method, "body": "{}"});
        assert_eq!(parse_json(&request("POST")).expect("a request").body, "{}");
        assert_eq!(parse_json(&request("GET")), None);
        assert_eq!(parse_json(&request("DELETE")), None);
        assert_eq!(parse(b"[]"), None);
        assert_eq!(parse(b""), None);
    }

    #[test]
    fn bodies_of_failures_are_lost() {
        let response = SubResponse::text(StatusCode::OK, "[]");
        assert_eq!(reply(&response), b"[]");
        let response = SubResponse::text(StatusCode::NOT_FOUND, "No such room");
        assert_eq!(reply(&response), br#"{"status_code":404}"#);
    }

    proptest! {
        #[test]
        fn any_plaintext_is_answered(bytes: Vec<u8>, endpoint: String, body: String) {
            let _ = parse(&bytes);
            let _ = parse_json(&json!({"endpoint": endpoint, "method": "PUT", "body": body}));
        }
    }
}
