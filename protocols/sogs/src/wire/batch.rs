//! `/batch` and `/sequence`: many requests in one, many answers in one.
//!
//! All parts run as whoever signed the outer request; their own X-SOGS headers, which Android
//! sends, are dropped here. Every answer has `code`, `headers` and `body`, failures too.

mod part;

use axum::body::Bytes;
use axum::http::header::CONTENT_TYPE;
use axum::http::{HeaderMap, HeaderValue, Method};
use serde_json::{Map, Value};

use self::part::Part;
use super::subrequest::headers_from_json;
use super::{JSON, OCTETS, Refusal, SubRequest, SubResponse, Target, auth, decode_base64};

/// More parts than any client sends: a poll is three and two per room. The default of the limit.
pub const MAX_PARTS: usize = 200;

/// Parses all parts. A list that is none, or too long, or has a part of no known shape, is refused
/// as a whole and nothing runs. A part that is only unreadable is refused by itself.
pub fn parse(body: &[u8], max_parts: usize) -> Result<Vec<Result<SubRequest, Refusal>>, Refusal> {
    let parts: Vec<Part<'_>> = serde_json::from_slice(body).map_err(|_| Refusal::Malformed)?;
    if parts.len() > max_parts {
        return Err(Refusal::Malformed);
    }
    let parts = parts.into_iter().map(|part| match parse_part(part) {
        Ok(request) => Ok(Ok(request)),
        Err(BadPart::Unreadable) => Ok(Err(Refusal::Malformed)),
        Err(BadPart::Shapeless) => Err(Refusal::Malformed),
    });
    parts.collect()
}

enum BadPart {
    /// Not what a part looks like: the whole batch is refused.
    Shapeless,
    /// A body or path that does not decode: this part is refused.
    Unreadable,
}

fn parse_part(mut part: Part<'_>) -> Result<SubRequest, BadPart> {
    let method = part.method.as_deref().and_then(method);
    let method = method.ok_or(BadPart::Shapeless)?;
    let path = part.path.take().filter(|path| path.starts_with('/'));
    let path = path.ok_or(BadPart::Shapeless)?;
    let mut headers = headers(part.headers.as_ref()).ok_or(BadPart::Shapeless)?;
    let body = parse_body(part, &method)?;
    if let Some(content_type) = body.content_type {
        let content_type = HeaderValue::from_static(content_type);
        headers.entry(CONTENT_TYPE).or_insert(content_type);
    }
    Ok(SubRequest {
        method,
        target: Target::parse(&path).ok_or(BadPart::Unreadable)?,
        headers,
        body: body.bytes,
    })
}

fn method(name: &str) -> Option<Method> {
    match name {
        "GET" => Some(Method::GET),
        "DELETE" => Some(Method::DELETE),
        "POST" => Some(Method::POST),
        "PUT" => Some(Method::PUT),
        _ => None,
    }
}

fn headers(given: Option<&Map<String, Value>>) -> Option<HeaderMap> {
    let Some(given) = given else {
        return Some(HeaderMap::new());
    };
    let mut headers = headers_from_json(given)?;
    for name in auth::HEADERS {
        headers.remove(name);
    }
    Some(headers)
}

#[derive(Default)]
struct Body {
    bytes: Bytes,
    content_type: Option<&'static str>,
}

fn parse_body(part: Part<'_>, method: &Method) -> Result<Body, BadPart> {
    let has_body = [Method::POST, Method::PUT].contains(method);
    match (part.json, part.base64, part.text) {
        (None, None, None) if !has_body => Ok(Body::default()),
        (Some(json), None, None) if has_body => Ok(Body {
            bytes: json.to_string().into(),
            content_type: Some(JSON),
        }),
        (None, Some(base64), None) if has_body => {
            let bytes = decode_base64(&base64);
            bytes.map(octets).ok_or(BadPart::Unreadable)
        }
        (None, None, Some(text)) if has_body => Ok(octets(text.into_owned().into_bytes())),
        _ => Err(BadPart::Shapeless),
    }
}

