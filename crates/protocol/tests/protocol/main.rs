//! One binary for all tests of the crate: a module for each concept, and what they share.

// What they share.
mod inflating;
mod reference;
mod streams;
mod transcript;

mod apart;
mod close;
mod deflate;
mod error;
mod incoming;
mod mask;
mod memory;
mod outgoing;
mod slots;
mod splits;
mod utf8;
mod vectors;
