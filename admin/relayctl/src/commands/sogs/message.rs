//! `relayctl sogs message`.

use relay_admin::paths::with;
use relay_sogs::admin::paths;
use relay_sogs::admin::types::Message;

use super::{Context, Outcome, Verdict};
use crate::cli::sogs as cli;
use crate::output::harmless;
use crate::time;

pub(super) async fn run(command: cli::Message, context: &Context) -> Outcome {
    let path = |id: i64| with(paths::MESSAGE, &id.to_string());
    let daemon = context.daemon()?;
    let message: Message = match command {
        cli::Message::Show { id } => daemon.get(&path(id)).await?,
        cli::Message::Delete { id } => {
            let message: Message = daemon.delete(&path(id)).await?;
            context
                .output
                .answer(&message, || format!("message {id} is deleted"))?;
            return Ok(Verdict::Good);
        }
    };
    context.output.answer(&message, || about(&message))?;
    Ok(Verdict::Good)
}

fn about(message: &Message) -> String {
    let mut lines = vec![
        format!("message {} in {}", message.id, harmless(&message.room)),
        format!("  author  {}", harmless(&message.author)),
        format!("  posted  {}", time::stamp(message.posted)),
    ];
    lines.extend(
        message
            .edited
            .map(|at| format!("  edited  {}", time::stamp(at))),
    );
    if message.whisper {
        lines.push("  whisper, not for everybody".to_owned());
    }
    if message.filtered {
        lines.push("  filtered, shown to nobody".to_owned());
    }
    let name = message.name.iter();
    lines.extend(name.map(|name| format!("  name    {}", harmless(name))));
    let text = message.text.as_deref().unwrap_or("(no text)");
    lines.push(format!("  text    {}", harmless(text)));
    lines.join("\n")
}
