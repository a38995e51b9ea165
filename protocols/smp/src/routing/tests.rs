//! The relay's part without sockets, and what a hostile relay can say.

mod hostile;
mod relay;
