//! The daily line of statistics.
