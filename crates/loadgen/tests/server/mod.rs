//! A blocking WebSocket server that can be told to misbehave. It shares no frame code with the load
//! generator, so that a common mistake cannot hide.

use std::io::{Read, Result, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::mpsc::{Sender, channel};
use std::sync::{Arc, Mutex};
use std::thread;

#[derive(Clone, Copy, PartialEq)]
pub enum Behaviour {
    Echo,
    Broadcast,
    /// Sends the message in two frames, with a ping between them.
    Fragments,
    /// After some honest answers:
    FlipsABit,
    ChangesTheType,
    SendsTwice,
    Closes,
    FallsSilent,
}

/// Messages that a misbehaving connection echoes honestly.
const HONEST: u64 = 20;

/// Starts a server for as long as the test lives and returns its port.
pub fn start(behaviour: Behaviour) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let all = Arc::new(Mutex::new(Vec::new()));
    thread::spawn(move || {
        for stream in listener.incoming().map(Result::unwrap) {
            let all = Arc::clone(&all);
            thread::spawn(move || serve(stream, behaviour, &all));
        }
    });
    port
}

/// What a connection's writer sends next; the end of the connection when there is nothing more.
type Queue = Sender<Option<Vec<u8>>>;

/// Queues without a limit, as servers do whose programs do not look at what is buffered.
fn writer(mut stream: TcpStream) -> Queue {
    let (queue, frames) = channel::<Option<Vec<u8>>>();
    thread::spawn(move || {
        for bytes in frames {
            match bytes {
                Some(bytes) => stream.write_all(&bytes)?,
                None => stream.shutdown(Shutdown::Both)?,
            }
        }
        Ok::<(), std::io::Error>(())
    });
    queue
}

fn serve(mut stream: TcpStream, behaviour: Behaviour, all: &Mutex<Vec<Queue>>) -> Result<()> {
    stream.set_nodelay(true)?;
    let queue = writer(stream.try_clone()?);
    let send = |bytes| queue.send(Some(bytes)).map_err(std::io::Error::other);
    send(handshake(&mut stream)?.into_bytes())?;
    all.lock().unwrap().push(queue.clone());
    for number in 0.. {
        let (first, mut payload) = read_frame(&mut stream)?;
        if first & 0x0f == 8 {
            send(frame(first, &payload))?;
            return queue.send(None).map_err(std::io::Error::other);
        }
        if first & 0x0f == 10 {
            assert_eq!(payload, b"are you there?");
            continue;
        }
        match behaviour {
            Behaviour::Broadcast => {
                for receiver in &*all.lock().unwrap() {
                    let _ = receiver.send(Some(frame(first, &payload)));
                }
                continue;
            }
            Behaviour::Fragments => {
                let (one, two) = payload.split_at(payload.len() / 3);
                send(frame(first & 0x7f, one))?;
                send(frame(0x89, b"are you there?"))?;
                send(frame(0x80, two))?;
                continue;
            }
            _ if number < HONEST => {}
            Behaviour::FlipsABit => *payload.last_mut().unwrap() ^= 0x10,
            Behaviour::ChangesTheType => {
                send(frame(first ^ 0x03, &payload))?;
                continue;
            }
            Behaviour::SendsTwice => send(frame(first, &payload))?,
            Behaviour::Closes => return send(frame(0x88, b"\x03\xf3oops")),
            Behaviour::FallsSilent => continue,
            Behaviour::Echo => {}
        }
        send(frame(first, &payload))?;
    }
    Ok(())
}

/// Reads the request and returns the response.
fn handshake(stream: &mut TcpStream) -> Result<String> {
    let mut request = Vec::new();
    while !request.ends_with(b"\r\n\r\n") {
        let mut byte = [0];
        stream.read_exact(&mut byte)?;
        request.push(byte[0]);
    }
    let request = String::from_utf8(request).unwrap();
    assert!(request.contains("Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"));
    let compresses = request.contains("permessage-deflate");
    Ok(format!(
        "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
         Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n{}\r\n",
        if compresses {
            "Sec-WebSocket-Extensions: permessage-deflate\r\n"
        } else {
            ""
        }
    ))
}

/// The first byte of a frame and its payload, unmasked.
fn read_frame(stream: &mut TcpStream) -> Result<(u8, Vec<u8>)> {
    let mut start = [0; 2];
    stream.read_exact(&mut start)?;
    assert!(start[1] & 0x80 != 0, "clients mask");
    let mut length = u64::from(start[1] & 0x7f);
    if length > 125 {
        let mut extended = [0; 8];
        stream.read_exact(&mut extended[if length == 126 { 6 } else { 0 }..])?;
        length = u64::from_be_bytes(extended);
    }
    let mut key = [0; 4];
    stream.read_exact(&mut key)?;
    let mut payload = vec![0; length as usize];
    stream.read_exact(&mut payload)?;
    payload
        .iter_mut()
        .enumerate()
        .for_each(|(index, byte)| *byte ^= key[index % 4]);
    Ok((start[0], payload))
}

fn frame(first: u8, payload: &[u8]) -> Vec<u8> {
    let mut bytes = vec![first];
    match payload.len() {
        length @ 0..126 => bytes.push(length as u8),
        length @ 126..65536 => {
            bytes.push(126);
            bytes.extend((length as u16).to_be_bytes());
        }
        length => {
            bytes.push(127);
            bytes.extend((length as u64).to_be_bytes());
        }
    }
    bytes.extend(payload);
    bytes
}
