//! JSON messages and their compressed frames, made before the run.

use flate2::{Compress, Compression, FlushCompress};

use crate::frame::{Header, MASKING_KEY, Opcode, mask};

/// So many that a window of deflate (32 KiB) does not hold the last time a document of 512 B was sent.
const DOCUMENTS: u64 = 80;

/// Distinct JSON documents of one size, used in turn.
pub struct Corpus {
    documents: Vec<Document>,
}

pub struct Document {
    pub plain: Vec<u8>,
    /// A masked frame with the document, compressed for itself: that is valid whether or not the
    /// server keeps its context (RFC 7692 §7.1.1).
    pub frame: Vec<u8>,
}

impl Corpus {
    pub fn new(size: usize) -> Self {
        let documents = (0..DOCUMENTS)
            .map(|number| Document::new(number, size))
            .collect();
        Self { documents }
    }

    pub fn document(&self, sequence: u64) -> &Document {
        &self.documents[(sequence % DOCUMENTS) as usize]
    }
}

impl Document {
    fn new(number: u64, size: usize) -> Self {
        let plain = json(number, size);
        let compressed = compress(&plain);
        let mut frame = Vec::new();
        Header {
            fin: true,
            compressed: true,
            opcode: Opcode::Text,
            masking_key: Some(MASKING_KEY),
            length: compressed.len() as u64,
        }
        .write(&mut frame);
        let start = frame.len();
        frame.extend(compressed);
        mask(&mut frame[start..], MASKING_KEY, 0);
        Self { plain, frame }
    }
}

/// RFC 7692 §7.2.1: deflate, ended by an empty stored block whose last four bytes are left out.
fn compress(plain: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(plain.len() + 1024);
    Compress::new(Compression::default(), false)
        .compress_vec(plain, &mut out, FlushCompress::Sync)
        .expect("the output has room for what does not compress");
    assert!(out.ends_with(&[0, 0, 0xff, 0xff]), "the flush is complete");
    out.truncate(out.len() - 4);
    out
}

/// A list of records as an API would send it, padded to the exact size.
fn json(number: u64, size: usize) -> Vec<u8> {
    const END: &str = "]}";
    let mut random = number.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    let mut next = |below: u64| {
        random ^= random << 13;
        random ^= random >> 7;
        random ^= random << 17;
        random % below
    };
    let mut text = format!(
        "{{\"channel\":\"trades\",\"sequence\":{},\"items\":[",
        1_000_000 + number
    );
    let mut separator = "";
    loop {
        let symbol = ["ACME", "GLOBEX", "INITECH", "UMBRELLA", "HOOLI"][next(5) as usize];
        let side = ["buy", "sell"][next(2) as usize];
        let record = format!(
            "{separator}{{\"id\":{},\"symbol\":\"{symbol}\",\"side\":\"{side}\",\"price\":{}.{:02},\"amount\":{}}}",
            next(1 << 40),
            next(1000),
            next(100),
            next(10_000)
        );
        if text.len() + record.len() + END.len() > size {
            break;
        }
        text += &record;
        separator = ",";
    }
    text += END;
    let mut bytes = text.into_bytes();
    bytes.resize(size, b' ');
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::inflate::Inflater;

    #[test]
    fn documents_are_json_of_the_exact_size_and_differ() {
        let corpus = Corpus::new(512);
        for number in 0..DOCUMENTS {
            let plain = &corpus.document(number).plain;
            assert_eq!(plain.len(), 512);
            let value: serde_json::Value = serde_json::from_slice(plain).unwrap();
            assert!(!value["items"].as_array().unwrap().is_empty());
            assert_ne!(plain, &corpus.document(number + 1).plain);
        }
    }

    #[test]
    fn what_is_compressed_inflates_to_itself() {
        for size in [512, 16 * 1024] {
            let plain = json(3, size);
            let compressed = compress(&plain);
            assert!(compressed.len() < size * 3 / 4);
            let mut inflater = Inflater::new(true);
            for part in compressed.chunks(100) {
                assert!(inflater.inflate(part, &plain).unwrap());
            }
            assert!(inflater.finish(size).unwrap());
        }
    }
}
