//! The reactor on real sockets: socket pairs and TCP on the loopback interface.

#![cfg(target_os = "linux")]

mod batches;
mod control;
mod descriptors;
mod ending;
mod flushing;
mod holding;
mod model;
mod pausing;
mod peer;
mod random;
mod reading;
mod sending;
mod system_calls;
mod world;
