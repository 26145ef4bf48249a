//! The clock of a run: warm-ups, and windows in which everything is counted.

use std::io::stdin;
use std::time::{Duration, Instant};

use serde_json::{Map, Value, json};

use crate::failure;
use crate::failure::Result;
use crate::histogram::Histogram;
use crate::poll::Poll;
use crate::process::Process;

/// When a run measures, and which process.
#[derive(Clone, Copy, Debug)]
pub struct Span {
    pub schedule: Schedule,
    pub process: Option<Process>,
}

#[derive(Clone, Copy, Debug)]
pub enum Schedule {
    Once(Window),
    /// Standard input says when, see usage.txt. Meanwhile the run stands still.
    OnDemand,
}

#[derive(Clone, Copy, Debug)]
pub struct Window {
    pub warm_up: Duration,
    pub measured: Duration,
}

/// How often the measured process's memory is looked at.
const SAMPLE: Duration = Duration::from_millis(100);

pub struct Meter {
    /// What is counted, in the singular.
    unit: &'static str,
    span: Span,
    origin: Instant,
    state: State,
    pauses: u64,
    /// Nanoseconds from doing something to its answer.
    latency: Histogram,
    sums: Sums,
    sampled: Instant,
    highest_resident: u64,
}

enum State {
    StandingStill,
    WarmingUp { until: Instant, window: Window },
    Measuring { until: Instant, before: Clocks },
}

/// Over all windows since the last report.
#[derive(Default)]
struct Sums {
    messages: u64,
    bytes: u64,
    elapsed: Duration,
    process_cpu: Duration,
    idle: Duration,
}

struct Clocks {
    now: Instant,
    process_cpu: Duration,
    idle: Duration,
}

enum Command {
    Measure(Window),
    Report,
}

impl Meter {
    pub fn new(unit: &'static str, span: Span) -> Self {
        let now = Instant::now();
        let state = match span.schedule {
            Schedule::Once(window) => State::WarmingUp {
                until: now + window.warm_up,
                window,
            },
            Schedule::OnDemand => State::StandingStill,
        };
        Self {
            unit,
            span,
            origin: now,
            state,
            pauses: 0,
            latency: Histogram::default(),
            sums: Sums::default(),
            sampled: now,
            highest_resident: 0,
        }
    }

    /// Nanoseconds since the run began.
    pub fn now(&self) -> u64 {
        self.origin.elapsed().as_nanos() as u64
    }

    /// How often the run has stood still.
    pub fn pauses(&self) -> u64 {
        self.pauses
    }

    /// Something of so many bytes has come, so many nanoseconds after it was asked for.
    pub fn count(&mut self, bytes: u64, latency: u64) {
        self.count_all(1, bytes, latency);
    }

    /// As `count` for several of one size that came together, and are one latency.
    pub fn count_all(&mut self, messages: u64, bytes: u64, latency: u64) {
        if let State::Measuring { .. } = self.state {
            self.sums.messages += messages;
            self.sums.bytes += messages * bytes;
            self.latency.record(latency);
        }
    }

    /// Has to be called often; true when the run is over. Stands still until the next window is due.
    pub fn is_over(&mut self, poll: &Poll) -> Result<bool> {
        let now = Instant::now();
        match &self.state {
            State::WarmingUp { until, .. } if now < *until => Ok(false),
            State::WarmingUp { window, .. } => {
                let before = self.clocks(poll)?;
                let until = before.now + window.measured;
                self.state = State::Measuring { until, before };
                Ok(false)
            }
            State::Measuring { until, .. } if now < *until => {
                self.look_at_memory(now)?;
                Ok(false)
            }
            State::Measuring { before, .. } => {
                let after = self.clocks(poll)?;
                self.sums.elapsed += after.now - before.now;
                self.sums.process_cpu += after.process_cpu - before.process_cpu;
                self.sums.idle += after.idle - before.idle;
                self.state = State::StandingStill;
                match self.span.schedule {
                    Schedule::Once(_) => Ok(true),
                    Schedule::OnDemand => {
                        println!("measured");
                        self.obey()
                    }
                }
            }
            State::StandingStill => self.obey(),
        }
    }

    /// Waits for what standard input asks for next; true at its end.
    fn obey(&mut self) -> Result<bool> {
        self.pauses += 1;
        loop {
            let mut line = String::new();
            if stdin().read_line(&mut line)? == 0 {
                return Ok(true);
            }
            match command(&line)? {
                Command::Measure(window) => {
                    let until = Instant::now() + window.warm_up;
                    self.state = State::WarmingUp { until, window };
                    return Ok(false);
                }
                Command::Report => println!("{}", Value::Object(self.report()?)),
            }
        }
    }

