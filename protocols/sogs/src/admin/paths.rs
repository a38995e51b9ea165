//! Where each thing is asked for.

/// What all of them begin with.
pub const BELOW: &str = "/v1/sogs";

/// `GET`: a list of [`super::types::Room`]. `POST` [`super::types::NewRoom`]: the room.
pub const ROOMS: &str = "/v1/sogs/rooms";
/// `GET`: [`super::types::RoomInFigures`]. `PUT` [`super::types::RoomEdit`]: the room. `DELETE`:
/// the room as it was.
pub const ROOM: &str = "/v1/sogs/rooms/{token}";
/// `POST`: forgets all messages; [`super::types::Count`].
pub const ROOM_CLEAR: &str = "/v1/sogs/rooms/{token}/clear";
/// `GET`: [`super::types::RoomPermissions`]. `PUT` [`super::types::SetPermissions`]: the same.
pub const ROOM_PERMISSIONS: &str = "/v1/sogs/rooms/{token}/permissions";
/// `GET`: a list of [`super::types::Moderator`]. `PUT` [`super::types::SetRole`]:
/// [`super::types::Count`] of users.
pub const MODERATORS: &str = "/v1/sogs/moderators";
/// `GET`: a list of [`super::types::Ban`]. `PUT` [`super::types::SetBan`]:
/// [`super::types::Count`] of users.
pub const BANS: &str = "/v1/sogs/bans";
/// `GET`: [`super::types::User`].
pub const USER: &str = "/v1/sogs/users/{id}";
/// `GET`: [`super::types::Message`]. `DELETE`: the message as it was.
pub const MESSAGE: &str = "/v1/sogs/messages/{id}";
/// `GET`: [`super::types::Links`].
pub const LINKS: &str = "/v1/sogs/links";
/// `GET`: a list of [`super::types::Filter`]. `POST` [`super::types::FilterTest`]:
/// [`super::types::FilterVerdict`].
pub const FILTER: &str = "/v1/sogs/filter";
/// `GET`: [`super::types::Stats`].
pub const STATS: &str = "/v1/sogs/stats";
/// `GET` (`/v1/sogs/log/100`: that many): a list of [`super::types::Moderated`].
pub const LOG: &str = "/v1/sogs/log/{limit}";
