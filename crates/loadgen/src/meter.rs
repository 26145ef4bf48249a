//! The clock of a run: a warm-up, then a window in which everything is counted.

use std::time::{Duration, Instant};

use serde_json::{Map, Value, json};

use crate::failure::Result;
use crate::histogram::Histogram;
use crate::process::Process;

/// How long a run takes and which process it measures.
#[derive(Clone, Copy, Debug)]
pub struct Span {
    pub warm_up: Duration,
    pub measured: Duration,
    pub process: Option<Process>,
}

/// How often the measured process's memory is looked at.
const SAMPLE: Duration = Duration::from_millis(100);

pub struct Meter {
    /// Nanoseconds from doing something to its answer.
    pub latency: Histogram,
    messages: u64,
    bytes: u64,
    span: Span,
    origin: Instant,
    /// Until the window begins there is none.
    window: Option<Window>,
    sampled: Instant,
    highest_resident: u64,
}

struct Window {
    began: Instant,
    process_cpu: Duration,
    own_cpu: Duration,
}

impl Meter {
    pub fn new(span: Span) -> Self {
        let now = Instant::now();
        Self {
            latency: Histogram::default(),
            messages: 0,
            bytes: 0,
            span,
            origin: now,
            window: None,
            sampled: now,
            highest_resident: 0,
        }
    }

    /// Nanoseconds since the run began.
    pub fn now(&self) -> u64 {
        self.origin.elapsed().as_nanos() as u64
    }

    /// Counts a message of so many bytes.
    pub fn count(&mut self, bytes: u64) {
        self.messages += 1;
        self.bytes += bytes;
    }

    /// Has to be called often; true when the window is over.
    pub fn is_over(&mut self) -> Result<bool> {
        let now = Instant::now();
        let Some(window) = &self.window else {
            if now.duration_since(self.origin) >= self.span.warm_up {
                self.begin(now)?;
            }
            return Ok(false);
        };
        if let Some(process) = self.span.process
            && now.duration_since(self.sampled) >= SAMPLE
        {
            self.sampled = now;
            self.highest_resident = self.highest_resident.max(process.resident()?);
        }
        Ok(now.duration_since(window.began) >= self.span.measured)
    }

    fn begin(&mut self, now: Instant) -> Result<()> {
        self.latency.clear();
        (self.messages, self.bytes) = (0, 0);
        self.window = Some(Window {
            began: now,
            process_cpu: self.process_cpu()?,
            own_cpu: Process::own().cpu()?,
        });
        Ok(())
    }

    fn process_cpu(&self) -> Result<Duration> {
        self.span.process.map_or(Ok(Duration::ZERO), Process::cpu)
    }

    /// The figures of the window. `unit` is what was counted, in the singular.
    pub fn report(&self, unit: &str) -> Result<Map<String, Value>> {
        let Some(window) = &self.window else {
            return Ok(Map::new());
        };
        let elapsed = window.began.elapsed().as_secs_f64();
        let own = Process::own().cpu()? - window.own_cpu;
        let mut report = Map::new();
        let mut put = |key: String, value: Value| report.insert(key, value);
        put("seconds".into(), json!(elapsed));
        put(format!("{unit}s"), json!(self.messages));
        put(
            format!("{unit}s_per_second"),
            json!(self.messages as f64 / elapsed),
        );
        if self.bytes > 0 {
            put(
                "megabytes_per_second".into(),
                json!(self.bytes as f64 / 1e6 / elapsed),
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
        put(
            "loadgen_cpu_share".into(),
            json!(own.as_secs_f64() / elapsed),
        );
        if let Some(process) = self.span.process {
            let cpu = (process.cpu()? - window.process_cpu).as_secs_f64();
            let each = if self.messages == 0 {
                Value::Null
            } else {
                json!(cpu * 1e6 / self.messages as f64)
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
