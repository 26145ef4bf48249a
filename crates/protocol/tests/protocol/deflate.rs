use ferrows_protocol::{Boundary, Data, Event, Flow, Incoming, Options, Role};

fn client() -> Options {
    Options {
        role: Role::Client,
        deflate: true,
        ..Options::default()
    }
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
    let mut incoming = Incoming::new(client());
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
