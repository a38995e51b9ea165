//! Version 4: a bencoded list of metadata in JSON and a body, both ways.
//!
//! ```text
//! l56:{"method":"GET","endpoint":"/capabilities","headers":{}}e
//! l58:{"code":200,"headers":{"content-type":"application/json"}}2:{}e
//! ```
//!
//! Replies always have both strings: clients cut at lengths, not at delimiters.

use axum::body::Bytes;
use axum::http::{HeaderMap, Method, StatusCode};
use serde::Deserialize;
use serde_json::{Map, Value};

use crate::wire::json::object;
use crate::wire::subrequest::headers_from_json;
use crate::wire::{SubRequest, SubResponse, Target, bencode};

#[derive(Deserialize)]
struct Metadata {
    method: String,
    endpoint: String,
    headers: Option<Map<String, Value>>,
}

/// Parses what was sealed; `None` is answered with [`invalid`].
pub fn parse(plaintext: Vec<u8>) -> Option<SubRequest> {
    let plaintext = Bytes::from(plaintext);
    let strings = bencode::parse_strings(&plaintext, 2)?;
    let (metadata, body) = strings.split_first()?;
    let metadata: Metadata = object(metadata)?;
    let headers = metadata.headers.as_ref().map(headers_from_json);
    let body = body.first().map(|body| plaintext.slice_ref(body));
    Some(SubRequest {
        method: Method::from_bytes(metadata.method.as_bytes()).ok()?,
        target: Target::parse(&metadata.endpoint)?,
        headers: headers.unwrap_or_else(|| Some(HeaderMap::new()))?,
        body: body.unwrap_or_default(),
    })
}

/// What to seal as the reply.
pub fn reply(response: &SubResponse) -> Vec<u8> {
    let mut metadata = Vec::with_capacity(80);
    response.write_head(&mut metadata);
    metadata.push(b'}');
    bencode::write_strings(&[&metadata, &response.body])
}

/// The answer to a request that opened and made no sense.
pub fn invalid() -> SubResponse {
    SubResponse::text(StatusCode::BAD_REQUEST, "Invalid v4 onion request")
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::vectors;

    #[test]
    fn computed_requests() {
        let vectors = vectors::load();
        let cases = &vectors["onion_requests"]["cases"];
        let get = parse(vectors::hex(&cases[0]["plaintext_hex"])).expect("a request");
        assert_eq!(
            (get.method, get.target.path()),
            (Method::GET, "/capabilities")
        );
        assert!(get.headers.is_empty() && get.body.is_empty());
        let post = parse(vectors::hex(&cases[1]["plaintext_hex"])).expect("a request");
        assert_eq!(post.method, Method::POST);
        assert_eq!(post.target.path(), "/room/lounge/message");
        assert_eq!(post.headers["x-sogs-timestamp"], "1700000001");
        assert!(post.body.starts_with(b"{\"data\":"));
    }

    #[test]
    fn corpus_of_plaintexts_that_are_none() {
        let list = |strings: &[&str]| {
            let strings: Vec<&[u8]> = strings.iter().map(|string| string.as_bytes()).collect();
            bencode::write_strings(&strings)
        };
        let good = r#"{"method":"GET","endpoint":"/rooms"}"#;
        assert!(parse(list(&[good])).is_some());
        assert!(parse(list(&[good, "body"])).is_some());
        let corpus = [
            list(&[]),
            list(&[good, "", ""]),
            list(&["[]"]),
            list(&[r#"["GET","/rooms",null]"#]),
            list(&[r#"{"method":"GET"}"#]),
            list(&[r#"{"endpoint":"/rooms"}"#]),
            list(&[r#"{"method":"GET","endpoint":"rooms"}"#]),
            list(&[r#"{"method":"GET","endpoint":"/rooms","headers":[]}"#]),
            list(&[r#"{"method":"G T","endpoint":"/rooms"}"#]),
            list(&[r#"{"method":"GET","endpoint":"/%ff"}"#]),
            good.as_bytes().to_vec(),
        ];
        for plaintext in corpus {
            assert_eq!(
                parse(plaintext.clone()),
                None,
                "{}",
                plaintext.escape_ascii()
            );
        }
    }

    #[test]
    fn replies_always_have_two_strings() {
        let reply = |response| String::from_utf8(reply(&response)).expect("text");
        let empty = SubResponse {
            status: StatusCode::NOT_MODIFIED,
            headers: HeaderMap::new(),
            body: Bytes::new(),
        };
        assert_eq!(reply(empty), r#"l25:{"code":304,"headers":{}}0:e"#);
        assert_eq!(
            reply(invalid()),
            "l67:{\"code\":400,\"headers\":{\"content-type\":\"text/plain; charset=utf-8\"}}\
             24:Invalid v4 onion requeste"
        );
    }

    proptest! {
        #[test]
        fn any_plaintext_is_answered(bytes: Vec<u8>, json: String) {
            let _ = parse(bytes);
            let _ = parse(bencode::write_strings(&[json.as_bytes()]));
        }
    }
}
