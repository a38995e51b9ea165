CREATE TABLE sogs_room (
    id {key},
    token TEXT NOT NULL,
    token_folded TEXT NOT NULL UNIQUE,
    name TEXT NOT NULL,
    description TEXT,
    image_id BIGINT,
    created BIGINT NOT NULL,
    message_sequence BIGINT NOT NULL,
    info_updates BIGINT NOT NULL,
    active_users BIGINT NOT NULL DEFAULT 0,
    can_read BOOLEAN NOT NULL,
    can_access BOOLEAN NOT NULL,
    can_write BOOLEAN NOT NULL,
    can_upload BOOLEAN NOT NULL,
    retention BIGINT,
    slow_mode BIGINT
);

CREATE TABLE sogs_user (
    id {key},
    session_id TEXT NOT NULL UNIQUE,
    created BIGINT NOT NULL,
    last_active BIGINT NOT NULL,
    banned BOOLEAN NOT NULL DEFAULT FALSE,
    moderator BOOLEAN NOT NULL DEFAULT FALSE,
    admin BOOLEAN NOT NULL DEFAULT FALSE,
    visible BOOLEAN NOT NULL DEFAULT FALSE,
    CHECK (NOT (banned AND (moderator OR admin))),
    CHECK (moderator OR NOT admin)
);
CREATE INDEX sogs_user_moderator ON sogs_user (moderator) WHERE moderator;

CREATE TABLE sogs_pending (
    blinded_abs TEXT NOT NULL PRIMARY KEY,
    user_id BIGINT NOT NULL UNIQUE REFERENCES sogs_user (id) ON DELETE CASCADE
);

CREATE TABLE sogs_override (
    room_id BIGINT NOT NULL REFERENCES sogs_room (id) ON DELETE CASCADE,
    user_id BIGINT NOT NULL REFERENCES sogs_user (id) ON DELETE CASCADE,
    banned BOOLEAN NOT NULL DEFAULT FALSE,
    moderator BOOLEAN NOT NULL DEFAULT FALSE,
    admin BOOLEAN NOT NULL DEFAULT FALSE,
    visible BOOLEAN NOT NULL DEFAULT TRUE,
    can_read BOOLEAN,
    can_access BOOLEAN,
    can_write BOOLEAN,
    can_upload BOOLEAN,
    PRIMARY KEY (room_id, user_id),
    CHECK (NOT (banned AND (moderator OR admin))),
    CHECK (moderator OR NOT admin)
);
CREATE INDEX sogs_override_user ON sogs_override (user_id);
CREATE INDEX sogs_override_moderator ON sogs_override (room_id) WHERE moderator;

CREATE TABLE sogs_future_change (
    id {key},
    room_id BIGINT NOT NULL REFERENCES sogs_room (id) ON DELETE CASCADE,
    user_id BIGINT NOT NULL REFERENCES sogs_user (id) ON DELETE CASCADE,
    due BIGINT NOT NULL,
    can_read BOOLEAN,
    can_write BOOLEAN,
    can_upload BOOLEAN
);
CREATE INDEX sogs_future_change_due ON sogs_future_change (due);
CREATE INDEX sogs_future_change_user ON sogs_future_change (room_id, user_id);

CREATE TABLE sogs_future_ban (
    id {key},
    room_id BIGINT REFERENCES sogs_room (id) ON DELETE CASCADE,
    user_id BIGINT NOT NULL REFERENCES sogs_user (id) ON DELETE CASCADE,
    due BIGINT NOT NULL,
    banned BOOLEAN NOT NULL
);
CREATE INDEX sogs_future_ban_due ON sogs_future_ban (due);
CREATE INDEX sogs_future_ban_user ON sogs_future_ban (user_id, room_id);
CREATE INDEX sogs_future_ban_room ON sogs_future_ban (room_id);

CREATE TABLE sogs_message (
    id {key},
    room_id BIGINT NOT NULL REFERENCES sogs_room (id) ON DELETE CASCADE,
    author_id BIGINT NOT NULL REFERENCES sogs_user (id),
    posted BIGINT NOT NULL,
    edited BIGINT,
    seqno BIGINT NOT NULL,
    seqno_data BIGINT NOT NULL,
    seqno_reactions BIGINT NOT NULL DEFAULT 0,
    seqno_creation BIGINT NOT NULL,
    filtered BOOLEAN NOT NULL DEFAULT FALSE,
    whisper_to BIGINT REFERENCES sogs_user (id),
    whisper_mods BOOLEAN NOT NULL DEFAULT FALSE,
    data_size BIGINT,
    signature {blob},
    data {blob}
);
CREATE INDEX sogs_message_seqno ON sogs_message (room_id, seqno);
CREATE INDEX sogs_message_room ON sogs_message (room_id, id);
CREATE INDEX sogs_message_author ON sogs_message (room_id, author_id, posted);

