//! The vectors that TypeScript and ws are held to as well.

use ferrows_protocol::{ErrorIndex, Incoming, Options, Role};
use serde::Deserialize;

use crate::inflating::Inflating;
use crate::transcript::{Item, decode_all};

/// More writes than this show nothing new.
const MAX_SINGLE_BYTES: usize = 512;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Vector {
    name: String,
    #[serde(rename = "rfc")]
    _rfc: String,
    role: String,
    #[serde(default)]
    options: VectorOptions,
    chunks: Vec<String>,
    events: Vec<VectorEvent>,
    error: Option<VectorError>,
}

#[derive(Default, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "camelCase")]
struct VectorOptions {
    deflate: bool,
    max_buffered_chunks: u32,
    max_fragments: u32,
    max_payload: u32,
    #[serde(rename = "skipUTF8Validation")]
    skip_utf8_validation: bool,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, tag = "type", rename_all = "lowercase")]
enum VectorEvent {
    Text { data: String },
    Binary { data: String },
    Ping { data: String },
    Pong { data: String },
    Close { code: u16, reason: String },
}

#[derive(Debug, Deserialize, PartialEq)]
#[serde(deny_unknown_fields)]
struct VectorError {
    code: String,
    status: u16,
    message: String,
}

macro_rules! files {
    ($($name:ident)*) => {
        $(#[test]
        fn $name() {
            check(include_str!(concat!("../../../../test/vectors/", stringify!($name), ".json")));
        })*

        /// The text of every file.
        const FILES: &[&str] = &[
            $(include_str!(concat!("../../../../test/vectors/", stringify!($name), ".json"))),*
        ];
    };
}

files!(close control deflate fragments frames headers lengths limits utf8);

#[test]
#[cfg_attr(miri, ignore = "Miri cannot list folders in isolation")]
fn no_file_is_missing_here() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../../test/vectors");
    let files = std::fs::read_dir(folder).unwrap();
    let json = files.filter(|file| {
        let path = file.as_ref().unwrap().path();
        path.extension()
            .is_some_and(|extension| extension == "json")
    });
    assert_eq!(json.count(), FILES.len());
}

#[test]
#[cfg_attr(
    miri,
    ignore = "parsing all files takes Miri half a minute and shows it nothing"
)]
fn every_error_has_a_vector() {
    let vectors = FILES.iter().flat_map(|file| parse(file));
    let messages: Vec<_> = (vectors.filter_map(|vector| vector.error))
        .map(|error| error.message)
        .collect();
    for index in ErrorIndex::ALL {
        let message = index.entry().message;
        let (start, end) = message.split_once("%d").unwrap_or((message, ""));
        let is_it = |message: &String| message.starts_with(start) && message.ends_with(end);
        assert!(messages.iter().any(is_it), "{index:?}");
    }
}

fn parse(file: &str) -> Vec<Vector> {
    serde_json::from_str(file).unwrap()
}

/// Runs each vector with its chunks and, where only the bytes count, with all bytes at once and one
/// by one.
fn check(file: &str) {
    for vector in parse(file) {
        let chunks: Vec<_> = vector.chunks.iter().map(|chunk| to_bytes(chunk)).collect();
        let whole = chunks.concat();
        if cfg!(miri) && whole.len() > MAX_SINGLE_BYTES {
            continue;
        }
        check_split(&vector, &chunks);
        if vector.options.max_buffered_chunks == 0 && !cfg!(miri) {
            check_split(&vector, std::slice::from_ref(&whole));
            if whole.len() <= MAX_SINGLE_BYTES {
                let bytes: Vec<_> = whole.iter().map(|&byte| vec![byte]).collect();
                check_split(&vector, &bytes);
            }
        }
    }
}

fn check_split(vector: &Vector, chunks: &[Vec<u8>]) {
    let options = Options {
        role: match vector.role.as_str() {
            "server" => Role::Server,
            "client" => Role::Client,
            other => panic!("role {other}"),
        },
        deflate: vector.options.deflate,
        skip_utf8_validation: vector.options.skip_utf8_validation,
        max_payload: vector.options.max_payload,
        max_fragments: vector.options.max_fragments,
        max_buffered_chunks: vector.options.max_buffered_chunks,
        ..Options::default()
    };
    let mut incoming = Incoming::new(options);
    let mut sink = Inflating::new(options);
    let mut error = None;
    for chunk in chunks {
        let result = decode_all(&mut incoming, &mut chunk.clone(), &mut sink);
        error = error.or(result.err());
    }

    let items: Vec<_> = vector.events.iter().map(expected).collect();
    assert_eq!(sink.recorder.items, items, "{}", vector.name);
    let error = error.map(|error| VectorError {
        code: error.index.entry().code.to_owned(),
        status: error.index.entry().status,
        message: error.to_string(),
    });
    assert_eq!(error, vector.error, "{}", vector.name);
}

fn expected(event: &VectorEvent) -> Item {
    match event {
        VectorEvent::Text { data } => Item::Text(to_bytes(data)),
        VectorEvent::Binary { data } => Item::Binary(to_bytes(data)),
        VectorEvent::Ping { data } => Item::Ping(to_bytes(data)),
        VectorEvent::Pong { data } => Item::Pong(to_bytes(data)),
        VectorEvent::Close { code, reason } => Item::Close(*code, to_bytes(reason)),
    }
}

/// Hex in which `ab*3` stands for `ababab` and spaces mean nothing.
fn to_bytes(text: &str) -> Vec<u8> {
    let mut bytes = Vec::new();
    for part in text.split_whitespace() {
        let (hex, count) = part.split_once('*').unwrap_or((part, "1"));
        let once: Vec<u8> = (hex.as_bytes().chunks(2))
            .map(|digits| {
                let digits = std::str::from_utf8(digits).unwrap();
                u8::from_str_radix(digits, 16).unwrap()
            })
            .collect();
        bytes.extend(once.repeat(count.parse().unwrap()));
    }
    bytes
}
