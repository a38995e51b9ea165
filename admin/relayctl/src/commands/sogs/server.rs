//! `relayctl sogs url`, `stats` and `log`.

use relay_admin::paths::with;
use relay_sogs::admin::paths;
use relay_sogs::admin::types::{Link, Links, Moderated, Stats};

use super::room::size;
use super::{Context, Outcome, Verdict};
use crate::failure::Failure;
use crate::output::{harmless, table};
use crate::time;

pub(super) async fn links(room: Option<&str>, qr: bool, context: &Context) -> Outcome {
    let mut links: Links = context.daemon()?.get(paths::LINKS).await?;
    if let Some(room) = room {
        links
            .rooms
            .retain(|link| link.token.eq_ignore_ascii_case(room));
        if links.rooms.is_empty() {
            return Err(Failure::Refused(format!(
                "there is no room `{room}`; see `relayctl sogs room list`"
            )));
        }
    }
    if let Some(warning) = &links.warning {
        context.output.progress(warning);
    }
    context
        .output
        .answer(&links, || printed(&links.rooms, qr))?;
    Ok(Verdict::Good)
}

fn printed(links: &[Link], qr: bool) -> String {
    let link = |link: &Link| {
        let url = harmless(&link.url);
        if qr {
            format!("{url}\n{}", link.qr)
        } else {
            url
        }
    };
    links.iter().map(link).collect::<Vec<_>>().join("\n")
}

pub(super) async fn stats(context: &Context) -> Outcome {
    let stats: Stats = context.daemon()?.get(paths::STATS).await?;
    let text = || {
        [
            format!("rooms            {}", stats.rooms),
            format!(
                "users            {} ({} active)",
                stats.users, stats.active_users
            ),
            format!("messages         {}", stats.messages),
            format!(
                "files            {} ({})",
                stats.files,
                size(stats.file_bytes)
            ),
            format!("direct messages  {}", stats.direct_messages),
            format!("waiting rights   {}", stats.pending),
        ]
        .join("\n")
    };
    context.output.answer(&stats, text)?;
    Ok(Verdict::Good)
}

pub(super) async fn log(limit: u32, context: &Context) -> Outcome {
    let path = with(paths::LOG, &limit.to_string());
    let log: Vec<Moderated> = context.daemon()?.get(&path).await?;
    let header = ["WHEN (UTC)", "WHAT", "ROOM", "TO WHOM", "BY WHOM", "DETAIL"];
    let text = || table(header, log.iter().map(row));
    context.output.answer(&log, text)?;
    Ok(Verdict::Good)
}

fn row(note: &Moderated) -> [String; 6] {
    let message = note.message.map(|message| format!("message {message}"));
    let detail: Vec<_> = message.into_iter().chain(note.detail.clone()).collect();
    [
        time::stamp(note.at),
        note.what.clone(),
        note.room.clone().unwrap_or_default(),
        note.to.clone().unwrap_or_default(),
        note.by.clone(),
        detail.join(", "),
    ]
}
