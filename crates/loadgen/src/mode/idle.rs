//! Idle: what a server's memory grows by, for each connection that does nothing.

use std::thread::sleep;
use std::time::Duration;

use rustix::process::{Pid, Resource, Rlimit, Signal, getrlimit, kill_process, setrlimit};
use serde_json::{Map, Value, json};

use crate::checker::Checker;
use crate::connection::{BATCH, Connection, Message, Receiver};
use crate::corpus::Corpus;
use crate::failure;
use crate::failure::Result;
use crate::frame::{MASKING_KEY, Opcode};
use crate::handshake::{Target, open};
use crate::mode::echo::Deflate;
use crate::payload::{Payload, Stamped};
use crate::poll::Poll;
use crate::process::Process;
use crate::source::spread;

#[derive(Clone, Debug)]
pub struct Idle {
    pub target: Target,
    pub connections: u32,
    pub process: Process,
    /// Have every connection echo one message of so many bytes, compressed if told so, and measure again.
    pub message: Option<(usize, Option<Deflate>)>,
    /// Whether the server collects its garbage on SIGUSR2: it is asked to before each look.
    pub collects: bool,
}

/// Connections opened and closed first, so that code and pools are warm.
const WARM_UP: u32 = 200;

/// Messages on their way at once.
const IN_FLIGHT: usize = 64;

/// How long a server gets to settle, how often it is looked at, and how many looks have to find the
/// same: V8 gives memory for young objects back once little was allocated for five seconds.
const SETTLE: Duration = Duration::from_secs(10);
const STEP: Duration = Duration::from_millis(250);
const STEADY: u32 = 24;

pub fn run(idle: &Idle) -> Result<Map<String, Value>> {
    allow_descriptors(idle.connections)?;
    let mut payload = match idle.message {
        Some((size, Some(_))) => Payload::Compressed(Corpus::new(size)),
        Some((size, None)) => Payload::Stamped(Stamped::new(Opcode::Binary, size, true)),
        None => Payload::Stamped(Stamped::new(Opcode::Binary, 0, true)),
    };

    let mut warm = open_all(idle, WARM_UP.min(idle.connections))?;
    exchange(idle, &mut warm, &mut payload)?;
    for (connection, _) in &mut warm {
        connection.control(Opcode::Close, &[])?;
    }
    drop(warm);
    let before = settle(idle)?;
    let mut connections = open_all(idle, idle.connections)?;
    let open = settle(idle)?;

    let each = |resident: u64| (resident as f64 - before as f64) / f64::from(idle.connections);
    let mut report = Map::new();
    report.insert("resident_bytes_before".into(), json!(before));
    report.insert("resident_bytes".into(), json!(open));
    report.insert("bytes_per_connection".into(), json!(each(open)));
    if idle.message.is_some() {
        exchange(idle, &mut connections, &mut payload)?;
        let after = settle(idle)?;
        report.insert("resident_bytes_after_message".into(), json!(after));
        report.insert(
            "bytes_per_connection_after_message".into(),
            json!(each(after)),
        );
    }
    Ok(report)
}

fn open_all(idle: &Idle, count: u32) -> Result<Vec<(Connection, Checker)>> {
    let open_one = |number| {
        let (stream, extensions) = open(&idle.target, spread(number))?;
        let inflater = match idle.message {
            Some((_, Some(deflate))) => deflate.inflater(number, extensions.as_deref())?,
            _ => None,
        };
        Ok((
            Connection::new(stream, Some(MASKING_KEY))?,
            Checker::new(number, inflater),
        ))
    };
    (0..count).map(open_one).collect()
}

/// Every connection sends one message and gets it back.
fn exchange(
    idle: &Idle,
    connections: &mut [(Connection, Checker)],
    payload: &mut Payload,
) -> Result<()> {
    if idle.message.is_none() {
        return Ok(());
    }
    let mut poll = Poll::new(idle.target.waiting)?;
    let mut buffer = vec![0; BATCH];
    for some in connections.chunks_mut(IN_FLIGHT).enumerate() {
        let (first, some) = (some.0 * IN_FLIGHT, some.1);
        for (index, (connection, _)) in some.iter_mut().enumerate() {
            poll.add(&*connection, index as u32, false)?;
            connection.queue(1);
            let number = (first + index) as u32;
            if !connection.flush(number, payload, None)? {
                return Err(failure!(
                    "a message does not fit into an idle connection's buffers"
                ));
            }
        }
        let mut missing = some.len();
        while missing > 0 {
            for index in 0..poll.wait(Duration::from_secs(1))? {
                let (connection, checker) = &mut some[poll.event(index).number as usize];
                connection.read(&mut buffer, &mut Echoes { payload, checker })?;
                missing -= checker.received() as usize;
            }
        }
        for (connection, _) in some.iter() {
            poll.remove(connection)?;
        }
    }
    Ok(())
}

/// The server's resident memory once it has stopped shrinking.
fn settle(idle: &Idle) -> Result<u64> {
    let mut lowest = u64::MAX;
    let mut steady = 0;
    for _ in 0..(SETTLE.as_millis() / STEP.as_millis()) {
        if idle.collects {
            let pid = Pid::from_raw(idle.process.0 as i32)
                .ok_or_else(|| failure!("no process to measure"))?;
            kill_process(pid, Signal::USR2)?;
        }
        sleep(STEP);
        let resident = idle.process.resident()?;
        let shrinking = resident + resident / 200 < lowest;
        steady = if shrinking { 0 } else { steady + 1 };
        lowest = lowest.min(resident);
        if steady == STEADY {
            break;
        }
    }
    Ok(lowest)
}

/// Raises the soft limit of descriptors as far as needed.
fn allow_descriptors(connections: u32) -> Result<()> {
    let needed = u64::from(connections) + 100;
    let Rlimit { current, maximum } = getrlimit(Resource::Nofile);
    if current.is_some_and(|current| current < needed) {
        if maximum.is_some_and(|maximum| maximum < needed) {
            return Err(failure!(
                "{needed} descriptors are needed, and the hard limit is {}",
                maximum.unwrap_or(0)
            ));
        }
        setrlimit(
            Resource::Nofile,
            Rlimit {
                current: Some(needed),
                maximum,
            },
        )?;
    }
    Ok(())
}

struct Echoes<'a> {
    payload: &'a Payload,
    checker: &'a mut Checker,
}

impl Receiver for Echoes<'_> {
    fn part(&mut self, message: Message, offset: u64, bytes: &[u8]) -> Result<()> {
        self.checker.part(self.payload, message, offset, bytes)
    }

    fn complete(&mut self, message: Message, length: u64) -> Result<()> {
        self.checker.complete(self.payload, message, length)
    }
}
