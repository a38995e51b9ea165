//! Tests of the wire as a whole: the vectors, snapshots, round trips, and garbage.

mod garbage;
mod hellos;
mod round_trip;
mod snapshots;
mod transmissions;
pub(crate) mod vectors;
mod wire_vectors;