    fn look_at_memory(&mut self, now: Instant) -> Result<()> {
        if let Some(process) = self.span.process
            && now.duration_since(self.sampled) >= SAMPLE
        {
            self.sampled = now;
            self.highest_resident = self.highest_resident.max(process.resident()?);
        }
        Ok(())
    }

    fn clocks(&self, poll: &Poll) -> Result<Clocks> {
        Ok(Clocks {
            now: Instant::now(),
            process_cpu: self.span.process.map_or(Ok(Duration::ZERO), Process::cpu)?,
            idle: poll.idle(),
        })
    }

    /// The figures of all windows since the last report; none when there was no window.
    pub fn report(&mut self) -> Result<Map<String, Value>> {
        let sums = std::mem::take(&mut self.sums);
        let mut report = Map::new();
        if sums.elapsed.is_zero() {
            return Ok(report);
        }
        let elapsed = sums.elapsed.as_secs_f64();
        let unit = self.unit;
        let mut put = |key: String, value: Value| report.insert(key, value);
        put("seconds".into(), json!(elapsed));
        put(format!("{unit}s"), json!(sums.messages));
        put(
            format!("{unit}s_per_second"),
            json!(sums.messages as f64 / elapsed),
        );
        if sums.bytes > 0 {
            put(
                "megabytes_per_second".into(),
                json!(sums.bytes as f64 / 1e6 / elapsed),
            );
        }
        let microseconds = |share| self.latency.quantile(share) as f64 / 1e3;
        put(
            "latency_us".into(),
            json!({
                "p50": microseconds(0.5),
                "p99": microseconds(0.99),
                "p99.9": microseconds(0.999),
                "max": self.latency.max() as f64 / 1e3
            }),
        );
        self.latency.clear();
        put(
            "loadgen_busy_share".into(),
            json!(1.0 - sums.idle.as_secs_f64() / elapsed),
        );
        if let Some(process) = self.span.process {
            let cpu = sums.process_cpu.as_secs_f64();
            let each = if sums.messages == 0 {
                Value::Null
            } else {
                json!(cpu * 1e6 / sums.messages as f64)
            };
            put("process".into(), {
                let resident = process.resident()?;
                json!({
                    (format!("cpu_us_per_{unit}")): each,
                    "cpu_share": cpu / elapsed,
                    "resident_bytes": resident,
                    "highest_resident_bytes": self.highest_resident.max(resident)
                })
            });
        }
        Ok(report)
    }
}

fn command(line: &str) -> Result<Command> {
    let mut words = line.split_whitespace();
    let seconds = |word: Option<&str>| {
        word.and_then(|word| word.parse().ok())
            .and_then(|number| Duration::try_from_secs_f64(number).ok())
    };
    match words.next() {
        Some("report") => return Ok(Command::Report),
        Some("measure") => {
            if let (Some(warm_up), Some(measured)) = (seconds(words.next()), seconds(words.next()))
            {
                return Ok(Command::Measure(Window { warm_up, measured }));
            }
        }
        _ => {}
    }
    Err(failure!("{:?} is no command", line.trim_end()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::poll::Waiting;

    fn once(warm_up: u64, measured: u64) -> Span {
        Span {
            schedule: Schedule::Once(Window {
                warm_up: Duration::from_millis(warm_up),
                measured: Duration::from_millis(measured),
            }),
            process: Some(Process::own()),
        }
    }

    #[test]
    fn what_comes_outside_the_window_does_not_count() {
        let poll = Poll::new(Waiting {
            patience: Duration::from_secs(1),
            spins: true,
        });
        let poll = poll.unwrap();
        let mut meter = Meter::new("message", once(5, 20));
        meter.count(100, 1_000_000);
        while !matches!(meter.state, State::Measuring { .. }) {
            assert!(!meter.is_over(&poll).unwrap());
        }
        meter.count(10, 2000);
        meter.count_all(4, 10, 3000);
        while !meter.is_over(&poll).unwrap() {}
        meter.count(100, 1_000_000);
        let report = meter.report().unwrap();
        assert_eq!(report["messages"], 5);
        assert!(report["seconds"].as_f64().unwrap() >= 0.02);
        assert_eq!(report["latency_us"]["max"], 3.0);
        assert!(report["process"]["cpu_us_per_message"].as_f64().unwrap() > 0.0);
        assert!(meter.report().unwrap().is_empty());
    }

    #[test]
    fn commands_are_understood_or_refused() {
        assert!(matches!(command("report\n"), Ok(Command::Report)));
        assert!(matches!(
            command("measure 0.5 2\n"),
            Ok(Command::Measure(window)) if window.warm_up.as_millis() == 500
                && window.measured.as_millis() == 2000
        ));
        for wrong in [
            "",
            "measure",
            "measure 1",
            "measure -1 2",
            "measure x 1",
            "stop",
        ] {
            assert!(command(wrong).is_err(), "{wrong}");
        }
    }
}
