//! One frame of a compressed message on its way through an inflater.

use ferrows_zlib::{Inflater, Stopped};

use super::TAIL;
use super::history::History;

/// Why a frame could not be inflated.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum InflateError {
    /// It would be longer than the limit.
    TooLong,
    /// It is not DEFLATE; zlib's words for it.
    Corrupt(&'static str),
    /// There is no memory for an inflater.
    NoMemory,
}

/// What a synchronous call came to.
#[derive(Debug)]
pub enum Inflated {
    /// All of it is in the output.
    Whole,
    /// It takes more work than the caller wanted to wait for.
    Unfinished(InflateJob),
}

/// How a frame has left the inflater.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// Between two blocks, or somewhere else.
    Frame { between_blocks: bool },
    /// At the end of the stream, with or without bytes behind it.
    Stream { left_over: bool },
}

/// How far a frame has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    Done(End),
    /// The budget is used up.
    Paused,
}

/// The output's first capacity is a guess from the input, and doubles.
const FIRST_CAPACITY: usize = 1024;

/// How an inflater is used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pace {
    Fast,
    /// With so little room that zlib-rs does not forget its words for an error.
    Careful,
}

/// The room of a careful inflater.
const SMALL_ROOM: usize = 64;

/// Appends what `input` inflates to from `position` on, and then `TAIL` if `fin`. Fails as soon as
/// there are more than `limit` bytes in `output`, and pauses when there are more than `budget`.
#[expect(
    clippy::too_many_arguments,
    reason = "they are the frame's and the caller's limits"
)]
pub fn advance(
    inflater: &mut Inflater,
    pace: Pace,
    input: &[u8],
    position: &mut usize,
    fin: bool,
    limit: usize,
    budget: usize,
    output: &mut Vec<u8>,
) -> Result<Step, InflateError> {
    let end = input.len();
    let tail: &[u8] = if fin { &TAIL } else { &[] };
    loop {
        // One byte more than allowed, to see that there are more.
        let most = limit.min(budget).saturating_add(1);
        let rest = input.get(*position..).unwrap_or_default();
        make_room(output, rest.len(), most);
        let left = most.saturating_sub(output.len());
        let room = match pace {
            Pace::Fast => left,
            Pace::Careful => left.min(SMALL_ROOM),
        };
        let before = output.len();
        let (progress, between_blocks) = if *position < end {
            (inflater.inflate(rest, output, room), false)
        } else {
            let rest = tail.get(position.saturating_sub(end)..).unwrap_or_default();
            inflater.inflate_to_boundary(rest, output, room)
        };
        let stuck = progress.taken == 0 && output.len() == before;
        *position = position.saturating_add(progress.taken);
        if output.len() > limit {
            return Err(InflateError::TooLong);
        }
        match progress.stopped {
            Stopped::Corrupt(reason) => return Err(InflateError::Corrupt(reason)),
            Stopped::End => {
                let left_over = *position < end.saturating_add(tail.len());
                return Ok(Step::Done(End::Stream { left_over }));
            }
            Stopped::Output if output.len() > budget => return Ok(Step::Paused),
            Stopped::Output => {}
            Stopped::Input if *position < end && !stuck => {}
            Stopped::Input if *position == end && !tail.is_empty() && !stuck => {}
            Stopped::Input => return Ok(Step::Done(End::Frame { between_blocks })),
        }
    }
}

/// Doubles the capacity when it is used up, up to `most`.
fn make_room(output: &mut Vec<u8>, input: usize, most: usize) {
    if output.len() < output.capacity() {
        return;
    }
    let guess = input.saturating_mul(4).clamp(FIRST_CAPACITY, 1 << 20);
    let wanted = output.capacity().saturating_mul(2).max(guess).min(most);
    output.reserve_exact(wanted.saturating_sub(output.len()).max(1));
}

/// What zlib says of a corrupt frame that begins with nothing but `history`, if it says anything:
/// inflates it again, carefully.
pub fn words_for(history: &History, payload: &[u8], fin: bool) -> Option<&'static str> {
    let mut inflater = Inflater::new()?;
    history.install(&mut inflater);
    let mut output = Vec::with_capacity(SMALL_ROOM);
    let tail: &[u8] = if fin { &TAIL } else { &[] };
    for mut rest in [payload, tail] {
        while !rest.is_empty() {
            output.clear();
            let progress = inflater.inflate(rest, &mut output, SMALL_ROOM);
            match progress.stopped {
                Stopped::Corrupt("") | Stopped::End => return None,
                Stopped::Corrupt(words) => return Some(words),
                Stopped::Input | Stopped::Output => {}
            }
            rest = rest.get(progress.taken..).unwrap_or_default();
            if progress.taken == 0 && output.is_empty() {
                return None;
            }
        }
    }
    None
}

/// A frame that is inflated elsewhere, on another thread.
#[derive(Debug)]
pub struct InflateJob {
    pub(super) inflater: Inflater,
    pub(super) pace: Pace,
    pub(super) input: Vec<u8>,
    pub(super) position: usize,
    pub(super) fin: bool,
    pub(super) limit: usize,
    pub(super) output: Vec<u8>,
    pub(super) result: Option<Result<End, InflateError>>,
}

impl InflateJob {
    /// Does the work. It has to be given back to `Decompressors::finish` afterwards.
    pub fn run(&mut self) {
        let step = advance(
            &mut self.inflater,
            self.pace,
            &self.input,
            &mut self.position,
            self.fin,
            self.limit,
            usize::MAX.saturating_sub(1),
            &mut self.output,
        );
        self.result = Some(match step {
            Ok(Step::Done(end)) => Ok(end),
            Ok(Step::Paused) => Err(InflateError::TooLong),
            Err(error) => Err(error),
        });
    }
}
