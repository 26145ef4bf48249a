//! Large messages are received in memory that the sink lends.

use ferrows_protocol::ProtocolError;

use crate::connection::Connection;
use crate::lent::Promises;
use crate::sink::{Sink, Verdict};

/// Takes bytes that were read elsewhere to the memory that was lent, and returns what `decode` does.
#[cold]
pub(crate) fn copy_apart<S>(
    connection: &mut Connection,
    chunk: &[u8],
    sink: &mut S,
) -> Result<(usize, bool), ProtocolError>
where
    S: Sink + ?Sized,
{
    let Some(lent) = &mut connection.lent else {
        return Ok((0, false));
    };
    let room = lent.room(chunk.len());
    let len = room.len();
    copy(chunk, room);
    let is_held = receive_apart(connection, len, sink)?;
    Ok((len, is_held))
}

/// Whether so much of the current frame is missing that it is worth memory of its own.
#[inline]
pub(crate) fn is_large(connection: &Connection) -> bool {
    let min = connection.incoming.options().apart;
    let rest = connection.incoming.rest();
    min > 0 && rest.is_some_and(|rest| rest.missing >= min.into())
}

/// Borrows memory for the message whose frame is coming, and moves there what has come of it;
/// `here` bytes more will follow at once. Whether there is such memory.
#[cold]
pub(crate) fn borrow<S>(
    connection: &mut Connection,
    here: usize,
    promises: &Promises,
    sink: &mut S,
) -> bool
where
    S: Sink + ?Sized,
{
    let Some(rest) = connection.incoming.rest() else {
        return false;
    };
    connection.lent = promises.borrow(rest, here, sink);
    let Some(lent) = &mut connection.lent else {
        return false;
    };
    copy(&connection.incoming.take_arrived(), lent.beginning());
    true
}

pub(crate) fn copy(from: &[u8], to: &mut [u8]) {
    for (to, from) in to.iter_mut().zip(from) {
        *to = *from;
    }
}

/// Takes `received` bytes that were written to the memory that was lent. Returns whether the sink
/// holds the connection.
pub(crate) fn receive_apart<S>(
    connection: &mut Connection,
    received: usize,
    sink: &mut S,
) -> Result<bool, ProtocolError>
where
    S: Sink + ?Sized,
{
    let Some(mut lent) = connection.lent.take() else {
        return Ok(false);
    };
    let ended = connection.incoming.receive_apart(lent.room(received))?;
    lent.fill(received);
    let Some(ended) = ended else {
        connection.lent = Some(lent);
        return Ok(false);
    };
    match sink.received(connection.id, ended, lent.into_memory()) {
        Verdict::Continue => Ok(false),
        Verdict::Hold => Ok(true),
        Verdict::Fail(error) => {
            connection.incoming.close();
            Err(error)
        }
    }
}
