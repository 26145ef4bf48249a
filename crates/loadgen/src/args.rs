//! The command line.

use std::str::FromStr;
use std::time::Duration;

use lexopt::prelude::*;

use loadgen::frame::Opcode;
use loadgen::handshake::Target;
use loadgen::meter::{Schedule, Span, Window};
use loadgen::mode::accept::Accept;
use loadgen::mode::broadcast::{Broadcast, Slow};
use loadgen::mode::echo::{Deflate, Echo};
use loadgen::mode::feed::Feed;
use loadgen::mode::idle::Idle;
use loadgen::poll::Waiting;
use loadgen::process::Process;

pub const USAGE: &str = include_str!("usage.txt");

/// What to run.
pub enum Run {
    Echo(Echo, Span),
    Broadcast(Broadcast, Span),
    Accept(Accept, Span),
    Idle(Idle),
    Feed(Feed, Span),
    Help,
}

struct Options {
    port: Option<u16>,
    path: Option<String>,
    process: Option<Process>,
    seconds: f64,
    warm_up: f64,
    patience: f64,
    on_demand: bool,
    spins: bool,
    connections: u32,
    size: usize,
    opcode: Opcode,
    in_flight: u64,
    write_each: bool,
    deflate: bool,
    no_context: bool,
    verify: u32,
    messages: u64,
    slow: Slow,
    exchange: bool,
    collects: bool,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            port: None,
            path: None,
            process: None,
            seconds: 5.0,
            warm_up: 1.0,
            patience: 10.0,
            on_demand: false,
            spins: false,
            connections: 64,
            size: 20,
            opcode: Opcode::Binary,
            in_flight: 1,
            write_each: false,
            deflate: false,
            no_context: false,
            verify: 1,
            messages: 1,
            slow: Slow {
                connections: 0,
                bytes_per_second: 65536,
            },
            exchange: false,
            collects: false,
        }
    }
}

/// Reads the command line; an error is a sentence for its user.
pub fn parse(mut parser: lexopt::Parser) -> Result<Run, String> {
    let mut mode = None;
    let mut options = Options::default();
    while let Some(argument) = parser.next().map_err(|error| error.to_string())? {
        match argument {
            Value(name) if mode.is_none() => mode = Some(name.to_string_lossy().into_owned()),
            Long("help") | Short('h') => return Ok(Run::Help),
            Long(name) => {
                let name = name.to_owned();
                options.set(&name, &mut parser)?;
            }
            other => return Err(other.unexpected().to_string()),
        }
    }
    match mode.as_deref() {
        Some("echo") => Ok(Run::Echo(options.echo()?, options.span()?)),
        Some("broadcast") => Ok(Run::Broadcast(options.broadcast()?, options.span()?)),
        Some("accept") => {
            let accept = Accept {
                target: options.target("/", None)?,
                connections: options.at_least_one()?,
            };
            Ok(Run::Accept(accept, options.span()?))
        }
        Some("idle") => Ok(Run::Idle(options.idle()?)),
        Some("feed") => Ok(Run::Feed(
            Feed {
                size: options.size,
                burst: options.messages.max(1),
                waiting: options.waiting()?,
            },
            options.span()?,
        )),
        Some(other) => Err(format!("there is no mode {other}")),
        None => Err("a mode is missing".into()),
    }
}

impl Options {
    fn set(&mut self, name: &str, parser: &mut lexopt::Parser) -> Result<(), String> {
        match name {
            "port" => self.port = Some(number(name, parser)?),
            "path" => self.path = Some(number(name, parser)?),
            "pid" => self.process = Some(Process(number(name, parser)?)),
            "seconds" => self.seconds = number(name, parser)?,
            "patience" => self.patience = number(name, parser)?,
            "warm-up" => self.warm_up = number(name, parser)?,
            "on-demand" => self.on_demand = true,
            "spin" => self.spins = true,
            "connections" => self.connections = number(name, parser)?,
            "size" => self.size = number(name, parser)?,
            "text" => self.opcode = Opcode::Text,
            "in-flight" => self.in_flight = number(name, parser)?,
            "write-each" => self.write_each = true,
            "deflate" => self.deflate = true,
            "no-context" => self.no_context = true,
            "verify" => self.verify = number(name, parser)?,
            "messages" => self.messages = number(name, parser)?,
            "slow" => self.slow.connections = number(name, parser)?,
            "slow-rate" => self.slow.bytes_per_second = number(name, parser)?,
            "exchange" => self.exchange = true,
            "collects" => self.collects = true,
            _ => return Err(format!("there is no option --{name}")),
        }
        Ok(())
    }

    fn deflate(&self) -> Option<Deflate> {
        self.deflate.then_some(Deflate {
            keeps_context: !self.no_context,
            verified: self.verify,
        })
    }

    fn target(&self, path: &str, extensions: Option<&'static str>) -> Result<Target, String> {
        let path = self.path.clone().unwrap_or_else(|| path.into());
        Ok(Target {
            port: self.port.ok_or("--port is missing")?,
            path,
            extensions,
            waiting: self.waiting()?,
        })
    }

    fn at_least_one(&self) -> Result<u32, String> {
        if self.connections == 0 {
            Err("--connections must not be 0".into())
        } else {
            Ok(self.connections)
        }
    }

    fn span(&self) -> Result<Span, String> {
        let window = Window {
            warm_up: seconds(self.warm_up)?,
            measured: seconds(self.seconds)?,
        };
        Ok(Span {
            schedule: match self.on_demand {
                true => Schedule::OnDemand,
                false => Schedule::Once(window),
            },
            process: self.process,
        })
    }

    fn waiting(&self) -> Result<Waiting, String> {
        Ok(Waiting {
            patience: seconds(self.patience)?,
            spins: self.spins,
        })
    }

    fn echo(&self) -> Result<Echo, String> {
        if self.in_flight == 0 {
            return Err("--in-flight must not be 0".into());
        }
        if self.deflate && self.size < 256 {
            return Err("--deflate needs a --size of at least 256".into());
        }
        Ok(Echo {
            target: self.target("/", self.deflate().map(Deflate::offer))?,
            connections: self.at_least_one()?,
            size: self.size,
            in_flight: self.in_flight,
            opcode: self.opcode,
            pipelined: !self.write_each,
            deflate: self.deflate(),
        })
    }

    fn broadcast(&self) -> Result<Broadcast, String> {
        Ok(Broadcast {
            target: self.target("/broadcast", None)?,
            connections: self.at_least_one()?,
            messages: self.messages.max(1),
            size: self.size,
            opcode: self.opcode,
            slow: self.slow,
        })
    }

    fn idle(&self) -> Result<Idle, String> {
        Ok(Idle {
            target: self.target("/", self.deflate().map(Deflate::offer))?,
            connections: self.at_least_one()?,
            process: self.process.ok_or("idle needs --pid")?,
            message: self.exchange.then_some((self.size, self.deflate())),
            collects: self.collects,
        })
    }
}

fn number<T: FromStr>(name: &str, parser: &mut lexopt::Parser) -> Result<T, String> {
    let value = parser.value().map_err(|error| error.to_string())?;
    let text = value.to_string_lossy();
    text.parse()
        .map_err(|_| format!("--{name} cannot be {text}"))
}

fn seconds(number: f64) -> Result<Duration, String> {
    Duration::try_from_secs_f64(number).map_err(|error| error.to_string())
}