fn octets(bytes: Vec<u8>) -> Body {
    Body {
        bytes: bytes.into(),
        content_type: Some(OCTETS),
    }
}

/// Whether a request only reads, so that seeing it twice does no harm.
pub fn only_reads(method: &Method, parts: &[Result<SubRequest, Refusal>]) -> bool {
    let reads = |method: &Method| [Method::GET, Method::HEAD, Method::OPTIONS].contains(method);
    let parts_read = || parts.iter().flatten().all(|part| reads(&part.method));
    reads(method) || (!parts.is_empty() && parts_read())
}

/// Whether a sequence ends with this answer.
pub fn ends_sequence(response: &SubResponse) -> bool {
    !response.status.is_success()
}

/// Writes the answers. A body of exactly the type [`JSON`] is put in as it is, so it must be JSON;
/// everything else becomes base64.
pub fn reply(responses: &[SubResponse]) -> Vec<u8> {
    let bodies: usize = responses.iter().map(|response| response.body.len()).sum();
    let mut out = Vec::with_capacity(bodies + responses.len() * 80 + 2);
    out.push(b'[');
    for (index, response) in responses.iter().enumerate() {
        if index > 0 {
            out.push(b',');
        }
        write_part(&mut out, response);
    }
    out.push(b']');
    out
}

fn write_part(out: &mut Vec<u8>, response: &SubResponse) {
    response.write_head(out);
    out.extend_from_slice(b",\"body\":");
    let content_type = response.headers.get(CONTENT_TYPE);
    if content_type.is_some_and(|value| value == JSON) && !response.body.is_empty() {
        out.extend_from_slice(&response.body);
    } else {
        out.push(b'"');
        out.extend_from_slice(super::encode_base64(&response.body).as_bytes());
        out.push(b'"');
    }
    out.push(b'}');
}

#[cfg(test)]
mod tests {
    use axum::http::StatusCode;
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    fn parse_json(json: &Value) -> Result<Vec<Result<SubRequest, Refusal>>, Refusal> {
        parse(json.to_string().as_bytes(), MAX_PARTS)
    }

    fn one(part: Value) -> SubRequest {
        let mut parts = parse_json(&json!([part])).expect("a batch");
        parts.remove(0).expect("a request")
    }

    #[test]
    fn androids_parts() {
        let part = one(
            json!({"method": "PUT", "path": "/room/x/reaction/1/%F0%9F%8D%8D", "json": {},
            "headers": {"X-SOGS-PubKey": "stale", "X-SOGS-Nonce": "stale", "Content-Length": "2",
                "Room": "x"}}),
        );
        assert_eq!(part.target.path(), "/room/x/reaction/1/🍍");
        assert_eq!(part.headers.len(), 2);
        assert_eq!(part.headers[CONTENT_TYPE], JSON);
        assert_eq!(part.body, "{}");
        let upload = one(
            json!({"method": "POST", "path": "/room/x/file", "b64": "aGVsbG8",
            "headers": {"content-type": "image/png"}}),
        );
        assert_eq!(upload.body, "hello");
        assert_eq!(upload.headers[CONTENT_TYPE], "image/png");
    }

    #[test]
    fn bodies_of_all_kinds() {
        let body = |key: &str, value: Value| {
            let mut part = json!({"method": "POST", "path": "/x"});
            part[key] = value;
            let part = one(part);
            (part.body, part.headers[CONTENT_TYPE].clone())
        };
        assert_eq!(
            body("json", Value::Null),
            ("null".into(), HeaderValue::from_static(JSON))
        );
        assert_eq!(
            body("bytes", json!("ü")),
            ("ü".into(), HeaderValue::from_static(OCTETS))
        );
        let twice = br#"[{"path": "/x", "method": "GET", "path": "/\u0079", "more": [1]}]"#;
        let twice = parse(twice, 1).expect("a batch").remove(0);
        assert_eq!(twice.expect("a part").target.path(), "/y");
        let get = one(json!({"method": "GET", "path": "/rooms?x=1"}));
        assert_eq!((get.body, get.headers.len()), (Bytes::new(), 0));
    }

