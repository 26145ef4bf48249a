/// System calls of a reactor since it was made.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Stats {
    /// Calls of epoll_wait.
    pub waits: u64,
    /// Reads, those that found nothing included.
    pub reads: u64,
    /// Writes, those that the kernel refused included.
    pub writes: u64,
    /// Changes of what epoll watches.
    pub changes: u64,
    /// Wake-ups of the reactor by itself.
    pub wakes: u64,
}
