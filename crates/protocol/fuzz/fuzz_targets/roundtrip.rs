//! Messages that the input makes up, encoded and decoded: they come out as they went in.
#![no_main]

use ferrows_protocol::{
    Frame, FrameHeader, Opcode, Options, Role, append_frame, append_frames, close_payload,
    is_valid_close_code, write_frame,
};
use ferrows_protocol_fuzz::transcript::{Item, Recorder, transcript};
use ferrows_protocol_fuzz::{Input, chunks};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let mut input = Input(bytes);
    let sizes = input.sizes();
    let key: Option<[u8; 4]> = input.bool().then(|| input.array());
    let mut stream = Vec::new();
    let mut items = Vec::new();
    let mut open: Option<(bool, Vec<u8>)> = None;
    while !input.0.is_empty() {
        let kind = input.byte();
        let len = usize::from(input.byte()) << (kind >> 6);
        let payload = input.bytes(len).to_vec();
        let fin = kind & 8 == 0;
        let (opcode, fin, payload) = match kind & 7 {
            0 => {
                let payload = payload[..payload.len().min(125)].to_vec();
                items.push(Item::Ping(payload.clone()));
                (Opcode::Ping, true, payload)
            }
            1 => {
                let payload = payload[..payload.len().min(125)].to_vec();
                items.push(Item::Pong(payload.clone()));
                (Opcode::Pong, true, payload)
            }
            2 => {
                let code = u16::from_be_bytes(input.array());
                let reason: String = String::from_utf8_lossy(&payload[..payload.len().min(40)]).into();
                let (memory, len) = close_payload(code, reason.as_bytes());
                if !is_valid_close_code(code) {
                    continue;
                }
                items.push(Item::Close(code, memory[2..len].to_vec()));
                (Opcode::Close, true, memory[..len].to_vec())
            }
            _ => {
                // Text is cut between characters here; the other targets cut within them.
                let text = kind & 16 != 0;
                let (first, (text, mut message)) = match open.take() {
                    Some(message) => (false, message),
                    None => (true, (text, Vec::new())),
                };
                let payload = if text {
                    String::from_utf8_lossy(&payload).into_owned().into_bytes()
                } else {
                    payload
                };
                message.extend_from_slice(&payload);
                if !fin {
                    open = Some((text, message));
                } else if text {
                    items.push(Item::Text(message));
                } else {
                    items.push(Item::Binary(message));
                }
                let opcode = match (first, text) {
                    (false, _) => Opcode::Continuation,
                    (true, true) => Opcode::Text,
                    (true, false) => Opcode::Binary,
                };
                (opcode, fin, payload)
            }
        };
        let header = FrameHeader {
            fin,
            rsv1: false,
            opcode,
            key,
            length: 0,
        };
        let frame = Frame {
            header,
            payload: &payload,
        };
        let start = stream.len();
        append_frame(&mut stream, &frame);
        let encoded = &stream[start..];
        let mut slice = vec![0; frame.encoded_len()];
        assert_eq!(write_frame(&mut slice, &frame), Some(slice.len()));
        assert_eq!(slice, encoded);
        let mut batch = Vec::new();
        append_frames(&mut batch, [frame]);
        assert_eq!(batch, encoded);
        if opcode == Opcode::Close {
            break;
        }
    }
    let role = if key.is_some() { Role::Server } else { Role::Client };
    let options = Options {
        role,
        ..Options::default()
    };
    let transcript = transcript(options, Recorder::default(), chunks(&stream, &sizes));
    assert_eq!(transcript.error, None);
    assert_eq!(transcript.items, items);
});
