//! Feed: the reverse role, a server that sends bursts to a client under test.
//!
//! A burst is a number of binary messages and one text message, which the client has to answer with
//! the number of binary messages it has received so far, in decimal. That is how the next burst is
//! timed and how a lost message is found. The client tells its process id in the request's path
//! (`/?pid=123`) to have it measured.

use std::net::{Ipv4Addr, TcpListener};
use std::time::Duration;

use serde_json::{Map, Value};

use crate::connection::{BATCH, Connection, Message, Receiver};
use crate::failure;
use crate::failure::Result;
use crate::frame::Opcode;
use crate::handshake::serve;
use crate::meter::{Meter, Span};
use crate::payload::{Bursts, Payload};
use crate::poll::{Poll, Waiting};
use crate::process::Process;

#[derive(Clone, Debug)]
pub struct Feed {
    pub size: usize,
    /// Messages a burst.
    pub burst: u64,
    pub waiting: Waiting,
}

/// Listens on a free port, prints it as `port N`, and feeds the first client that comes.
pub fn run(feed: &Feed, span: Span) -> Result<Map<String, Value>> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
    println!("port {}", listener.local_addr()?.port());
    let mut stream = listener.accept()?.0;
    let path = serve(&mut stream, feed.waiting.patience)?;
    let process = match path.split_once("pid=") {
        Some((_, pid)) => Some(Process(
            pid.parse()
                .map_err(|_| failure!("{path} names no process"))?,
        )),
        None => span.process,
    };
    let mut connection = Connection::new(stream, None)?;
    let mut payload = Payload::Bursts(Bursts::new(feed.burst, feed.size));
    let mut poll = Poll::new(feed.waiting)?;
    let mut buffer = vec![0; BATCH];
    let mut batch = Vec::with_capacity(BATCH);
    let mut meter = Meter::new("message", Span { process, ..span });
    poll.add(&connection, 0, false)?;

    let mut answers = Answers {
        digits: Vec::with_capacity(20),
        counted: 0,
    };
    let mut told = 0;
    while !meter.is_over(&poll)? {
        let sent = meter.now();
        told += feed.burst;
        connection.queue(feed.burst + 1);
        let mut wants_room = false;
        loop {
            let room = !connection.flush(0, &mut payload, Some(&mut batch))?;
            if room != wants_room {
                wants_room = room;
                poll.modify(&connection, 0, wants_room)?;
            }
            if answers.counted == told {
                break;
            }
            poll.wait(Duration::from_secs(1))?;
            connection.read(&mut buffer, &mut answers)?;
            if answers.counted > told || answers.counted < told - feed.burst {
                return Err(failure!(
                    "the client has counted {} messages of {told}",
                    answers.counted
                ));
            }
        }
        meter.count_all(feed.burst, feed.size as u64, meter.now() - sent);
    }
    let report = meter.report()?;
    connection.control(Opcode::Close, &1000u16.to_be_bytes())?;
    // The client's close frame and the end of the connection are both errors to a receiver.
    while connection.read(&mut buffer, &mut answers).is_ok() {
        poll.wait(Duration::from_secs(1))?;
    }
    Ok(report)
}

struct Answers {
    digits: Vec<u8>,
    /// The last answer.
    counted: u64,
}

impl Receiver for Answers {
    fn part(&mut self, _: Message, _: u64, bytes: &[u8]) -> Result<()> {
        self.digits.extend(bytes);
        Ok(())
    }

    fn complete(&mut self, _: Message, _: u64) -> Result<()> {
        let text = String::from_utf8_lossy(&self.digits);
        self.counted = text
            .parse()
            .map_err(|_| failure!("the client answered {text:?}, not a number"))?;
        self.digits.clear();
        Ok(())
    }
}
