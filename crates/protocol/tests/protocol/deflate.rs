use ferrows_protocol::{
    Boundary, Data, ErrorIndex, Event, Flow, Incoming, Inflate, InflatedMessage, Inflating,
    Options, ProtocolError, Role,
};

use crate::inflater::Inflater;
use crate::transcript::{Item, Recorder};

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

/// A codec that fails.
struct Corrupt;

impl Inflate for Corrupt {
    fn inflate(
        &mut self,
        _payload: &[u8],
        _fin: bool,
        _limit: usize,
        _output: &mut Vec<u8>,
    ) -> Result<(), ProtocolError> {
        Err(ErrorIndex::InvalidUtf8.error())
    }
}

#[test]
fn an_error_of_the_codec_ends_it_before_the_next_frame() {
    let mut incoming = Incoming::new(client());
    let mut recorder = Recorder::default();
    let mut sink = Inflating {
        codec: &mut Corrupt,
        message: &mut InflatedMessage::default(),
        options: client(),
        sink: &mut recorder,
    };
    let mut chunk = *b"\x89\x00\x41\x01a\x89\x00";
    let result = incoming.decode(&mut chunk, &mut sink);
    assert_eq!(result, Err(ErrorIndex::InvalidUtf8.error()));
    assert_eq!(recorder.items, [Item::Ping(Vec::new())]);
}

#[test]
fn an_inflated_message_can_be_pushed_elsewhere() {
    // The sink takes the frame and stops; the frame is inflated; decoding goes on.
    let mut incoming = Incoming::new(client());
    let mut job = None;
    let mut chunk = *b"\xc1\x07\xf2\x48\xcd\xc9\xc9\x07\x00\x89\x00";
    let mut sink = |event: Event<'_>| {
        if let Event::Data(data) = event {
            job = Some((
                data.opcode,
                data.compressed,
                data.end,
                data.payload.into_vec(),
            ));
        }
        Flow::Stop
    };
    assert_eq!(incoming.decode(&mut chunk, &mut sink), Ok(9));
    let (opcode, compressed, end, mut bytes) = job.unwrap();
    let frame = Data {
        opcode,
        compressed,
        end,
        payload: ferrows_protocol::Payload::Owned(&mut bytes),
    };
    let mut message = InflatedMessage::default();
    let inflated = message.push(&mut Inflater::default(), &frame, incoming.options());
    assert_eq!(inflated, Ok(Some(b"Hello".to_vec())));
    let mut recorder = Recorder::default();
    assert_eq!(incoming.decode(&mut chunk[9..], &mut recorder), Ok(2));
    assert_eq!(recorder.items, [Item::Ping(Vec::new())]);
}
