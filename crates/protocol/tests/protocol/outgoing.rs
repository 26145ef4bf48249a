use ferrows_protocol::{
    Frame, FrameHeader, Opcode, Options, append_frame, append_frames, write_frame,
};
use proptest::collection::vec;
use proptest::prelude::*;

use crate::streams::{config, legal};
use crate::transcript::{Recorder, transcript};

fn frame(opcode: Opcode, payload: &[u8], key: Option<[u8; 4]>) -> Frame<'_> {
    let header = FrameHeader {
        fin: true,
        rsv1: false,
        opcode,
        key,
        length: 0,
    };
    Frame { header, payload }
}

fn header(length: u64, key: Option<[u8; 4]>) -> Vec<u8> {
    let header = FrameHeader {
        length,
        ..frame(Opcode::Binary, &[], key).header
    };
    let bytes = header.encode().to_vec();
    assert_eq!(bytes.len(), header.encoded_len());
    bytes
}

#[test]
fn the_length_takes_the_shortest_form() {
    assert_eq!(header(0, None), [0x82, 0]);
    assert_eq!(header(125, None), [0x82, 125]);
    assert_eq!(header(126, None), [0x82, 126, 0, 126]);
    assert_eq!(header(0xffff, None), [0x82, 126, 0xff, 0xff]);
    assert_eq!(header(0x1_0000, None), [0x82, 127, 0, 0, 0, 0, 0, 1, 0, 0]);
    let longest = [0x82, 127, 1, 2, 3, 4, 5, 6, 7, 8];
    assert_eq!(header(0x0102_0304_0506_0708, None), longest);
}

#[test]
fn the_masking_key_follows_the_length() {
    let key = Some([9, 8, 7, 6]);
    assert_eq!(header(1, key), [0x82, 0x81, 9, 8, 7, 6]);
    assert_eq!(header(126, key), [0x82, 0xfe, 0, 126, 9, 8, 7, 6]);
    let long = [0x82, 0xff, 0, 0, 0, 0, 0, 1, 0, 0, 9, 8, 7, 6];
    assert_eq!(header(0x1_0000, key), long);
}

#[test]
fn fin_and_rsv1_are_bits_of_the_first_byte() {
    let mut header = frame(Opcode::Text, &[], None).header;
    header.rsv1 = true;
    assert_eq!(header.encode()[..], [0xc1, 0]);
    header.fin = false;
    assert_eq!(header.encode()[..], [0x41, 0]);
}

#[test]
fn a_frame_that_does_not_fit_is_not_begun() {
    let mut target = [7; 6];
    let frame = frame(Opcode::Text, b"Hello", None);
    assert_eq!(write_frame(&mut target, &frame), None);
    assert_eq!(target, [7; 6]);
}

#[test]
fn the_examples_of_the_rfc() {
    // RFC 6455 §5.7.
    let mut bytes = Vec::new();
    append_frame(
        &mut bytes,
        &frame(Opcode::Text, b"Hello", Some([0x37, 0xfa, 0x21, 0x3d])),
    );
    assert_eq!(bytes, b"\x81\x85\x37\xfa\x21\x3d\x7f\x9f\x4d\x51\x58");
    bytes.clear();
    append_frame(&mut bytes, &frame(Opcode::Ping, b"Hello", None));
    assert_eq!(bytes, b"\x89\x05Hello");
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn decoding_undoes_encoding(stream in legal()) {
        let options = Options { role: stream.role, ..Options::default() };
        let transcript = transcript(options, Recorder::default(), [&stream.bytes[..]]);
        prop_assert_eq!(transcript.error, None);
        prop_assert_eq!(transcript.items, stream.items);
    }

    #[test]
    fn all_ways_of_writing_a_frame_write_the_same(
        payloads in vec(vec(any::<u8>(), 0..300), 0..5),
        key: Option<[u8; 4]>,
    ) {
        let frames = payloads.iter().map(|payload| frame(Opcode::Binary, payload, key));
        let mut batch = vec![1];
        append_frames(&mut batch, frames.clone());
        let mut single = vec![1];
        let mut slice = vec![0; batch.len()];
        let mut at = 1;
        slice[0] = 1;
        for frame in frames {
            append_frame(&mut single, &frame);
            let len = write_frame(&mut slice[at..], &frame).unwrap();
            prop_assert_eq!(len, frame.encoded_len());
            at += len;
        }
        prop_assert_eq!(&batch, &single);
        prop_assert_eq!(&batch, &slice);
        prop_assert_eq!(at, batch.len());
    }
}
