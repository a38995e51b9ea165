//! A message as memory holds it: its JSON ready but for the reactions, which every caller sees
//! differently, and what decides who sees it.

use std::collections::HashMap;
use std::sync::Arc;

use relay_core::clock::UnixTime;
use sea_orm::{ConnectionTrait, DbErr, Value};
use serde::{Deserialize, Serialize};

use super::sql::{self, Columns};
use super::{MessageId, UserId};
use crate::domain::counters::{MessageSequence, Shown};
use crate::domain::posts::Post;
use crate::domain::reactions::{UserReaction, summarize};
use crate::domain::whisper::{Audience, Reader};
use crate::private::private_debug;
use crate::wire::Base64;
use crate::wire::json::Seconds;
use crate::wire::messages::{Message, ReactionUpdate, Tombstone, Whisper};
use crate::wire::padding;
use crate::wire::reactions::{Reaction, Reactions};

/// What the JSON of a message ends with that nobody reacted to: it is cut off and written anew for
/// every caller.
const NO_REACTIONS: &str = "{}}";

/// More users of one reaction nobody is told of with a message.
const MAX_REACTORS: usize = 20;

/// A message of a room, or what is left of it.
#[derive(Clone)]
pub struct StoredMessage {
    /// Its number.
    pub id: MessageId,
    /// When.
    pub posted: UnixTime,
    /// When it was last edited or deleted, if it was.
    pub edited: Option<UnixTime>,
    /// Where it stands in the room.
    pub sequence: MessageSequence,
    /// What may be done with it.
    pub post: Post,
    /// Everything but the reactions; of a tombstone, everything.
    json: Box<str>,
    reactions: Box<[Kind]>,
}

/// One kind of reaction: as everybody sees it, and who is one of those who reacted.
#[derive(Clone)]
struct Kind {
    emoji: Box<str>,
    /// Names as many users as anybody may ask for.
    seen: Reaction,
    /// In order.
    users: Box<[i64]>,
}

impl Kind {
    fn all_of(reactions: Vec<UserReaction>) -> Box<[Self]> {
        let mut users: HashMap<String, Vec<i64>> = HashMap::new();
        for reaction in &reactions {
            let kind = users.entry(reaction.emoji.clone()).or_default();
            kind.push(reaction.user);
        }
        let kinds = summarize(reactions, None, MAX_REACTORS).into_iter();
        let kinds = kinds.map(|(emoji, seen)| {
            let mut users = users.remove(&emoji).unwrap_or_default();
            users.sort_unstable();
            Self {
                emoji: emoji.into_boxed_str(),
                seen,
                users: users.into_boxed_slice(),
            }
        });
        kinds.collect()
    }

    fn seen_by(&self, caller: Option<UserId>, reactors: usize) -> (String, Reaction) {
        let all = self.seen.reactors.iter().flatten();
        let first = all.take(reactors).cloned().collect();
        let seen = Reaction {
            index: self.seen.index,
            count: self.seen.count,
            reactors: (reactors > 0).then_some(first),
            you: caller.is_some_and(|user| self.users.binary_search(&user.0).is_ok()),
        };
        (self.emoji.to_string(), seen)
    }

    fn bytes(&self) -> usize {
        let names = self.seen.reactors.iter().flatten();
        let names = names.map(|name| size_of::<String>() + name.len());
        size_of::<Self>() + names.sum::<usize>() + size_of_val(&*self.users)
    }
}

/// What a message says, with its padding.
#[derive(Clone, Deserialize, Eq, PartialEq)]
pub struct Said {
    /// Who.
    pub session_id: String,
    /// What.
    #[serde(deserialize_with = "base64")]
    pub data: Vec<u8>,
    /// Of the author.
    #[serde(deserialize_with = "base64")]
    pub signature: Vec<u8>,
}

fn base64<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Vec<u8>, D::Error> {
    Base64::deserialize(deserializer).map(|bytes| bytes.0)
}

