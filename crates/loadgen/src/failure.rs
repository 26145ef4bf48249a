//! Why a run ends without a report.

use std::{fmt, io};

/// The peer did something wrong, or the run could not be made.
#[derive(Debug)]
pub struct Failure(pub String);

pub type Result<T> = std::result::Result<T, Failure>;

/// A `Failure` with a formatted message.
#[macro_export]
macro_rules! failure {
    ($($part:tt)*) => { $crate::failure::Failure(format!($($part)*)) };
}

impl fmt::Display for Failure {
    fn fmt(&self, formatter: &mut fmt::Formatter) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

impl std::error::Error for Failure {}

impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Self {
        Failure(error.to_string())
    }
}

impl From<rustix::io::Errno> for Failure {
    fn from(error: rustix::io::Errno) -> Self {
        Failure(error.to_string())
    }
}
