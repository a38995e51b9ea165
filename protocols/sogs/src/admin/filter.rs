//! What is filtered, and what would become of a message.

use axum::Json;
use axum::extract::State;
use relay_admin::server::problem::Body;

use super::types::{Filter, FilterTest, FilterVerdict};
use super::{Done, Shared, Shown, done};
use crate::domain::filter::{FilterSettings, Finding, Verdict};
use crate::wire::content::MessageText;

/// What holds everywhere, and then rooms where it is otherwise.
pub(super) async fn show(State(server): Shared) -> Shown<Vec<Filter>> {
    let config = server.config.get();
    let everywhere = config.filter.settings();
    let mut filters = vec![shown(None, &everywhere)];
    for room in server.tables.rooms().await? {
        let here = config.filter_in(&room.token);
        if here != everywhere {
            filters.push(shown(Some(room.token.clone()), &here));
        }
    }
    Ok(Json(filters))
}

/// Judges without posting. What was tried is nobody's business: the audit log says only that.
pub(super) async fn test(
    State(server): Shared,
    Body(tried): Body<FilterTest>,
) -> Done<FilterVerdict> {
    let config = server.config.get();
    let settings = match &tried.room {
        Some(token) => config.filter_in(&server.room_named(token).await?.token),
        None => config.filter.settings(),
    };
    let text = MessageText {
        body: Some(tried.text),
        display_name: tried.name,
    };
    let verdict = settings.judge(&text, &server.words());
    done("a message was tried", verdict.into())
}

fn shown(room: Option<String>, settings: &FilterSettings) -> Filter {
    let alphabets = settings.alphabets.iter();
    Filter {
        room,
        alphabets: alphabets
            .map(|alphabet| alphabet.name().to_owned())
            .collect(),
        alphabet_silent: settings.alphabet_silent,
        profanity: settings.profanity,
        profanity_silent: settings.profanity_silent,
        filter_moderators: settings.filter_moderators,
    }
}

impl From<Verdict> for FilterVerdict {
    fn from(verdict: Verdict) -> Self {
        let (verdict, found) = match verdict {
            Verdict::Pass => ("pass", None),
            Verdict::Hide(found) => ("hide", Some(found)),
            Verdict::Reject(found) => ("reject", Some(found)),
        };
        let found = found.map(|found| match found {
            Finding::Alphabet(alphabet) => alphabet.name(),
            Finding::Profanity => "profanity",
        });
        Self {
            verdict: verdict.to_owned(),
            found: found.map(str::to_owned),
        }
    }
}