/// A row, as every query of messages selects it.
pub(crate) struct Row {
    pub(crate) id: MessageId,
    pub(crate) session_id: String,
    pub(crate) posted: UnixTime,
    pub(crate) edited: Option<UnixTime>,
    pub(crate) sequence: MessageSequence,
    pub(crate) post: Post,
    pub(crate) whisper_to: Option<String>,
    /// Padded, with its signature; nothing if it was deleted.
    pub(crate) content: Option<(Vec<u8>, Vec<u8>)>,
}

/// The columns of [`Row`], of `m` with its author `a` and recipient `w`.
pub(crate) const COLUMNS: &str = "m.id, a.session_id, m.posted, m.edited, m.seqno_creation, \
    m.seqno_data, m.seqno_reactions, m.author_id, m.whisper_to, m.whisper_mods, m.filtered, \
    w.session_id, m.data_size, m.signature, m.data";

/// Where they come from.
pub(crate) const TABLES: &str = "sogs_message m JOIN sogs_user a ON a.id = m.author_id \
    LEFT JOIN sogs_user w ON w.id = m.whisper_to";

impl Row {
    fn read(mut columns: Columns) -> Result<Self, DbErr> {
        let id = MessageId(columns.next()?);
        let session_id = columns.next()?;
        let (posted, edited) = (columns.time()?, columns.maybe_time()?);
        let sequence = MessageSequence {
            creation: columns.next()?,
            data: columns.next()?,
            reactions: columns.next()?,
        };
        let audience = Audience {
            author: columns.next()?,
            to: columns.next()?,
            moderators: columns.next()?,
        };
        let filtered = columns.next()?;
        let whisper_to = columns.next()?;
        let size: Option<i64> = columns.next()?;
        let signature: Option<Vec<u8>> = columns.next()?;
        let data: Option<Vec<u8>> = columns.next()?;
        let content = data.map(|data| {
            let size = usize::try_from(size.unwrap_or(0)).unwrap_or(0);
            (padding::restore(&data, size), signature.unwrap_or_default())
        });
        let post = Post {
            audience,
            deleted: content.is_none(),
            filtered,
        };
        Ok(Self {
            id,
            session_id,
            posted,
            edited,
            sequence,
            post,
            whisper_to,
            content,
        })
    }

    const fn may_have_reactions(&self) -> bool {
        self.sequence.reactions > 0 && !self.post.deleted
    }

    /// With what was reacted with.
    pub(crate) fn with(self, reactions: Vec<UserReaction>) -> StoredMessage {
        let (id, posted, edited) = (self.id, self.posted, self.edited);
        let (sequence, post) = (self.sequence, self.post);
        let json = self.json();
        StoredMessage {
            id,
            posted,
            edited,
            sequence,
            post,
            json: json.into_boxed_str(),
            reactions: Kind::all_of(reactions),
        }
    }

    fn json(self) -> String {
        let (posted, edited) = (Seconds(self.posted), self.edited.map(Seconds));
        let seqno = self.sequence.seqno();
        let Some((data, signature)) = self.content else {
            let edited = edited.unwrap_or(posted);
            let tombstone = Tombstone::new(self.id.0, self.session_id, posted, edited, seqno);
            return written(&tombstone);
        };
        let message = Message {
            id: self.id.0,
            session_id: self.session_id,
            posted,
            edited,
            seqno,
            data: Base64(data),
            signature: Base64(signature),
            whisper: Whisper::new(self.whisper_to, self.post.audience.moderators),
            filtered: self.post.filtered,
            reactions: Reactions::new(),
        };
        let mut json = written(&message);
        json.truncate(json.len() - NO_REACTIONS.len());
        json
    }
}

/// The types of this crate's wire can all be written; what could not would be an empty object.
fn written(value: &impl Serialize) -> String {
    serde_json::to_string(value).unwrap_or_else(|_| "{}".to_owned() + NO_REACTIONS)
}

