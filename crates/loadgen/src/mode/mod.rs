//! The kinds of load.

pub mod accept;
pub mod broadcast;
pub mod echo;
pub mod feed;
pub mod idle;
