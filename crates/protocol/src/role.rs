/// Which side of the connection an endpoint is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Role {
    /// Expects masked frames and sends unmasked ones.
    #[default]
    Server,
    /// Expects unmasked frames and sends masked ones.
    Client,
}

impl Role {
    /// Whether the frames that an endpoint in this role receives must be masked (RFC 6455 §5.1).
    #[inline]
    pub const fn expects_mask(self) -> bool {
        matches!(self, Self::Server)
    }
}
