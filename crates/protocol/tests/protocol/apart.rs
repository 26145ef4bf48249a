use ferrows_protocol::{
    Boundary, Ended, ErrorIndex, Frame, FrameHeader, Incoming, Opcode, Options, Rest, Role,
    append_frame,
};

use crate::transcript::{Item, Recorder};

fn client() -> Options {
    Options {
        role: Role::Client,
        ..Options::default()
    }
}

/// What is left of a frame after `bytes`.
fn rest(options: Options, bytes: &[u8]) -> Option<(usize, u64)> {
    let rest = after(options, bytes).0.rest();
    rest.map(|Rest { arrived, missing }| (arrived, missing))
}

/// An endpoint that was given `bytes`, and how many of them it has consumed.
fn after(options: Options, bytes: &[u8]) -> (Incoming, usize) {
    let mut incoming = Incoming::new(options);
    let mut sink = Recorder::default();
    let consumed = incoming.decode(&mut bytes.to_vec(), &mut sink).unwrap();
    (incoming, consumed)
}

const TEXT: Ended = Ended {
    opcode: Opcode::Text,
    compressed: false,
    end: Boundary::Message,
};

#[test]
fn there_is_a_rest_only_of_data_frames_that_end_what_is_delivered() {
    assert_eq!(rest(client(), b""), None);
    assert_eq!(rest(client(), b"\x82"), None);
    assert_eq!(rest(client(), b"\x82\x01a"), None);
    assert_eq!(rest(client(), b"\x88\x00"), None);
    assert_eq!(rest(client(), b"\x89\x0aabc"), None);
    assert_eq!(rest(client(), b"\x82\x0aabc"), Some((3, 7)));
    assert_eq!(rest(client(), b"\x02\x0aabc"), None);
    assert_eq!(rest(client(), b"\x02\x02ab\x80\x0ac"), Some((3, 9)));
    let by_frame = Options {
        by_frame: true,
        ..client()
    };
    assert_eq!(rest(by_frame, b"\x02\x0aabc"), Some((3, 7)));
    let parts = Options {
        min_part: 1,
        ..client()
    };
    assert_eq!(rest(parts, b"\x82\x0aabc"), None);
}

#[test]
fn decode_stops_in_front_of_a_payload_of_which_enough_is_missing() {
    let options = |apart| Options { apart, ..client() };
    for (apart, consumed) in [(0, 5), (6, 2), (7, 2), (8, 5)] {
        let bytes = b"\x82\x0aabc";
        assert_eq!(after(options(apart), bytes).1, consumed, "{apart}");
    }
    // It goes on if it is given the bytes all the same.
    let (mut incoming, _) = after(options(5), b"\x82\x0aabc");
    let mut sink = Recorder::default();
    incoming.decode(&mut b"abc".to_vec(), &mut sink).unwrap();
    incoming
        .decode(&mut b"defghij".to_vec(), &mut sink)
        .unwrap();
    assert_eq!(sink.items, [Item::Binary(b"abcdefghij".to_vec())]);
}

#[test]
fn bytes_are_unmasked_where_they_are() {
    let bytes = b"\x81\x87\x01\x02\x03\x04\x60\x60\x60";
    let (mut incoming, _) = after(Options::default(), bytes);
    assert_eq!(incoming.take_arrived(), b"abc");
    let mut piece = *b"\x60\x64\x64\x64";
    assert_eq!(incoming.receive_apart(&mut piece), Ok(Some(TEXT)));
    assert_eq!(&piece, b"defg");
    assert_eq!(incoming.held(), 0);
}

#[test]
#[cfg_attr(
    miri,
    ignore = "too long for Miri, and long only to reach a second part"
)]
fn a_long_payload_is_unmasked_in_all_its_parts() {
    let payload: Vec<u8> = (0..200_003u32).map(|i| (i / 3) as u8).collect();
    let header = FrameHeader {
        fin: true,
        rsv1: false,
        opcode: Opcode::Binary,
        key: Some([1, 2, 3, 4]),
        length: 0,
    };
    let mut bytes = Vec::new();
    let payload = &payload[..];
    append_frame(&mut bytes, &Frame { header, payload });
    // An odd number of payload bytes comes first.
    let (first, rest) = bytes.split_at_mut(14 + 7);
    let (mut incoming, _) = after(Options::default(), first);
    let mut message = incoming.take_arrived();
    for piece in rest.chunks_mut(70_001) {
        incoming.receive_apart(piece).unwrap();
        message.extend_from_slice(piece);
    }
    assert!(incoming.rest().is_none());
    assert!(message == payload);
}

#[test]
fn nothing_received_is_nothing_counted() {
    let options = Options {
        max_buffered_chunks: 2,
        ..client()
    };
    let (mut incoming, _) = after(options, b"\x82\x03a");
    for _ in 0..5 {
        assert_eq!(incoming.receive_apart(&mut []), Ok(None));
    }
}

#[test]
fn pieces_count_as_chunks() {
    let options = Options {
        max_buffered_chunks: 2,
        ..client()
    };
    let (mut incoming, _) = after(options, b"\x82\x04a");
    assert_eq!(incoming.receive_apart(&mut [b'x']), Ok(None));
    let result = incoming.receive_apart(&mut [b'x']);
    assert_eq!(result, Err(ErrorIndex::TooManyChunks.error()));
    assert!(incoming.is_closed());
}

#[test]
fn long_text_is_validated_on_the_way() {
    for (tail, valid) in [
        (&b"\xc3\xa9"[..], true),
        (b"\xc3", false),
        (b"\xff\xff", false),
    ] {
        // Odd, so that reads and the parts they are validated in end within characters.
        let count = if cfg!(miri) { 150 } else { 70_000 };
        let mut text = [b"a", "é".repeat(count).as_bytes(), tail].concat();
        let len = (text.len() as u64).to_be_bytes();
        let (mut incoming, _) = after(client(), &[b"\x81\x7f", &len[..]].concat());
        let mut last = Ok(None);
        for piece in text.chunks_mut(if cfg!(miri) { 77 } else { 20_001 }) {
            last = incoming.receive_apart(piece);
        }
        let expected = match valid {
            true => Ok(Some(TEXT)),
            false => Err(ErrorIndex::InvalidUtf8.error()),
        };
        assert_eq!(last, expected);
    }
}
