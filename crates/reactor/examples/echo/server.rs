use std::collections::HashMap;
use std::io::{self, ErrorKind, Read, Write};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::os::fd::{AsRawFd, OwnedFd};

use ferrows_protocol::Options;
use ferrows_reactor::{ConnectionId, Limits, Polled, Reactor};
use rustix::event::epoll::{self, CreateFlags, Event, EventData, EventFlags};

use crate::answers::Answers;
use crate::handshake;

pub struct Server {
    epoll: OwnedFd,
    listener: TcpListener,
    /// Connections before and during the handshake, with what has come of it.
    strangers: HashMap<u64, (TcpStream, Vec<u8>)>,
    streams: HashMap<ConnectionId, TcpStream>,
    reactor: Reactor,
    space: Vec<u8>,
    answers: Answers,
}

/// What the server's epoll calls what it watches; strangers are called by their descriptors.
const LISTENER: u64 = u64::MAX;
const REACTOR: u64 = u64::MAX - 1;

const SPACE: usize = 512 * 1024;

impl Server {
    pub fn new(port: u16) -> io::Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port))?;
        listener.set_nonblocking(true)?;
        let reactor = Reactor::new(Limits::default())?;
        let epoll = epoll::create(CreateFlags::CLOEXEC)?;
        let watch = |fd, name| epoll::add(&epoll, fd, EventData::new_u64(name), EventFlags::IN);
        watch(std::os::fd::AsFd::as_fd(&listener), LISTENER)?;
        watch(reactor.epoll_fd(), REACTOR)?;
        Ok(Self {
            epoll,
            listener,
            strangers: HashMap::new(),
            streams: HashMap::new(),
            reactor,
            space: vec![0; SPACE],
            answers: Answers::default(),
        })
    }

    pub fn port(&self) -> io::Result<u16> {
        Ok(self.listener.local_addr()?.port())
    }

    pub fn run(&mut self) -> io::Result<()> {
        let nothing = Event {
            flags: EventFlags::empty(),
            data: EventData::new_u64(0),
        };
        let mut events = [nothing; 256];
        loop {
            let count = match epoll::wait(&self.epoll, &mut events[..], None) {
                Err(rustix::io::Errno::INTR) => continue,
                other => other?,
            };
            for event in &events[..count] {
                let data = event.data;
                match data.u64() {
                    LISTENER => self.accept()?,
                    REACTOR => self.poll()?,
                    name => self.shake(name)?,
                }
            }
        }
    }

    fn accept(&mut self) -> io::Result<()> {
        loop {
            let stream = match self.listener.accept() {
                Ok((stream, _)) => stream,
                Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(()),
                Err(error) => return Err(error),
            };
            stream.set_nonblocking(true)?;
            stream.set_nodelay(true)?;
            let name = stream.as_raw_fd() as u64;
            epoll::add(
                &self.epoll,
                &stream,
                EventData::new_u64(name),
                EventFlags::IN,
            )?;
            self.strangers.insert(name, (stream, Vec::new()));
        }
    }

    fn shake(&mut self, name: u64) -> io::Result<()> {
        let Some((stream, bytes)) = self.strangers.get_mut(&name) else {
            return Ok(());
        };
        let mut chunk = [0; 4096];
        match stream.read(&mut chunk) {
            Ok(len) if len > 0 && bytes.len() < 16 * 1024 => bytes.extend(&chunk[..len]),
            Err(error) if error.kind() == ErrorKind::WouldBlock => {}
            _ => {
                self.strangers.remove(&name);
                return Ok(());
            }
        }
        let Some(request) = handshake::read(bytes) else {
            return Ok(());
        };
        let Some((mut stream, bytes)) = self.strangers.remove(&name) else {
            return Ok(());
        };
        epoll::delete(&self.epoll, &stream)?;
        if stream.write_all(request.response.as_bytes()).is_err() {
            return Ok(());
        }
        // SAFETY: `streams` keeps the descriptor open until `poll` has removed the connection.
        let id = unsafe { self.reactor.add(stream.as_raw_fd(), Options::default())? };
        self.reactor.feed(id, &bytes[request.len..]);
        self.streams.insert(id, stream);
        if request.path == "/broadcast" {
            self.answers.members.push(id);
        }
        Ok(())
    }

    fn poll(&mut self) -> io::Result<()> {
        loop {
            let polled = self.reactor.poll(&mut self.space, &mut self.answers)?;
            self.answers.send(&mut self.reactor, &self.space);
            for id in self.answers.closing.drain(..) {
                self.reactor.remove(id);
                self.streams.remove(&id);
                self.answers.members.retain(|member| *member != id);
            }
            if polled == Polled::Done {
                return Ok(());
            }
        }
    }
}