CREATE TABLE sogs_history (
    id {key},
    message_id BIGINT NOT NULL REFERENCES sogs_message (id) ON DELETE CASCADE,
    replaced BIGINT NOT NULL,
    data_size BIGINT,
    signature {blob},
    data {blob} NOT NULL
);
CREATE INDEX sogs_history_message ON sogs_history (message_id);
CREATE INDEX sogs_history_replaced ON sogs_history (replaced);

CREATE TABLE sogs_pin (
    room_id BIGINT NOT NULL REFERENCES sogs_room (id) ON DELETE CASCADE,
    message_id BIGINT NOT NULL REFERENCES sogs_message (id) ON DELETE CASCADE,
    pinned_by BIGINT NOT NULL REFERENCES sogs_user (id),
    pinned_at BIGINT NOT NULL,
    PRIMARY KEY (room_id, message_id)
);
CREATE INDEX sogs_pin_message ON sogs_pin (message_id);

CREATE TABLE sogs_reaction (
    message_id BIGINT NOT NULL REFERENCES sogs_message (id) ON DELETE CASCADE,
    emoji TEXT NOT NULL,
    user_id BIGINT NOT NULL REFERENCES sogs_user (id),
    kind_order BIGINT NOT NULL,
    reacted BIGINT NOT NULL,
    PRIMARY KEY (message_id, emoji, user_id)
) {compact};

CREATE TABLE sogs_file (
    id {key},
    room_id BIGINT REFERENCES sogs_room (id) ON DELETE SET NULL,
    uploader_id BIGINT REFERENCES sogs_user (id),
    message_id BIGINT REFERENCES sogs_message (id) ON DELETE SET NULL,
    size BIGINT NOT NULL,
    uploaded BIGINT NOT NULL,
    expiry BIGINT,
    filename TEXT,
    path TEXT NOT NULL
);
CREATE INDEX sogs_file_room ON sogs_file (room_id, uploader_id);
CREATE INDEX sogs_file_message ON sogs_file (message_id);
CREATE INDEX sogs_file_expiry ON sogs_file (expiry);

CREATE TABLE sogs_room_user (
    room_id BIGINT NOT NULL REFERENCES sogs_room (id) ON DELETE CASCADE,
    user_id BIGINT NOT NULL REFERENCES sogs_user (id) ON DELETE CASCADE,
    last_active BIGINT NOT NULL,
    PRIMARY KEY (room_id, user_id)
) {compact};
CREATE INDEX sogs_room_user_active ON sogs_room_user (room_id, last_active);
CREATE INDEX sogs_room_user_last ON sogs_room_user (last_active);

CREATE TABLE sogs_nonce (
    user_id BIGINT NOT NULL REFERENCES sogs_user (id) ON DELETE CASCADE,
    nonce {blob} NOT NULL,
    expiry BIGINT NOT NULL,
    PRIMARY KEY (user_id, nonce)
) {compact};
CREATE INDEX sogs_nonce_expiry ON sogs_nonce (expiry);

CREATE TABLE sogs_inbox (
    id {key},
    recipient_id BIGINT NOT NULL REFERENCES sogs_user (id) ON DELETE CASCADE,
    sender_id BIGINT NOT NULL REFERENCES sogs_user (id) ON DELETE CASCADE,
    posted BIGINT NOT NULL,
    expiry BIGINT NOT NULL,
    body {blob} NOT NULL
);
CREATE INDEX sogs_inbox_recipient ON sogs_inbox (recipient_id, id);
CREATE INDEX sogs_inbox_sender ON sogs_inbox (sender_id, id);
CREATE INDEX sogs_inbox_expiry ON sogs_inbox (expiry);

CREATE TABLE sogs_moderation (
    id {key},
    done BIGINT NOT NULL,
    actor_id BIGINT NOT NULL REFERENCES sogs_user (id),
    action TEXT NOT NULL,
    room TEXT,
    target TEXT,
    message_id BIGINT,
    detail TEXT
);
CREATE INDEX sogs_moderation_done ON sogs_moderation (done);

CREATE TABLE sogs_import_room (
    room_id BIGINT NOT NULL PRIMARY KEY REFERENCES sogs_room (id) ON DELETE CASCADE,
    old_message_id_max BIGINT NOT NULL,
    message_id_offset BIGINT NOT NULL
);

CREATE TABLE sogs_import_file (
    room_id BIGINT NOT NULL REFERENCES sogs_room (id) ON DELETE CASCADE,
    old_file_id BIGINT NOT NULL,
    file_id BIGINT NOT NULL REFERENCES sogs_file (id) ON DELETE CASCADE,
    PRIMARY KEY (room_id, old_file_id)
)
