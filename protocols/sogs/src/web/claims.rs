//! Which paths are this server's where another relay has pages under the same host.

use axum::http::Uri;

use crate::wire::onion::Version;

/// What apps ask for begins with one of these, or is where onion requests arrive.
const FOR_APPS: [&str; 9] = [
    "batch",
    "capabilities",
    "inbox",
    "legacy",
    "outbox",
    "room",
    "rooms",
    "sequence",
    "user",
];

/// Whether apps ask for this. They also do over plain HTTP, and go nowhere else.
pub fn is_for_apps(uri: &Uri) -> bool {
    let path = uri.path();
    Version::of_path(path).is_some() || FOR_APPS.contains(&first(path))
}

/// Whether apps, people with a join link, or those who look at a room ask for this; and what the
/// pages of rooms are made of.
pub fn is_for_apps_or_rooms(uri: &Uri) -> bool {
    let query = uri.query().unwrap_or_default();
    let joins = query.split('&').any(|part| part.starts_with("public_key="));
    let room = uri.path().strip_prefix("/r/");
    let page = room.is_some_and(|rest| !rest.is_empty()) || first(uri.path()) == "static";
    is_for_apps(uri) || page || joins
}

/// Whether this server has something there, its pages included. Not `/r`, which is the same as `/`
/// and in SMP the page of a link.
pub fn is_known(uri: &Uri) -> bool {
    matches!(uri.path(), "/" | "/robots.txt") || is_for_apps_or_rooms(uri)
}

fn first(path: &str) -> &str {
    let path = path.strip_prefix('/').unwrap_or(path);
    path.split('/').next().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn apps_rooms_and_pages() {
        for (target, apps, rooms, known) in [
            ("/oxen/v4/lsrpc", true, true, true),
            ("/loki/v3/lsrpc", true, true, true),
            ("/room/lobby/pollInfo/0", true, true, true),
            ("/rooms", true, true, true),
            ("/legacy/rooms", true, true, true),
            ("/r/lobby/", false, true, true),
            ("/lobby?public_key=00", false, true, true),
            ("/", false, false, true),
            ("/static/style.css", false, true, true),
            ("/r", false, false, false),
            ("/a", false, false, false),
            ("/roomy", false, false, false),
            ("/.well-known/assetlinks.json", false, false, false),
        ] {
            let uri = target.parse().unwrap();
            let found = (
                is_for_apps(&uri),
                is_for_apps_or_rooms(&uri),
                is_known(&uri),
            );
            assert_eq!(found, (apps, rooms, known), "{target}");
        }
    }
}
