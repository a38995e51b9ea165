//! Editing messages. What they said before is kept in the history for a while.

use sea_orm::DbErr;

use super::change::{Actor, Change, Halt, Tx};
use super::posting::{Posting, post_of, poster, touch};
use super::sql::values;
use super::{MessageId, RoomId, StoreError, Tables, UserId, files, rooms};
use crate::domain::posts::may_post;
use crate::wire::messages::Content;
use crate::wire::padding;

impl Tables {
    /// Edits a message of one's own. One with the same words gets the new signature, and nobody
    /// hears of it.
    pub async fn edit(
        &self,
        actor: &Actor,
        room: RoomId,
        id: MessageId,
        content: Content,
        posting: Posting,
    ) -> Result<(), StoreError> {
        let change = Edit {
            room,
            author: actor.user,
            id,
            content,
            posting,
        };
        self.change(actor, change).await
    }
}

struct Edit {
    room: RoomId,
    author: UserId,
    id: MessageId,
    content: Content,
    posting: Posting,
}

impl Change for Edit {
    type Done = ();

    async fn apply(&self, tx: &mut Tx<'_>) -> Result<(), Halt> {
        let (standing, pace) = poster(tx, self.room, self.author, &self.posting).await?;
        let post = post_of(tx, self.room, self.id).await?;
        post.may_edit(&standing.permissions, self.author.0)?;
        let posting = &self.posting;
        pace.check(&standing, posting, |posted| {
            may_post(&standing.permissions, false, posting.limit, posted)
        })?;
        let data = padding::strip(&self.content.data);
        let size = i64::try_from(self.content.data.len()).unwrap_or(i64::MAX);
        let same = tx.execute(
            "UPDATE sogs_message SET signature = ? WHERE id = ? AND data = ? AND data_size = ?",
            values![
                self.content.signature.to_vec(),
                self.id,
                data.to_vec(),
                size
            ],
        );
        if same.await? == 0 {
            self.replace(tx, data, size).await?;
        }
        let files = &self.content.files;
        files::attach(tx, self.id, self.room, self.author, files, posting).await?;
        touch(tx, self.room, self.id).await?;
        Ok(())
    }

    fn weight(&self) -> usize {
        512 + 2 * self.content.data.len()
    }
}

impl Edit {
    async fn replace(&self, tx: &mut Tx<'_>, data: &[u8], size: i64) -> Result<(), DbErr> {
        let seqno = rooms::draw(tx, self.room, 1).await?;
        let now = self.posting.now.millis();
        tx.execute(
            "INSERT INTO sogs_history (message_id, replaced, data_size, signature, data) \
             SELECT id, ?, data_size, signature, data FROM sogs_message WHERE id = ?",
            values![now, self.id],
        )
        .await?;
        tx.execute(
            "UPDATE sogs_message SET edited = ?, seqno = ?, seqno_data = ?, data_size = ?, \
             signature = ?, data = ? WHERE id = ?",
            values![
                now,
                seqno,
                seqno,
                size,
                self.content.signature.to_vec(),
                data.to_vec(),
                self.id
            ],
        )
        .await?;
        Ok(())
    }
}
