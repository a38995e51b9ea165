//! What operators do to queues: sections 8.1 and 12.5.

use super::bed::Bed;
use crate::engine::{AdminError, Blocked, Settings, Unblocked};
use crate::queue::Status;
use crate::wire::{BlockingInfo, BlockingReason, ClientNotice, Command};

const INFO: BlockingInfo = BlockingInfo {
    reason: BlockingReason::Spam,
    notice: Some(ClientNotice { ttl: Some(60) }),
};
const TOLD: &str = r#"ERR BLOCKED reason=spam,notice={"ttl":60}"#;

#[tokio::test(flavor = "multi_thread")]
async fn a_blocked_queue_says_so_until_it_is_unblocked() {
    for bed in Bed::each(Settings::default()).await {
        let (mut recipient, mut sender) = (bed.client(), bed.client());
        let queue = recipient.create().await;
        assert_eq!(sender.send(&queue, "one", None).await, "OK");
        let one = recipient.event().await;
        let blocked = bed.engine.block_queue(&queue.sender, INFO).await.unwrap();
        assert_eq!(blocked, Blocked::Now);
        assert_eq!(recipient.event().await, TOLD);
        let again = bed.engine.block_queue(&queue.sender, INFO).await.unwrap();
        assert_eq!(again, Blocked::Already(Status::Blocked(INFO)));

        assert_eq!(sender.send(&queue, "no", None).await, TOLD);
        let key = sender.signer();
        for command in [
            Command::Sub,
            Command::Get,
            Command::Que,
            Command::Ldel,
            Command::Ndel,
            Command::Key(key.public()),
        ] {
            assert_eq!(recipient.on(&queue, command).await, TOLD);
        }
        assert_eq!(recipient.ack(&queue, &one).await, TOLD);
        let skey = Command::Skey(key.public());
        assert_eq!(sender.one(&queue.sender, skey, Some(&key)).await, TOLD);
        for (version, told) in [(11, "ERR AUTH"), (17, "ERR BLOCKED reason=spam")] {
            let mut older = bed.client_of(version);
            assert_eq!(older.send(&queue, "no", None).await, told);
        }

        let unblocked = bed.engine.unblock_queue(&queue.sender).await.unwrap();
        assert_eq!(unblocked, Unblocked::Now(INFO));
        let again = bed.engine.unblock_queue(&queue.sender).await.unwrap();
        assert_eq!(again, Unblocked::WasNot(Status::Active));
        assert_eq!(recipient.ack(&queue, &one).await, "OK");
        // Blocked again, it can be suspended and deleted.
        bed.engine.block_queue(&queue.sender, INFO).await.unwrap();
        assert_eq!(recipient.on(&queue, Command::Off).await, "OK");
        let state = bed.engine.show_queue(&queue.sender).await.unwrap();
        assert_eq!(state.status, Status::Off);
        assert_eq!(recipient.on(&queue, Command::Del).await, "OK");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_operator_deletes_and_blocks_so_many_a_day() {
    let settings = Settings {
        blocks_a_day: 1,
        ..Settings::default()
    };
    for bed in Bed::each(settings).await {
        let (mut recipient, mut sender) = (bed.client(), bed.client());
        let (first, second) = (recipient.create().await, recipient.create().await);
        bed.engine.block_queue(&first.sender, INFO).await.unwrap();
        let refused = bed.engine.block_queue(&second.sender, INFO).await;
        assert!(matches!(refused, Err(AdminError::TooManyToday(1))));
        bed.pass(std::time::Duration::from_hours(24));
        bed.engine.block_queue(&second.sender, INFO).await.unwrap();

        let third = recipient.create().await;
        assert_eq!(sender.send(&third, "one", None).await, "OK");
        assert_eq!(recipient.events().await.len(), 3);
        assert_eq!(bed.engine.delete_queue(&third.sender).await.unwrap(), 1);
        bed.engine.tell_lost();
        assert_eq!(recipient.event().await, "DELD");
        let gone = bed.engine.delete_queue(&third.sender).await;
        assert!(matches!(gone, Err(AdminError::NotFound)));
    }
}
