//! Inflaters, as long as no connection has one of its own.

use ferrows_zlib::Inflater;

use super::history::History;

/// Inflaters that are kept for the next connection that needs one of its own.
const MAX_SPARE: usize = 4;

#[derive(Debug, Default)]
pub struct Inflaters {
    shared: Option<Inflater>,
    /// The serial of the connection whose history the shared one has.
    attached: Option<u64>,
    spare: Vec<Inflater>,
}

impl Inflaters {
    /// One that knows the connection's history, preferably the shared one. None if there is no memory.
    pub fn take(&mut self, serial: u64, history: &History) -> Option<Inflater> {
        let attached = self.attached.take() == Some(serial);
        let mut inflater = match self.shared.take().or_else(|| self.spare.pop()) {
            Some(inflater) => inflater,
            None => Inflater::new()?,
        };
        if !attached {
            inflater.reset();
            history.install(&mut inflater);
        }
        Some(inflater)
    }

    /// Puts the shared one back, with the history of a connection or of none.
    pub fn share(&mut self, inflater: Inflater, serial: Option<u64>) {
        if let Some(other) = self.shared.replace(inflater) {
            self.keep(other);
        }
        self.attached = serial;
    }

    /// The connection's history has got longer without the shared inflater.
    pub fn detach(&mut self, serial: u64) {
        if self.attached == Some(serial) {
            self.attached = None;
        }
    }

    /// Puts one back, whatever it knows.
    pub fn keep(&mut self, inflater: Inflater) {
        if self.spare.len() < MAX_SPARE {
            self.spare.push(inflater);
        }
    }

    /// Frees all but the shared one.
    pub fn trim(&mut self) {
        self.spare = Vec::new();
    }

    /// How many there are.
    pub fn count(&self) -> usize {
        self.spare
            .len()
            .saturating_add(usize::from(self.shared.is_some()))
    }
}