    #[test]
    fn one_malformed_part_spoils_all() {
        let good = json!({"method": "GET", "path": "/rooms"});
        let corpus = [
            json!({}),
            json!("GET /rooms"),
            json!({"method": "get", "path": "/rooms"}),
            json!({"method": "HEAD", "path": "/rooms"}),
            json!({"method": "GET", "path": "rooms"}),
            json!({"method": "GET", "path": "/rooms", "json": {}}),
            json!({"method": "DELETE", "path": "/rooms", "bytes": ""}),
            json!({"method": "POST", "path": "/rooms"}),
            json!({"method": "POST", "path": "/rooms", "json": {}, "b64": ""}),
            json!({"method": "POST", "path": "/rooms", "bytes": 5}),
            json!({"method": "GET", "path": "/rooms", "headers": []}),
            json!({"method": "GET", "path": "/rooms", "json": null}),
            json!({"method": "POST", "path": "/rooms", "b64": null}),
            json!(["GET", "/rooms"]),
        ];
        for bad in corpus {
            let result = parse_json(&json!([good, bad]));
            assert_eq!(result, Err(Refusal::Malformed), "{bad}");
        }
        assert_eq!(parse_json(&good), Err(Refusal::Malformed));
        assert_eq!(parse_json(&json!([])), Ok(vec![]));
        let many = vec![good; MAX_PARTS + 1];
        assert_eq!(parse_json(&json!(many)), Err(Refusal::Malformed));
    }

    #[test]
    fn an_unreadable_part_fails_alone() {
        let parts = parse_json(&json!([
            {"method": "POST", "path": "/x", "b64": "?"},
            {"method": "GET", "path": "/%ff"},
            {"method": "GET", "path": "/rooms"},
        ]));
        let parts = parts.expect("a batch");
        assert_eq!(parts[0], Err(Refusal::Malformed));
        assert_eq!(parts[1], Err(Refusal::Malformed));
        assert!(parts[2].is_ok());
    }

    #[test]
    fn polls_only_read() {
        let get = json!({"method": "GET", "path": "/rooms"});
        let put = json!({"method": "PUT", "path": "/room/x", "json": {}});
        let parts = |parts| parse_json(&parts).expect("a batch");
        assert!(only_reads(&Method::GET, &[]));
        assert!(!only_reads(&Method::POST, &[]));
        assert!(only_reads(&Method::POST, &parts(json!([get, get]))));
        assert!(!only_reads(&Method::POST, &parts(json!([get, put]))));
    }

    #[test]
    fn answers_have_all_three_keys() {
        let mut json = SubResponse::text(StatusCode::OK, r#"{"a":1}"#);
        json.headers
            .insert(CONTENT_TYPE, HeaderValue::from_static(JSON));
        let mut nothing = SubResponse::text(StatusCode::NOT_MODIFIED, "");
        nothing.headers.clear();
        let refused = SubResponse::from(Refusal::RateLimited);
        assert!(!ends_sequence(&json) && ends_sequence(&nothing) && ends_sequence(&refused));
        let reply: Value = serde_json::from_slice(&reply(&[json, nothing, refused])).expect("json");
        assert_eq!(
            reply,
            json!([
                {"code": 200, "headers": {"content-type": "application/json"}, "body": {"a": 1}},
                {"code": 304, "headers": {}, "body": ""},
                {"code": 429, "headers": {"content-type": "text/plain; charset=utf-8"},
                    "body": "UmF0ZSBsaW1pdGVk"},
            ])
        );
    }

    proptest! {
        #[test]
        fn any_body_is_answered(bytes: Vec<u8>, key in "json|b64|bytes|path|method", value: String) {
            let _ = parse(&bytes, MAX_PARTS);
            let mut part = json!({"method": "POST", "path": "/x"});
            part[key] = value.into();
            let _ = parse_json(&json!([part]));
        }
    }
}
