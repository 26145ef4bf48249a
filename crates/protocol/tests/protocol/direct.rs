use ferrows_protocol::{
    ErrorIndex, Frame, FrameHeader, Incoming, Opcode, Options, Role, append_frame,
};

use crate::transcript::{Item, Recorder};

fn after(options: Options, bytes: &[u8]) -> Incoming {
    let mut incoming = Incoming::new(options);
    let mut sink = Recorder::default();
    incoming.decode(&mut bytes.to_vec(), &mut sink).unwrap();
    incoming
}

fn client() -> Options {
    Options {
        role: Role::Client,
        ..Options::default()
    }
}

#[test]
fn it_is_offered_only_where_enough_of_a_data_frame_is_missing() {
    assert!(after(client(), b"\x82\x0aabc").direct(8).is_none());
    assert_eq!(
        after(client(), b"\x82\x0aabc").direct(7).unwrap().limit(),
        7
    );
    assert!(after(client(), b"").direct(0).is_none());
    assert!(after(client(), b"\x82").direct(0).is_none());
    assert!(after(client(), b"\x82\x01a").direct(0).is_none());
    assert!(after(client(), b"\x89\x0aabc").direct(1).is_none());
    assert!(after(client(), b"\x88\x00").direct(0).is_none());
    let parts = Options {
        min_part: 1,
        ..client()
    };
    assert!(after(parts, b"\x82\x0aabc").direct(1).is_none());
}

#[test]
fn bytes_are_unmasked_where_they_are() {
    let mut incoming = after(Options::default(), b"\x81\x87\x01\x02\x03\x04\x60\x60\x60");
    let mut direct = incoming.direct(1).unwrap();
    assert_eq!(direct.buffer(), b"abc");
    direct.buffer().extend(b"\x60\x64\x64\x64");
    let mut sink = Recorder::default();
    direct.commit(&mut sink).unwrap();
    assert_eq!(sink.items, [Item::Text(b"abcdefg".to_vec())]);
    assert_eq!(incoming.held(), 0);
}

#[test]
#[cfg_attr(
    miri,
    ignore = "too long for Miri, and long only to reach a second piece"
)]
fn a_long_payload_is_unmasked_in_all_its_pieces() {
    let key = [1, 2, 3, 4];
    let payload: Vec<u8> = (0..200_003u32).map(|i| (i / 3) as u8).collect();
    let header = FrameHeader {
        fin: true,
        rsv1: false,
        opcode: Opcode::Binary,
        key: Some(key),
        length: 0,
    };
    let mut bytes = Vec::new();
    let payload = &payload[..];
    append_frame(&mut bytes, &Frame { header, payload });
    // An odd number of payload bytes comes first.
    let (first, mut rest) = bytes.split_at(14 + 7);
    let mut incoming = after(Options::default(), first);
    let mut sink = Recorder::default();
    while let Some(mut direct) = incoming.direct(1) {
        let (now, later) = rest.split_at(direct.limit());
        direct.buffer().extend_from_slice(now);
        direct.commit(&mut sink).unwrap();
        rest = later;
    }
    assert_eq!(sink.items, [Item::Binary(payload.to_vec())]);
}

#[test]
fn more_than_the_limit_is_cut_off() {
    let mut incoming = after(client(), b"\x82\x03a");
    let mut direct = incoming.direct(1).unwrap();
    direct.buffer().extend(b"bc and more");
    let mut sink = Recorder::default();
    direct.commit(&mut sink).unwrap();
    assert_eq!(sink.items, [Item::Binary(b"abc".to_vec())]);
}

#[test]
fn nothing_read_is_nothing_committed() {
    let options = Options {
        max_buffered_chunks: 2,
        ..client()
    };
    let mut incoming = after(options, b"\x82\x03a");
    for _ in 0..5 {
        let direct = incoming.direct(1).unwrap();
        direct.commit(&mut Recorder::default()).unwrap();
    }
}

#[test]
fn direct_reads_count_as_chunks() {
    let options = Options {
        max_buffered_chunks: 2,
        ..client()
    };
    let mut incoming = after(options, b"\x82\x04a");
    let mut results = Vec::new();
    for _ in 0..2 {
        let mut direct = incoming.direct(1).unwrap();
        direct.buffer().push(b'x');
        results.push(direct.commit(&mut Recorder::default()));
    }
    assert_eq!(results, [Ok(()), Err(ErrorIndex::TooManyChunks.error())]);
    assert!(incoming.is_closed());
}

#[test]
fn long_text_is_validated_on_the_way() {
    for (tail, valid) in [
        (&b"\xc3\xa9"[..], true),
        (b"\xc3", false),
        (b"\xff\xff", false),
    ] {
        // Odd, so that reads and the pieces they are validated in end within characters.
        let count = if cfg!(miri) { 150 } else { 70_000 };
        let text = [b"a", "é".repeat(count).as_bytes(), tail].concat();
        let len = (text.len() as u64).to_be_bytes();
        let mut incoming = after(client(), &[b"\x81\x7f", &len[..]].concat());
        let mut sink = Recorder::default();
        let mut rest = &text[..];
        let mut result = Ok(());
        while let Some(mut direct) = incoming.direct(1) {
            let (now, later) = rest.split_at(direct.limit());
            direct.buffer().extend_from_slice(now);
            result = direct.commit(&mut sink);
            rest = later;
        }
        if valid {
            assert_eq!(sink.items, [Item::Text(text)]);
        } else {
            assert_eq!(result, Err(ErrorIndex::InvalidUtf8.error()));
            assert!(sink.items.is_empty());
        }
    }
}
