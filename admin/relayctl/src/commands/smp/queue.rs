//! Single queues.

use relay_admin::paths as admin;
use relay_smp::admin::paths;
use relay_smp::admin::types::{
    self, BlockOutcome, BlockRequest, Blocking, DeletedQueue, UnblockOutcome,
};

use super::{Context, Outcome, Verdict};
use crate::cli::{Block, Queue};
use crate::output::{count, harmless};
use crate::time;

pub(super) async fn run(command: Queue, context: &Context) -> Outcome {
    match command {
        Queue::Show(queue) => show(&queue.id, context).await,
        Queue::Block(wanted) => block(&wanted, context).await,
        Queue::Unblock(queue) => unblock(&queue.id, context).await,
        Queue::Delete(queue) => delete(&queue.id, context).await,
    }
}

async fn show(id: &str, context: &Context) -> Outcome {
    let path = admin::with(paths::QUEUE, id);
    let queue: types::Queue = context.daemon()?.get(&path).await?;
    context.output.answer(&queue, || text(&queue))?;
    Ok(Verdict::Good)
}

async fn block(wanted: &Block, context: &Context) -> Outcome {
    let ttl = wanted.notice_ttl.map(|ttl| ttl.get().as_secs());
    let request = BlockRequest {
        reason: wanted.reason.into(),
        notice: wanted.notice,
        notice_ttl: ttl.map(|secs| i64::try_from(secs).unwrap_or(i64::MAX)),
    };
    let path = admin::with(paths::QUEUE_BLOCK, &wanted.queue.id);
    let outcome: BlockOutcome = context.daemon()?.post(&path, &request).await?;
    let text = || {
        if outcome.blocked {
            return "blocked".to_owned();
        }
        format!("it was {} already", harmless(&outcome.before))
    };
    context.output.answer(&outcome, text)?;
    Ok(Verdict::good_if(outcome.blocked))
}

async fn unblock(id: &str, context: &Context) -> Outcome {
    let path = admin::with(paths::QUEUE_UNBLOCK, id);
    let outcome: UnblockOutcome = context.daemon()?.post(&path, &()).await?;
    let text = || match &outcome.blocking {
        Some(blocking) => format!("unblocked; it was blocked for {}", reason(blocking)),
        None => format!("it was {}, not blocked", harmless(&outcome.before)),
    };
    context.output.answer(&outcome, text)?;
    Ok(Verdict::good_if(outcome.unblocked))
}

async fn delete(id: &str, context: &Context) -> Outcome {
    let path = admin::with(paths::QUEUE, id);
    let deleted: DeletedQueue = context.daemon()?.delete(&path).await?;
    let text = || format!("deleted, with {}", count(deleted.messages, "message"));
    context.output.answer(&deleted, text)?;
    Ok(Verdict::Good)
}

fn text(queue: &types::Queue) -> String {
    let yes = |is: bool| if is { "yes" } else { "no" }.to_owned();
    let blocking = queue.blocking.as_ref().map(reason);
    let status = match blocking {
        Some(reason) => format!("{} for {reason}", harmless(&queue.status)),
        None => harmless(&queue.status),
    };
    let mode = queue.mode.as_deref().unwrap_or("not said");
    let last_used = time::stamp(queue.last_used);
    let day = last_used.split(' ').next().unwrap_or_default();
    let lines = [
        ("status", status),
        ("mode", harmless(mode)),
        ("secured", yes(queue.secured)),
        ("notifier", yes(queue.notifier)),
        ("link", yes(queue.link)),
        ("messages", queue.messages.to_string()),
        ("last used", day.to_owned()),
    ];
    let lines = lines.map(|(name, value)| format!("{name:<10}{value}"));
    lines.join("\n")
}

fn reason(blocking: &Blocking) -> String {
    let notice = match (blocking.notice, blocking.notice_ttl) {
        (false, _) => String::new(),
        (true, None) => ", with a notice".to_owned(),
        (true, Some(ttl)) => {
            let ttl = u32::try_from(ttl).unwrap_or(u32::MAX);
            format!(", with a notice for {}", time::span(ttl.into()))
        }
    };
    format!("{}{notice}", harmless(&blocking.reason))
}
