//! `relayctl sogs room`.

use std::path::Path;

use relay_admin::paths::with;
use relay_sogs::admin::paths;
use relay_sogs::admin::types::{Count, Defaults, NewRoom, Room, RoomEdit, RoomInFigures};
use relay_sogs::wire::encode_base64;

use super::{Context, Outcome, Verdict};
use crate::cli::sogs as cli;
use crate::failure::Failure;
use crate::output::{count, harmless, table};
use crate::time;

/// As much as fits into a request.
const MAX_IMAGE: usize = 1_000_000;

pub(super) async fn run(command: cli::Room, context: &Context) -> Outcome {
    match command {
        cli::Room::Add {
            token,
            name,
            description,
            perms,
        } => {
            let new = NewRoom {
                token,
                name,
                description,
                defaults: defaults(perms),
            };
            let room: Room = context.daemon()?.post(paths::ROOMS, &new).await?;
            answer(&room, context)
        }
        cli::Room::List => list(context).await,
        cli::Room::Show { token } => show(&token, context).await,
        cli::Room::Edit(edit) => change(edit, context).await,
        cli::Room::Delete(sure) => {
            let path = certain(&sure, paths::ROOM, "delete the room and everything in it")?;
            let room: Room = context.daemon_at_work()?.delete(&path).await?;
            let text = || format!("{} is deleted", harmless(&room.token));
            context.output.answer(&room, text)?;
            Ok(Verdict::Good)
        }
        cli::Room::Clear(sure) => {
            let path = certain(&sure, paths::ROOM_CLEAR, "forget all messages of the room")?;
            let cleared: Count = context.daemon_at_work()?.post(&path, &()).await?;
            let text = || format!("{} forgotten", count(cleared.count, "message"));
            context.output.answer(&cleared, text)?;
            Ok(Verdict::Good)
        }
    }
}

async fn list(context: &Context) -> Outcome {
    let rooms: Vec<Room> = context.daemon()?.get(paths::ROOMS).await?;
    let header = ["TOKEN", "NAME", "ACTIVE", "EVERYBODY MAY", "MODERATORS"];
    let row = |room: &Room| {
        [
            room.token.clone(),
            room.name.clone(),
            room.active_users.to_string(),
            may(room.defaults),
            (room.admins.len() + room.moderators.len()).to_string(),
        ]
    };
    let text = || table(header, rooms.iter().map(row));
    context.output.answer(&rooms, text)?;
    Ok(Verdict::Good)
}

async fn show(token: &str, context: &Context) -> Outcome {
    let figures: RoomInFigures = context.daemon()?.get(&with(paths::ROOM, token)).await?;
    context.output.answer(&figures, || in_figures(&figures))?;
    Ok(Verdict::Good)
}

async fn change(edit: cli::RoomEdit, context: &Context) -> Outcome {
    let seconds = |span: relay_config::Span| span.get().as_secs();
    let change = RoomEdit {
        name: edit.name,
        description: edit.description.map(|text| text.replace("\\n", "\n")),
        image: edit.image.as_deref().map(image).transpose()?,
        retention: edit.retention.map(seconds),
        slow_mode: edit.slow_mode.map(seconds),
    };
    let path = with(paths::ROOM, &edit.token);
    let room: Room = context.daemon()?.put(&path, &change).await?;
    answer(&room, context)
}

/// The file as it is sent; its kind is looked at here, so that a mistake is found before it is done.
fn image(path: &Path) -> Result<String, Failure> {
    let wrong = |reason: &str| Failure::Usage(format!("{}: {reason}", path.display()));
    let bytes = std::fs::read(path).map_err(|error| wrong(&error.to_string()))?;
    let starts: [&[u8]; 4] = [b"\x89PNG", b"\xff\xd8\xff", b"GIF8", b"RIFF"];
    if !starts.iter().any(|start| bytes.starts_with(start)) {
        return Err(wrong("this is no PNG, JPEG, GIF or WebP image"));
    }
    if bytes.len() > MAX_IMAGE {
        return Err(wrong("this is more than 1 MB; make the image smaller"));
    }
    Ok(encode_base64(&bytes))
}

fn answer(room: &Room, context: &Context) -> Outcome {
    context.output.answer(room, || about(room))?;
    Ok(Verdict::Good)
}

/// The path, if it was said that it shall be for good.
fn certain(sure: &cli::Sure, path: &str, what: &str) -> Result<String, Failure> {
    if sure.yes {
        return Ok(with(path, &sure.token));
    }
    Err(Failure::Usage(format!("add --yes to {what} for good")))
}

fn about(room: &Room) -> String {
    let mut lines = vec![
        format!("{}: {}", harmless(&room.token), harmless(&room.name)),
        format!("  link           {}", harmless(&room.url)),
        format!("  everybody may  {}", may(room.defaults)),
        format!("  made           {}", time::stamp(room.created)),
    ];
    if let Some(description) = &room.description {
        lines.insert(1, format!("  about          {}", harmless(description)));
    }
    let span = |secs| relay_config::Span::secs(secs);
    lines.extend(
        room.retention
            .map(|secs| format!("  messages stay  {}", span(secs))),
    );
    lines.extend(
        room.slow_mode
            .map(|secs| format!("  slow mode      {}", span(secs))),
    );
    for (role, people) in [("admin", &room.admins), ("moderator", &room.moderators)] {
        let people = people.iter();
        lines.extend(people.map(|id| format!("  {role:<14} {}", harmless(id))));
    }
    lines.join("\n")
}

fn in_figures(figures: &RoomInFigures) -> String {
    let [day, week, fortnight, month] = figures.active;
    let reactions = figures.top_reactions.iter();
    let reactions: Vec<_> = reactions
        .map(|(emoji, n)| format!("{} {n}", harmless(emoji)))
        .collect();
    let (messages, files) = (figures.messages, figures.files);
    [
        about(&figures.room),
        format!(
            "  messages       {messages} ({})",
            size(figures.message_bytes)
        ),
        format!("  files          {files} ({})", size(figures.file_bytes)),
        format!(
            "  reactions      {} {}",
            figures.reactions,
            reactions.join("  ")
        ),
        format!("  active         {day} in 1 day, {week} in 7, {fortnight} in 14, {month} in 30"),
        format!("  banned         {}", figures.banned),
    ]
    .map(|line| line.trim_end().to_owned())
    .join("\n")
}

/// Bytes as the daemon counts them.
pub(super) fn size(bytes: i64) -> String {
    time::size(u64::try_from(bytes).unwrap_or(0))
}

/// `read, write, upload`; `nothing`.
pub(super) fn may(defaults: Defaults) -> String {
    let flags = [
        (defaults.read, "read"),
        (defaults.write, "write"),
        (defaults.upload, "upload"),
        (defaults.accessible, "know of it"),
    ];
    let given: Vec<_> = flags
        .iter()
        .filter(|(given, _)| *given)
        .map(|(_, name)| *name)
        .collect();
    if given.is_empty() {
        "nothing".to_owned()
    } else {
        given.join(", ")
    }
}

fn defaults(flags: cli::Flags) -> Defaults {
    Defaults {
        read: flags.read,
        accessible: flags.access,
        write: flags.write,
        upload: flags.upload,
    }
}
