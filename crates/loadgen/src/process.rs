//! What a process has used.

use std::fs;
use std::time::Duration;

use nix::time::clock_getcpuclockid;
use nix::unistd::Pid;

use crate::failure;
use crate::failure::Result;

/// A process under measurement.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Process(pub u32);

impl Process {
    pub fn own() -> Self {
        Self(std::process::id())
    }

    /// CPU time of all its threads so far, also of those that have ended, in user and kernel mode.
    pub fn cpu(self) -> Result<Duration> {
        let pid = i32::try_from(self.0).map_err(|_| self.gone())?;
        let clock = clock_getcpuclockid(Pid::from_raw(pid)).map_err(|_| self.gone())?;
        Ok(clock.now().map_err(|_| self.gone())?.into())
    }

    /// Resident memory in bytes.
    pub fn resident(self) -> Result<u64> {
        let status =
            fs::read_to_string(format!("/proc/{}/status", self.0)).map_err(|_| self.gone())?;
        let field = status
            .lines()
            .find_map(|line| line.strip_prefix("VmRSS:"))
            .ok_or_else(|| self.gone())?;
        let kilobytes = field.trim().trim_end_matches(" kB").parse::<u64>();
        kilobytes
            .map(|number| number * 1024)
            .map_err(|_| failure!("VmRSS is {field}"))
    }

    fn gone(self) -> failure::Failure {
        failure!("there is no process {} to measure", self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::hint::black_box;

    #[test]
    fn cpu_time_grows_with_work() {
        let before = Process::own().cpu().unwrap();
        let grown = (0..1000).any(|_| {
            black_box((0..1_000_000u64).map(black_box).sum::<u64>());
            Process::own().cpu().unwrap() > before + Duration::from_millis(5)
        });
        assert!(grown);
    }

    #[test]
    fn cpu_time_of_a_thread_that_has_ended_counts() {
        let thread = std::thread::spawn(|| {
            while Process::own().cpu().unwrap() < Duration::from_millis(20) {
                black_box((0..1_000_000u64).map(black_box).sum::<u64>());
            }
        });
        thread.join().unwrap();
        assert!(Process::own().cpu().unwrap() >= Duration::from_millis(20));
    }

    #[test]
    fn resident_memory_grows_with_use() {
        let before = Process::own().resident().unwrap();
        let memory = black_box(vec![1u8; 64 << 20]);
        assert!(Process::own().resident().unwrap() > before + (32 << 20));
        drop(memory);
    }

    #[test]
    fn a_process_that_is_gone_is_a_failure() {
        assert!(Process(u32::MAX).cpu().is_err());
        assert!(Process(u32::MAX).resident().is_err());
    }
}
