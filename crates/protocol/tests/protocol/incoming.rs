use ferrows_protocol::{
    Boundary, Data, ErrorIndex, Event, Flow, Incoming, Opcode, Options, Payload, Role,
};

use crate::transcript::{Item, Recorder};

fn client() -> Options {
    Options {
        role: Role::Client,
        ..Options::default()
    }
}

/// Where each payload of a data event was: the offset in the chunk, or `None`.
fn offsets(options: Options, chunks: &[&[u8]]) -> Vec<Option<usize>> {
    let mut offsets = Vec::new();
    let mut incoming = Incoming::new(options);
    for chunk in chunks {
        let mut sink = |event: Event<'_>| {
            if let Event::Data(data) = event {
                offsets.push(match data.payload {
                    Payload::Chunk { offset, bytes } => {
                        assert_eq!(bytes, &chunk[offset..offset + bytes.len()]);
                        Some(offset)
                    }
                    Payload::Owned(_) => None,
                });
            }
            Flow::Continue
        };
        incoming.decode(&mut chunk.to_vec(), &mut sink).unwrap();
    }
    offsets
}

#[test]
fn a_whole_message_is_a_range_of_the_chunk() {
    let chunk = b"\x81\x02ab\x82\x01c\x89\x01p\x82\x00";
    assert_eq!(offsets(client(), &[chunk]), [Some(2), Some(6), Some(12)]);
}

#[test]
fn a_message_in_pieces_is_in_memory_of_its_own() {
    assert_eq!(offsets(client(), &[b"\x81\x02a", b"b"]), [None]);
    assert_eq!(offsets(client(), &[b"\x01\x01a\x80\x01b"]), [None]);
}

#[test]
fn a_message_whose_header_alone_was_in_another_chunk_is_a_range() {
    assert_eq!(offsets(client(), &[b"\x81", b"\x02ab"]), [Some(1)]);
    assert_eq!(offsets(client(), &[b"\x81\x02", b"ab"]), [Some(0)]);
}

#[test]
fn the_chunk_is_unmasked_in_place() {
    let mut chunk = *b"\x81\x82\x01\x02\x03\x04\x60\x60";
    let mut incoming = Incoming::new(Options::default());
    incoming
        .decode(&mut chunk, &mut Recorder::default())
        .unwrap();
    assert_eq!(&chunk[6..], b"ab");
}

#[test]
fn stopping_leaves_the_bytes_behind_the_event() {
    let mut chunk = *b"\x81\x01a\x89\x00\x81\x01b";
    let mut sink = Recorder::stopping_every(1);
    let mut incoming = Incoming::new(client());
    assert_eq!(incoming.decode(&mut chunk, &mut sink), Ok(3));
    assert_eq!(sink.items, [Item::Text(b"a".to_vec())]);
    assert_eq!(incoming.decode(&mut chunk[3..], &mut sink), Ok(2));
    assert_eq!(incoming.decode(&mut chunk[5..], &mut sink), Ok(3));
    assert_eq!(sink.items.len(), 3);
}

#[test]
fn a_part_that_waits_comes_before_a_part_in_place() {
    let options = Options {
        min_part: 4,
        ..client()
    };
    let mut incoming = Incoming::new(options);
    let mut parts = Vec::new();
    let mut sink = |event: Event<'_>| {
        if let Event::Data(Data { end, payload, .. }) = event {
            let in_place = matches!(payload, Payload::Chunk { .. });
            parts.push((payload.into_vec(), end, in_place));
        }
        Flow::Continue
    };
    for chunk in [&b"\x82\x0fab"[..], b"c", b"defgh", b"ij", b"klmno"] {
        incoming.decode(&mut chunk.to_vec(), &mut sink).unwrap();
    }
    let expected = [
        (b"abc".to_vec(), Boundary::Part, false),
        (b"defgh".to_vec(), Boundary::Part, true),
        (b"ij".to_vec(), Boundary::Part, false),
        (b"klmno".to_vec(), Boundary::Message, true),
    ];
    assert_eq!(parts, expected);
}

