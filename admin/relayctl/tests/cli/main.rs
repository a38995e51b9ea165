//! relayctl as operators and their scripts meet it: the real binaries, every command in text and
//! JSON, with the daemon up and down.

mod backup;
mod config;
mod control;
mod doctor;
mod down;
mod pages;
mod running;
mod smp;
mod sogs;
mod support;
mod usage;