impl StoredMessage {
    /// Whether somebody reads it.
    pub fn visible(&self, reader: Reader) -> bool {
        self.post.visible(reader)
    }

    /// What it says; `None` if it was deleted.
    pub fn said(&self) -> Option<Said> {
        if self.post.deleted {
            return None;
        }
        serde_json::from_str(&format!("{}{NO_REACTIONS}", self.json)).ok()
    }

    /// Writes its JSON, naming at most `reactors` users of each reaction.
    pub fn write(&self, shown: Shown, caller: Option<UserId>, reactors: usize, out: &mut String) {
        match shown {
            Shown::Reactions => out.push_str(&written(&ReactionUpdate {
                id: self.id.0,
                seqno: self.sequence.seqno(),
                reactions: self.reactions(caller, reactors),
            })),
            Shown::Full | Shown::Tombstone => {
                out.push_str(&self.json);
                if !self.post.deleted {
                    self.write_reactions(caller, reactors, out);
                }
            }
        }
    }

    fn write_reactions(&self, caller: Option<UserId>, reactors: usize, out: &mut String) {
        if self.reactions.is_empty() {
            out.push_str(NO_REACTIONS);
        } else {
            out.push_str(&written(&self.reactions(caller, reactors)));
            out.push('}');
        }
    }

    fn reactions(&self, caller: Option<UserId>, reactors: usize) -> Reactions {
        let kinds = self.reactions.iter();
        kinds.map(|kind| kind.seen_by(caller, reactors)).collect()
    }

    /// About how many bytes of memory it takes.
    pub(crate) fn bytes(&self) -> usize {
        let reactions: usize = self.reactions.iter().map(Kind::bytes).sum();
        size_of::<Self>() + self.json.len() + reactions
    }
}

private_debug!(Said, StoredMessage);

/// Reads messages with their reactions, in the order of the query.
pub(crate) async fn load(
    db: &impl ConnectionTrait,
    condition: &str,
    values: Vec<Value>,
) -> Result<Vec<Arc<StoredMessage>>, DbErr> {
    let sql = format!("SELECT {COLUMNS} FROM {TABLES} WHERE {condition}");
    let rows = sql::all(db, &sql, values).await?;
    let rows: Vec<Row> = rows.into_iter().map(Row::read).collect::<Result<_, _>>()?;
    let reacted = rows.iter().filter(|row| row.may_have_reactions());
    let reacted: Vec<_> = reacted.map(|row| row.id).collect();
    let mut reactions = reactions(db, &reacted).await?;
    let messages = rows.into_iter().map(|row| {
        let reactions = reactions.remove(&row.id).unwrap_or_default();
        Arc::new(row.with(reactions))
    });
    Ok(messages.collect())
}

/// Statements have a fixed text, so this many messages are asked about at once.
const AT_ONCE: usize = 32;

async fn reactions(
    db: &impl ConnectionTrait,
    messages: &[MessageId],
) -> Result<HashMap<MessageId, Vec<UserReaction>>, DbErr> {
    let mut all: HashMap<MessageId, Vec<UserReaction>> = HashMap::new();
    let marks = ["?"; AT_ONCE].join(", ");
    let sql = format!(
        "SELECT r.message_id, r.emoji, r.kind_order, r.user_id, u.session_id, r.reacted \
         FROM sogs_reaction r JOIN sogs_user u ON u.id = r.user_id \
         WHERE r.message_id IN ({marks})"
    );
    for some in messages.chunks(AT_ONCE) {
        let ids = some.iter().chain(std::iter::repeat(&some[0])).take(AT_ONCE);
        let ids = ids.map(|id| Value::from(*id)).collect();
        for mut columns in sql::all(db, &sql, ids).await? {
            let message = MessageId(columns.next()?);
            all.entry(message).or_default().push(UserReaction {
                emoji: columns.next()?,
                kind_order: columns.next()?,
                user: columns.next()?,
                session_id: columns.next()?,
                at: columns.time()?,
            });
        }
    }
    Ok(all)
}
