//! What can be done to one queue.

use super::{Control, Role, show};
use crate::engine::{AdminError, Blocked, Unblocked};
use crate::queue::Status;
use crate::wire::{BlockingInfo, to_base64url};

impl Control {
    pub(super) async fn status(&self, id: &[u8]) -> String {
        match self.engine.show_queue(id).await {
            Err(error) => wrong(&error),
            Ok(queue) => format!(
                "status: {}, updatedAt: {}, queueMode: {}\n",
                show::status(&queue.status),
                show::day(queue.used_day),
                show::mode(queue.mode)
            ),
        }
    }

    pub(super) async fn delete(&self, id: &[u8], role: Role) -> String {
        let answer = match self.engine.delete_queue(id).await {
            Err(error) => wrong(&error),
            Ok(messages) => format!("ok, {messages} messages deleted\n"),
        };
        let queue = to_base64url(id);
        self.record(role, "smp.queue.delete", queue, &answer).await;
        answer
    }

    pub(super) async fn block(&self, id: &[u8], info: BlockingInfo, role: Role) -> String {
        let answer = match self.engine.block_queue(id, info).await {
            Err(error) => wrong(&error),
            Ok(Blocked::Now) => {
                format!(
                    "ok, queue blocked: {}\n",
                    show::status(&Status::Blocked(info))
                )
            }
            Ok(Blocked::Already(before)) => {
                format!("ok, already inactive: {}\n", show::status(&before))
            }
        };
        let queue = to_base64url(id);
        self.record(role, "smp.queue.block", queue, &answer).await;
        answer
    }

    pub(super) async fn unblock(&self, id: &[u8], role: Role) -> String {
        let answer = match self.engine.unblock_queue(id).await {
            Err(error) => wrong(&error),
            Ok(Unblocked::Now(info)) => {
                let reason = show::blocking(info);
                format!("ok, queue unblocked, reason to block was: {reason}\n")
            }
            Ok(Unblocked::WasNot(Status::Active)) => "ok, queue was active\n".to_owned(),
            Ok(Unblocked::WasNot(_)) => "error, queue is inactive\n".to_owned(),
        };
        let queue = to_base64url(id);
        self.record(role, "smp.queue.unblock", queue, &answer).await;
        answer
    }
}

fn wrong(error: &AdminError) -> String {
    match error {
        AdminError::NotFound => "error: AUTH\n".to_owned(),
        AdminError::TooManyToday(most) => {
            format!("error: reached limit of {most} queues blocked daily\n")
        }
        other => format!("error: {other}\n"),
    }
}
