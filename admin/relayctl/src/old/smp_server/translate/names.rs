//! `[NAMES]` of v7: names of people and groups, resolved by another service. What cannot be
//! understood is refused: a server that resolves no names would look as if it did.

use std::ops::RangeInclusive;

use super::Config;
use super::accepted::takes;
use super::reader::{Reader, Refused};

const SECTION: &str = "NAMES";
const ENDPOINT: &str = "resolver_endpoint";
const AUTHORIZATION: &str = "resolver_auth";

/// What it may be, by its key there and here.
const LIMITS: [(&str, &str, RangeInclusive<u32>, &str); 3] = [
    (
        "resolver_timeout_ms",
        "timeout",
        100..=60_000,
        "must be from 100 to 60000",
    ),
    (
        "resolver_max_response_bytes",
        "max_response",
        1024..=16_000,
        "must be from 1024 to 16000",
    ),
    (
        "resolver_concurrency",
        "concurrency",
        1..=u32::MAX,
        "must be 1 or more",
    ),
];

pub(super) fn translate(reader: &mut Reader<'_>, config: &mut Config) -> Result<(), Refused> {
    let is_on = reader.switch(SECTION, "enable")?.unwrap_or(false);
    let endpoint = reader.text(SECTION, ENDPOINT);
    let authorization = reader.text(SECTION, AUTHORIZATION);
    if !is_on {
        for (key, ..) in LIMITS {
            reader.text(SECTION, key);
        }
        return Ok(());
    }
    let endpoint = endpoint
        .ok_or_else(|| Refused::new(SECTION, ENDPOINT, "is needed for `enable: on`; add it"))?;
    resolver(endpoint, authorization, config)?;
    LIMITS
        .into_iter()
        .try_for_each(|limit| put_limit(limit, reader, config))
}

fn resolver(
    endpoint: &str,
    authorization: Option<&str>,
    config: &mut Config,
) -> Result<(), Refused> {
    let resolver = ("names.resolver", endpoint);
    if !takes(&[resolver]) {
        let reason = "must be a URL like http://127.0.0.1:8000, without a user or a query";
        return Err(Refused::new(SECTION, ENDPOINT, reason));
    }
    config.put("smp.names.resolver", endpoint);
    let Some(authorization) = authorization else {
        return Ok(());
    };
    if !takes(&[resolver, ("names.authorization", authorization)]) {
        let reason = "must be `bearer TOKEN` or `basic USER:PASSWORD`, for an endpoint that is https:// or on this machine";
        return Err(Refused::new(SECTION, AUTHORIZATION, reason));
    }
    config.put("smp.names.authorization", authorization);
    Ok(())
}

fn put_limit(
    (key, ours, range, expected): (&str, &str, RangeInclusive<u32>, &str),
    reader: &mut Reader<'_>,
    config: &mut Config,
) -> Result<(), Refused> {
    let Some(number) = reader.number::<u32>(SECTION, key)? else {
        return Ok(());
    };
    if !range.contains(&number) {
        return Err(Refused::new(SECTION, key, expected));
    }
    let ours = format!("smp.names.{ours}");
    match key {
        "resolver_timeout_ms" => config.put(&ours, format!("{number}ms")),
        _ => config.put(&ours, i64::from(number)),
    }
    Ok(())
}
