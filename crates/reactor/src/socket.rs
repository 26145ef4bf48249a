use std::io;
use std::os::fd::{BorrowedFd, RawFd};

use rustix::io::Errno;

/// A descriptor that somebody else owns, and keeps open while its connection is in the table: what
/// `Reactor::add` asks for.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Socket(RawFd);

impl Socket {
    /// # Safety
    /// `fd` stays open for as long as the socket, or a copy of it, is used.
    pub(crate) unsafe fn new(fd: RawFd) -> io::Result<Self> {
        if fd < 0 {
            return Err(Errno::BADF.into());
        }
        Ok(Self(fd))
    }

    #[inline]
    pub(crate) fn as_fd(&self) -> BorrowedFd<'_> {
        // SAFETY: it is not negative, and open: whoever made the socket has promised it.
        unsafe { BorrowedFd::borrow_raw(self.0) }
    }

    #[inline]
    pub(crate) fn number(self) -> usize {
        usize::try_from(self.0).unwrap_or(usize::MAX)
    }
}
