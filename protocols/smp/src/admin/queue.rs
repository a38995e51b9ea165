//! The routes about single queues, named by their sender's id or their link's.

use axum::Json;
use axum::extract::State;
use axum::response::IntoResponse;
use relay_admin::server::audit::Detail;
use relay_admin::server::problem::{Body, Refusal, Segment};

use super::Desk;
use super::types::{
    BlockOutcome, BlockReason, BlockRequest, Blocking, DeletedQueue, Queue, UnblockOutcome,
};
use crate::engine::{AdminError, Blocked, QueueState, Unblocked};
use crate::queue::Status;
use crate::wire::{BlockingInfo, BlockingReason, ClientNotice, QueueMode, from_base64url};

const DAY: i64 = 86_400;

pub(super) async fn show(
    State(desk): State<Desk>,
    Segment(id): Segment<String>,
) -> Result<Json<Queue>, Refusal> {
    let state = desk.engine.show_queue(&parse(&id)?).await?;
    Ok(Json(queue(&state)))
}

pub(super) async fn block(
    State(desk): State<Desk>,
    Segment(id): Segment<String>,
    Body(wanted): Body<BlockRequest>,
) -> Result<impl IntoResponse, Refusal> {
    let info = info(wanted)?;
    let outcome = match desk.engine.block_queue(&parse(&id)?, info).await? {
        Blocked::Now => BlockOutcome {
            blocked: true,
            before: status(&Status::Active).to_owned(),
        },
        Blocked::Already(before) => BlockOutcome {
            blocked: false,
            before: status(&before).to_owned(),
        },
    };
    let detail = if outcome.blocked {
        format!("{id} for {}", reason(info.reason))
    } else {
        format!("{id} was {} already", outcome.before)
    };
    Ok(Detail(detail).with(Json(outcome)))
}

pub(super) async fn unblock(
    State(desk): State<Desk>,
    Segment(id): Segment<String>,
) -> Result<impl IntoResponse, Refusal> {
    let outcome = match desk.engine.unblock_queue(&parse(&id)?).await? {
        Unblocked::Now(info) => UnblockOutcome {
            unblocked: true,
            before: status(&Status::Blocked(info)).to_owned(),
            blocking: Some(blocking(info)),
        },
        Unblocked::WasNot(before) => UnblockOutcome {
            unblocked: false,
            before: status(&before).to_owned(),
            blocking: None,
        },
    };
    Ok(Detail(id).with(Json(outcome)))
}

pub(super) async fn delete(
    State(desk): State<Desk>,
    Segment(id): Segment<String>,
) -> Result<impl IntoResponse, Refusal> {
    let messages = desk.engine.delete_queue(&parse(&id)?).await?;
    let detail = format!("{id} with {messages} messages");
    Ok(Detail(detail).with(Json(DeletedQueue { messages })))
}

fn parse(id: &str) -> Result<Vec<u8>, Refusal> {
    let bytes = from_base64url(id).ok().filter(|bytes| !bytes.is_empty());
    bytes.ok_or_else(|| {
        let reason = "this is not the id of a queue: that is 32 characters of base64url, from the queue's address or link";
        Refusal::Invalid(reason.to_owned())
    })
}

fn info(wanted: BlockRequest) -> Result<BlockingInfo, Refusal> {
    let reason = match wanted.reason {
        BlockReason::Spam => BlockingReason::Spam,
        BlockReason::Content => BlockingReason::Content,
    };
    if wanted.notice_ttl.is_some_and(|ttl| ttl <= 0) {
        let line = "the time for which the notice holds must be one second or more";
        return Err(Refusal::Invalid(line.to_owned()));
    }
    let notice = (wanted.notice || wanted.notice_ttl.is_some()).then_some(ClientNotice {
        ttl: wanted.notice_ttl,
    });
    Ok(BlockingInfo { reason, notice })
}

fn queue(state: &QueueState) -> Queue {
    Queue {
        status: status(&state.status).to_owned(),
        blocking: match state.status {
            Status::Blocked(info) => Some(blocking(info)),
            Status::Active | Status::Off => None,
        },
        mode: state.mode.map(|mode| match mode {
            QueueMode::Messaging => "messaging".to_owned(),
            QueueMode::Contact => "contact".to_owned(),
        }),
        secured: state.secured,
        notifier: state.notifier,
        link: state.link,
        messages: state.messages,
        last_used: state.used_day * DAY,
    }
}

fn blocking(info: BlockingInfo) -> Blocking {
    Blocking {
        reason: reason(info.reason).to_owned(),
        notice: info.notice.is_some(),
        notice_ttl: info.notice.and_then(|notice| notice.ttl),
    }
}

fn status(status: &Status) -> &'static str {
    match status {
        Status::Active => "active",
        Status::Off => "suspended",
        Status::Blocked(_) => "blocked",
    }
}

fn reason(reason: BlockingReason) -> &'static str {
    match reason {
        BlockingReason::Spam => "spam",
        BlockingReason::Content => "content",
    }
}

impl From<AdminError> for Refusal {
    fn from(error: AdminError) -> Self {
        match error {
            AdminError::NotFound => Self::NotFound(error.to_string()),
            AdminError::TooManyToday(0) => Self::Conflict(
                "smp.daily_block_quota allows no queue to be blocked; raise it and run `relayctl reload`".to_owned(),
            ),
            AdminError::TooManyToday(_) => Self::Conflict(format!(
                "{error}; raise smp.daily_block_quota and run `relayctl reload`, or wait until 0:00 UTC"
            )),
            AdminError::Changing => Self::Conflict(error.to_string()),
            AdminError::Read(error) => error.into(),
            AdminError::Write(error) => error.into(),
        }
    }
}