#[test]
fn the_later_frames_of_a_message_have_its_kind() {
    let options = Options {
        by_frame: true,
        ..client()
    };
    let mut kinds = Vec::new();
    let mut sink = |event: Event<'_>| {
        if let Event::Data(data) = event {
            kinds.push((data.opcode, data.end));
        }
        Flow::Continue
    };
    let mut chunk = *b"\x02\x01a\x00\x01b\x80\x00\x81\x00";
    Incoming::new(options)
        .decode(&mut chunk, &mut sink)
        .unwrap();
    let expected = [
        (Opcode::Binary, Boundary::Frame),
        (Opcode::Binary, Boundary::Frame),
        (Opcode::Binary, Boundary::Message),
        (Opcode::Text, Boundary::Message),
    ];
    assert_eq!(kinds, expected);
}

#[test]
fn a_sink_can_end_it() {
    let error = ErrorIndex::MessageTooLong.error();
    let mut incoming = Incoming::new(client());
    let mut sink = |_: Event<'_>| Flow::Fail(error);
    let mut chunk = *b"\x81\x01a\x81\x01b";
    assert_eq!(incoming.decode(&mut chunk, &mut sink), Err(error));
    assert!(incoming.is_closed());
    assert_eq!(incoming.decode(&mut chunk, &mut sink), Ok(chunk.len()));
}

#[test]
fn an_error_is_returned_once() {
    let mut incoming = Incoming::new(client());
    let mut sink = Recorder::default();
    let error = Err(ErrorIndex::InvalidOpcode.about(3));
    assert_eq!(incoming.decode(&mut [0x83, 0x00], &mut sink), error);
    assert_eq!(incoming.decode(&mut [0x83, 0x00], &mut sink), Ok(2));
    assert!(sink.items.is_empty());
}

#[test]
fn limits_may_change_between_frames() {
    let mut incoming = Incoming::new(client());
    let mut sink = Recorder::default();
    incoming
        .decode(&mut b"\x01\x03abc".to_vec(), &mut sink)
        .unwrap();
    incoming.set_max_payload(4);
    let error = Err(ErrorIndex::MessageTooLong.error());
    assert_eq!(incoming.decode(&mut [0x80, 0x02], &mut sink), error);
}

#[test]
fn a_length_that_no_machine_holds_is_waited_for() {
    let mut chunk = *b"\x82\x7f\x00\x1f\xff\xff\xff\xff\xff\xff";
    let mut incoming = Incoming::new(client());
    incoming
        .decode(&mut chunk, &mut Recorder::default())
        .unwrap();
    for _ in 0..100 {
        incoming
            .decode(&mut [0; 10], &mut Recorder::default())
            .unwrap();
    }
    assert!(incoming.held() < 10_000);
}

#[test]
fn compressed_frames_are_handed_on_one_by_one() {
    let mut frames = Vec::new();
    let mut sink = |event: Event<'_>| {
        if let Event::Data(Data {
            compressed,
            end,
            payload,
            ..
        }) = event
        {
            frames.push((compressed, end, payload.into_vec()));
        }
        Flow::Continue
    };
    let options = Options {
        deflate: true,
        ..client()
    };
    let mut incoming = Incoming::new(options);
    for chunk in [&b"\x41\x03ab"[..], b"c\x80\x01d\x81\x01e"] {
        incoming.decode(&mut chunk.to_vec(), &mut sink).unwrap();
    }
    let expected = [
        (true, Boundary::Frame, b"abc".to_vec()),
        (true, Boundary::Message, b"d".to_vec()),
        (false, Boundary::Message, b"e".to_vec()),
    ];
    assert_eq!(frames, expected);
}

#[test]
fn compressed_frames_are_whole_where_parts_are_asked_for() {
    let options = Options {
        deflate: true,
        min_part: 1,
        ..client()
    };
    let mut incoming = Incoming::new(options);
    let mut frames = 0;
    let mut sink = |event: Event<'_>| {
        if let Event::Data(data) = event {
            assert_eq!(data.payload.bytes(), b"abcd");
            frames += 1;
        }
        Flow::Continue
    };
    for chunk in [&b"\xc1\x04ab"[..], b"c", b"d"] {
        incoming.decode(&mut chunk.to_vec(), &mut sink).unwrap();
    }
    assert_eq!(frames, 1);
}
