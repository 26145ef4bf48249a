//! Compressors of both kinds, as long as no connection has them.

use ferrows_zlib::{Deflater, Parameters, ShortDeflater, Workspace};

use super::compressing::compress;

/// Compressors that are kept, of one kind and one set of parameters.
const MAX_SPARE: usize = 4;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// For short messages.
    Short,
    /// zlib's.
    Full,
}

#[derive(Debug)]
pub enum Compressor {
    Short(ShortDeflater),
    Full { deflater: Deflater, set: usize },
}

impl Compressor {
    pub const fn kind(&self) -> Kind {
        match self {
            Self::Short(_) => Kind::Short,
            Self::Full { .. } => Kind::Full,
        }
    }
}

/// The compressors of one set of parameters.
#[derive(Debug)]
struct Set {
    parameters: Parameters,
    spare: Vec<Deflater>,
}

#[derive(Debug, Default)]
pub struct Pool {
    sets: Vec<Set>,
    short: Vec<ShortDeflater>,
    workspace: Workspace,
}

impl Pool {
    /// The number of a set of parameters.
    pub fn set_of(&mut self, parameters: Parameters) -> usize {
        let parameters = as_small_as_zlib(parameters);
        let found = self
            .sets
            .iter()
            .position(|set| set.parameters == parameters);
        found.unwrap_or_else(|| {
            self.sets.push(Set {
                parameters,
                spare: Vec::new(),
            });
            self.sets.len().saturating_sub(1)
        })
    }

    /// One without context. None if there is no memory.
    pub fn take(&mut self, kind: Kind, set: usize, window_bits: u8) -> Option<Compressor> {
        if kind == Kind::Short {
            let deflater = match self.short.pop() {
                Some(mut deflater) => {
                    deflater.reset(window_bits);
                    deflater
                }
                None => ShortDeflater::new(window_bits),
            };
            return Some(Compressor::Short(deflater));
        }
        let Set { parameters, spare } = self.sets.get_mut(set)?;
        let deflater = match spare.pop() {
            Some(mut deflater) => {
                deflater.reset();
                deflater
            }
            None => Deflater::new(*parameters)?,
        };
        Some(Compressor::Full { deflater, set })
    }

    pub fn keep(&mut self, compressor: Compressor) {
        match compressor {
            Compressor::Short(deflater) => {
                if self.short.len() < MAX_SPARE {
                    self.short.push(deflater);
                }
            }
            Compressor::Full { deflater, set } => {
                if let Some(set) = self.sets.get_mut(set)
                    && set.spare.len() < MAX_SPARE
                {
                    set.spare.push(deflater);
                }
            }
        }
    }

    /// Appends what `data` is compressed to.
    pub fn run(
        &mut self,
        compressor: &mut Compressor,
        data: &[u8],
        fin: bool,
        output: &mut Vec<u8>,
    ) {
        match compressor {
            Compressor::Full { deflater, .. } => compress(deflater, data, fin, output),
            Compressor::Short(deflater) => {
                deflater.deflate(data, fin, &mut self.workspace, output);
            }
        }
    }

    /// Frees all but one of each sort.
    pub fn trim(&mut self) {
        self.short.truncate(1);
        for set in &mut self.sets {
            set.spare.truncate(1);
        }
    }

    /// How many there are for short messages, and of zlib's.
    pub fn count(&self) -> (usize, usize) {
        let full = self.sets.iter().map(|set| set.spare.len()).sum();
        (self.short.len(), full)
    }
}

/// zlib-rs searches differently at some levels: its 1 makes up to a third more bytes than zlib's, its
/// 5 about as many as zlib's 6 in two thirds of the time, and its 9 a few more than its own 8.
fn as_small_as_zlib(parameters: Parameters) -> Parameters {
    let level = match parameters.level {
        1 => 2,
        -1 | 6 => 5,
        9 => 8,
        other => other,
    };
    Parameters {
        level,
        ..parameters
    }
}
