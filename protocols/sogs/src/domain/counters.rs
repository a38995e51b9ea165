//! The numbers pollers rely on: a sequence per room in which every change of a message has its
//! place, and a count of everything else about the room that changed.
//!
//! A store must draw sequence numbers in the transaction that uses them: whoever has seen 11 never
//! asks for 10.

/// The counters of a room.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct RoomCounters {
    /// The last sequence number used.
    pub message_sequence: i64,
    /// Changes with everything a room tells about itself.
    pub info_updates: i64,
}

/// Where a message stands in its room's sequence.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct MessageSequence {
    /// When it was posted; 0 if nobody knows any more.
    pub creation: i64,
    /// When it was last posted, edited or deleted.
    pub data: i64,
    /// When its reactions last changed; 0 if they never did.
    pub reactions: i64,
}

/// How a message appears in the answer to "what is new since".
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Shown {
    /// All of it.
    Full,
    /// That it is gone.
    Tombstone,
    /// Only its reactions.
    Reactions,
}

impl RoomCounters {
    /// The next place in the sequence.
    pub const fn draw(&mut self) -> i64 {
        self.message_sequence += 1;
        self.message_sequence
    }

    /// Something else about the room has changed, so many times.
    pub const fn info_changed(&mut self, times: i64) -> i64 {
        self.info_updates += times;
        self.info_updates
    }

    /// A new message, also one that a filter hides.
    pub const fn post(&mut self) -> MessageSequence {
        let seqno = self.draw();
        MessageSequence {
            creation: seqno,
            data: seqno,
            reactions: 0,
        }
    }

    /// A message has other data now.
    pub const fn edit(&mut self, message: &mut MessageSequence) {
        message.data = self.draw();
    }

    /// A message is gone. So are its reactions, each a change of its own, but pollers must not
    /// take the last of them for news about reactions: the deletion comes after them.
    pub const fn delete(&mut self, message: &mut MessageSequence, reactions: i64, pinned: bool) {
        self.message_sequence += reactions;
        message.data = self.draw();
        if pinned {
            self.info_changed(1);
        }
    }

    /// Somebody reacted, or took it back.
    pub const fn react(&mut self, message: &mut MessageSequence) {
        message.reactions = self.draw();
    }
}

impl MessageSequence {
    /// Where the last change of any kind stands.
    pub fn seqno(&self) -> i64 {
        self.data.max(self.reactions)
    }

    /// How the message appears to somebody who has seen everything up to `since`; `None` if it
    /// does not. Deletions are told only to those who can know the message.
    pub fn shown(&self, since: i64, deleted: bool, reaction_updates: bool) -> Option<Shown> {
        let news = if reaction_updates {
            self.seqno()
        } else {
            self.data
        };
        if news <= since || (deleted && (since == 0 || self.creation > since)) {
            return None;
        }
        Some(match (since > 0 && self.data <= since, deleted) {
            (true, _) => Shown::Reactions,
            (false, true) => Shown::Tombstone,
            (false, false) => Shown::Full,
        })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[derive(Clone, Copy, Debug)]
    enum Event {
        Post,
        Edit(usize),
        Delete(usize),
        React(usize),
    }

    fn events() -> impl Strategy<Value = Vec<Event>> {
        let event = prop_oneof![
            Just(Event::Post),
            any::<usize>().prop_map(Event::Edit),
            any::<usize>().prop_map(Event::Delete),
            any::<usize>().prop_map(Event::React),
        ];
        prop::collection::vec(event, 0..40)
    }

    #[derive(Default)]
    struct Room {
        counters: RoomCounters,
        messages: Vec<(MessageSequence, bool)>,
    }

    impl Room {
        fn happen(&mut self, event: Event) {
            let (Event::Edit(at) | Event::Delete(at) | Event::React(at)) = event else {
                let sequence = self.counters.post();
                return self.messages.push((sequence, false));
            };
            let at = at % self.messages.len().max(1);
            let there = self.messages.get_mut(at).filter(|message| !message.1);
            let Some((sequence, deleted)) = there else {
                return;
            };
            match event {
                Event::Edit(_) => self.counters.edit(sequence),
                Event::React(_) => self.counters.react(sequence),
                Event::Delete(_) | Event::Post => {
                    let reactions = i64::from(sequence.reactions > 0);
                    self.counters.delete(sequence, reactions, false);
                    *deleted = true;
                }
            }
        }
    }

    #[test]
    fn the_first_message_is_the_first() {
        assert_eq!(RoomCounters::default().post().seqno(), 1);
    }

    #[test]
    fn tombstones_are_for_those_who_can_know() {
        let deleted = MessageSequence {
            creation: 5,
            data: 9,
            reactions: 0,
        };
        assert_eq!(deleted.shown(0, true, true), None);
        assert_eq!(deleted.shown(4, true, true), None);
        assert_eq!(deleted.shown(5, true, true), Some(Shown::Tombstone));
        assert_eq!(deleted.shown(9, true, true), None);
    }

    #[test]
    fn reactions_alone_are_for_those_who_ask_and_know_the_message() {
        let message = MessageSequence {
            creation: 5,
            data: 5,
            reactions: 9,
        };
        assert_eq!(message.shown(6, false, true), Some(Shown::Reactions));
        assert_eq!(message.shown(6, false, false), None);
        assert_eq!(message.shown(4, false, true), Some(Shown::Full));
        assert_eq!(message.shown(0, false, true), Some(Shown::Full));
    }

    proptest! {
        /// Whoever polls after every event, or after any number of them, has what is there.
        #[test]
        fn pollers_miss_nothing(events in events(), stops: Vec<bool>) {
            let mut room = Room::default();
            let mut known: Vec<Option<MessageSequence>> = Vec::new();
            let mut since = 0;
            for (at, event) in events.iter().enumerate() {
                room.happen(*event);
                if stops.get(at).copied().unwrap_or(at + 1 == events.len()) {
                    known.resize(room.messages.len(), None);
                    for (known, (message, deleted)) in known.iter_mut().zip(&room.messages) {
                        match message.shown(since, *deleted, true) {
                            Some(Shown::Tombstone) => *known = None,
                            Some(Shown::Full) => *known = Some(*message),
                            Some(Shown::Reactions) => {
                                prop_assert!(known.is_some(), "reactions of an unknown message");
                                *known = Some(*message);
                            }
                            None => {}
                        }
                    }
                    since = room.counters.message_sequence;
                    let there = room.messages.iter().map(|(m, deleted)| (!deleted).then_some(*m));
                    prop_assert_eq!(known.clone(), there.collect::<Vec<_>>());
                }
            }
        }

        #[test]
        fn every_change_has_a_place_of_its_own(events in events()) {
            let mut room = Room::default();
            for event in events {
                let before = room.counters.message_sequence;
                room.happen(event);
                let after = room.counters.message_sequence;
                prop_assert!((before..=before + 2).contains(&after));
                let last = room.messages.iter().map(|message| message.0.seqno()).max();
                prop_assert_eq!(last.unwrap_or(0), after);
            }
        }
    }
}
