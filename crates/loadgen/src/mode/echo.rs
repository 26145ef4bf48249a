//! Echo: every connection keeps a number of messages in flight.

use std::net::Ipv4Addr;
use std::time::Duration;

use serde_json::{Map, Value, json};

use crate::checker::Checker;
use crate::connection::{BATCH, Connection, Message, Receiver};
use crate::corpus::Corpus;
use crate::failure;
use crate::failure::Result;
use crate::frame::{MASKING_KEY, Opcode};
use crate::handshake::{Target, open};
use crate::inflate::Inflater;
use crate::meter::{Meter, Span};
use crate::payload::{Payload, Stamped};
use crate::poll::Poll;

#[derive(Clone, Debug)]
pub struct Echo {
    pub target: Target,
    pub connections: u32,
    pub size: usize,
    pub in_flight: u64,
    pub opcode: Opcode,
    /// One write for all messages that can be sent, rather than one each.
    pub pipelined: bool,
    /// permessage-deflate, and how many connections inflate and compare what comes back.
    pub deflate: Option<Deflate>,
}

#[derive(Clone, Copy, Debug)]
pub struct Deflate {
    pub keeps_context: bool,
    pub verified: u32,
}

impl Deflate {
    pub fn offer(self) -> &'static str {
        match self.keeps_context {
            true => "permessage-deflate",
            false => "permessage-deflate; server_no_context_takeover; client_no_context_takeover",
        }
    }

    /// An inflater for a connection of the sample, once the server's answer is known.
    pub fn inflater(self, number: u32, agreed: Option<&str>) -> Result<Option<Inflater>> {
        let agreed = agreed.filter(|extensions| extensions.starts_with("permessage-deflate"));
        let agreed =
            agreed.ok_or_else(|| failure!("the server does not speak permessage-deflate"))?;
        let keeps_context = !agreed.contains("server_no_context_takeover");
        if keeps_context && !self.keeps_context {
            return Err(failure!(
                "the server keeps its context although it was told not to"
            ));
        }
        Ok((number < self.verified).then(|| Inflater::new(keeps_context)))
    }
}

/// One connection and what is known of its messages.
struct Peer {
    connection: Connection,
    checker: Checker,
    /// When the messages in flight were sent, by sequence number modulo their count.
    sent: Box<[u64]>,
    wants_room: bool,
}

pub fn run(echo: &Echo, span: Span) -> Result<Map<String, Value>> {
    let mut payload = match echo.deflate {
        Some(_) => Payload::Compressed(Corpus::new(echo.size)),
        None => Payload::Stamped(Stamped::new(echo.opcode, echo.size, true)),
    };
    let mut peers = (0..echo.connections)
        .map(|number| Peer::open(echo, number))
        .collect::<Result<Vec<_>>>()?;
    let mut poll = Poll::new(echo.target.waiting)?;
    let mut buffer = vec![0; BATCH];
    let mut batch = Vec::with_capacity(BATCH);
    let mut meter = Meter::new("message", span);

    for (number, peer) in peers.iter_mut().enumerate() {
        poll.add(&peer.connection, number as u32, false)?;
        peer.connection.queue(echo.in_flight);
        peer.sent.fill(meter.now());
        peer.flush(
            number as u32,
            &mut payload,
            echo.pipelined.then_some(&mut batch),
            &poll,
        )?;
    }
    while !meter.is_over(&poll)? {
        for index in 0..poll.wait(Duration::from_secs(1))? {
            let ready = poll.event(index);
            let peer = &mut peers[ready.number as usize];
            if ready.readable {
                peer.read(&mut buffer, &payload, &mut meter)?;
            }
            peer.flush(
                ready.number,
                &mut payload,
                echo.pipelined.then_some(&mut batch),
                &poll,
            )?;
        }
    }

    let mut report = meter.report()?;
    if echo.deflate.is_some() {
        let sums = peers.iter().fold((0, 0), |(compressed, all), peer| {
            (
                compressed + peer.checker.compressed,
                all + peer.checker.received(),
            )
        });
        report.insert(
            "compressed_share".into(),
            json!(sums.0 as f64 / sums.1 as f64),
        );
    }
    Ok(report)
}

impl Peer {
    fn open(echo: &Echo, number: u32) -> Result<Self> {
        let (stream, extensions) = open(&echo.target, Ipv4Addr::LOCALHOST)?;
        let inflater = match echo.deflate {
            Some(deflate) => deflate.inflater(number, extensions.as_deref())?,
            None => None,
        };
        Ok(Self {
            connection: Connection::new(stream, Some(MASKING_KEY))?,
            checker: Checker::new(number, inflater),
            sent: vec![0; echo.in_flight as usize].into(),
            wants_room: false,
        })
    }

    /// Reads, and queues a new message for every one that came back.
    fn read(&mut self, buffer: &mut [u8], payload: &Payload, meter: &mut Meter) -> Result<()> {
        let first = self.checker.received();
        let now = meter.now();
        let mut echoes = Echoes {
            payload,
            checker: &mut self.checker,
            sent: &self.sent,
            meter,
            now,
        };
        self.connection.read(buffer, &mut echoes)?;
        let last = self.checker.received();
        for sequence in first..last {
            self.sent[(sequence % self.sent.len() as u64) as usize] = now;
        }
        self.connection.queue(last - first);
        Ok(())
    }

    fn flush(
        &mut self,
        number: u32,
        payload: &mut Payload,
        batch: Option<&mut Vec<u8>>,
        poll: &Poll,
    ) -> Result<()> {
        let wants_room = !self.connection.flush(number, payload, batch)?;
        if wants_room != self.wants_room {
            poll.modify(&self.connection, number, wants_room)?;
            self.wants_room = wants_room;
        }
        Ok(())
    }
}

struct Echoes<'a> {
    payload: &'a Payload,
    checker: &'a mut Checker,
    sent: &'a [u64],
    meter: &'a mut Meter,
    now: u64,
}

impl Receiver for Echoes<'_> {
    fn part(&mut self, message: Message, offset: u64, bytes: &[u8]) -> Result<()> {
        self.checker.part(self.payload, message, offset, bytes)
    }

    fn complete(&mut self, message: Message, length: u64) -> Result<()> {
        let index = self.checker.received() % self.sent.len() as u64;
        self.checker.complete(self.payload, message, length)?;
        let latency = self.now - self.sent[index as usize];
        self.meter.count(self.payload.size() as u64, latency);
        Ok(())
    }
}
