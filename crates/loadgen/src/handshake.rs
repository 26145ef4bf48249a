//! The opening handshake (RFC 6455 §4), both sides of it.

use std::io::{Read, Write};
use std::net::{Ipv4Addr, SocketAddrV4, TcpStream};
use std::time::Duration;

use rustix::net::{AddressFamily, SocketType, bind, connect, socket};

use crate::failure;
use crate::failure::Result;
use crate::poll::Waiting;

/// Far more than the headers of any peer.
const LONGEST: usize = 16 * 1024;

/// A server under test.
#[derive(Clone, Debug)]
pub struct Target {
    pub port: u16,
    pub path: String,
    /// What to offer as Sec-WebSocket-Extensions.
    pub extensions: Option<&'static str>,
    pub waiting: Waiting,
}

impl Target {
    pub fn address(&self) -> SocketAddrV4 {
        SocketAddrV4::new(Ipv4Addr::LOCALHOST, self.port)
    }

    /// The key is RFC 6455's own example: these handshakes need no freshness.
    pub fn request(&self) -> String {
        let extensions = self
            .extensions
            .map(|offer| format!("Sec-WebSocket-Extensions: {offer}\r\n"));
        format!(
            "GET {} HTTP/1.1\r\nHost: {}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
             Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: {KEY}\r\n{}\r\n",
            self.path,
            self.address(),
            extensions.unwrap_or_default()
        )
    }
}

const KEY: &str = "dGhlIHNhbXBsZSBub25jZQ==";

/// A connection from `source` whose handshake is done, blocking, and the extensions agreed on.
pub fn open(target: &Target, source: Ipv4Addr) -> Result<(TcpStream, Option<String>)> {
    let socket = socket(AddressFamily::INET, SocketType::STREAM, None)?;
    if source != Ipv4Addr::LOCALHOST {
        bind(&socket, &SocketAddrV4::new(source, 0))?;
    }
    connect(&socket, &target.address())
        .map_err(|error| failure!("cannot connect to {}: {error}", target.address()))?;
    let mut stream = TcpStream::from(socket);
    stream.set_nodelay(true)?;
    stream.set_read_timeout(Some(target.waiting.patience))?;
    stream.write_all(target.request().as_bytes())?;
    let extensions = response(&read_head(&mut stream)?)?;
    Ok((stream, extensions))
}

/// Checks a response (RFC 6455 §4.1) and returns its Sec-WebSocket-Extensions.
pub fn response(head: &str) -> Result<Option<String>> {
    if !head.starts_with("HTTP/1.1 101 ") {
        return Err(failure!(
            "the server refused the handshake: {}",
            head.lines().next().unwrap_or_default()
        ));
    }
    let accepted = header(head, "sec-websocket-accept").is_some_and(|value| value == accept(KEY));
    if !accepted {
        return Err(failure!(
            "the server's Sec-WebSocket-Accept is missing or wrong"
        ));
    }
    Ok(header(head, "sec-websocket-extensions").map(str::to_owned))
}

/// Takes a client's request from a fresh connection, accepts it, and returns the requested path.
pub fn serve(stream: &mut TcpStream, patience: Duration) -> Result<String> {
    stream.set_nodelay(true)?;
    stream.set_read_timeout(Some(patience))?;
    let head = read_head(stream)?;
    let mut words = head.split(' ');
    let (Some("GET"), Some(path)) = (words.next(), words.next()) else {
        return Err(failure!("the client's request is no GET"));
    };
    let key = header(&head, "sec-websocket-key")
        .ok_or_else(|| failure!("the client sent no Sec-WebSocket-Key"))?;
    let response = format!(
        "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
         Sec-WebSocket-Accept: {}\r\n\r\n",
        accept(key)
    );
    stream.write_all(response.as_bytes())?;
    Ok(path.to_owned())
}

/// Start line and headers. Nothing may follow them yet: neither side of a benchmark speaks unasked.
fn read_head(stream: &mut TcpStream) -> Result<String> {
    let mut bytes = Vec::new();
    let mut chunk = [0; 1024];
    while !bytes.ends_with(b"\r\n\r\n") {
        let length = stream
            .read(&mut chunk)
            .map_err(|error| failure!("no answer to the handshake: {error}"))?;
        if length == 0 || bytes.len() > LONGEST {
            return Err(failure!(
                "the connection ended, or more than headers came, during the handshake"
            ));
        }
        bytes.extend(&chunk[..length]);
    }
    String::from_utf8(bytes).map_err(|_| failure!("the handshake is not text"))
}

/// The value of a header; `name` in lower case.
fn header<'a>(head: &'a str, name: &str) -> Option<&'a str> {
    head.lines().skip(1).find_map(|line| {
        let (found, value) = line.split_once(':')?;
        found.eq_ignore_ascii_case(name).then_some(value.trim())
    })
}

/// The Sec-WebSocket-Accept for a key.
fn accept(key: &str) -> String {
    let mut sha1 = sha1_smol::Sha1::new();
    sha1.update(key.as_bytes());
    sha1.update(b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11");
    base64(&sha1.digest().bytes())
}

fn base64(bytes: &[u8]) -> String {
    const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = String::new();
    for group in bytes.chunks(3) {
        let word = (0..3).fold(0, |word, i| {
            word << 8 | u32::from(*group.get(i).unwrap_or(&0))
        });
        for i in 0..4 {
            let digit = ALPHABET[(word >> (18 - 6 * i) & 63) as usize];
            text.push(if i <= group.len() { digit.into() } else { '=' });
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::TcpListener;

    const PATIENCE: Duration = Duration::from_secs(10);

    #[test]
    fn base64_is_that_of_rfc_4648_10() {
        for (plain, text) in [
            ("", ""),
            ("f", "Zg=="),
            ("fo", "Zm8="),
            ("foo", "Zm9v"),
            ("foobar", "Zm9vYmFy"),
        ] {
            assert_eq!(base64(plain.as_bytes()), text);
        }
    }

    #[test]
    fn accept_is_that_of_rfc_6455_1_3() {
        assert_eq!(accept(KEY), "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
    }

    #[test]
    fn both_sides_agree() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let server =
            std::thread::spawn(move || serve(&mut listener.accept().unwrap().0, PATIENCE).unwrap());
        let target = Target {
            port,
            path: "/some?path".into(),
            extensions: None,
            waiting: Waiting {
                patience: PATIENCE,
                spins: false,
            },
        };
        let (_, extensions) = open(&target, Ipv4Addr::new(127, 0, 0, 2)).unwrap();
        assert_eq!(extensions, None);
        assert_eq!(server.join().unwrap(), "/some?path");
    }

    #[test]
    fn a_response_with_a_wrong_accept_or_status_is_refused() {
        let good = "HTTP/1.1 101 x\r\nsec-websocket-ACCEPT:  s3pPLMBiTxaQ9kYGzzhZRbK+xOo= \r\n\r\n";
        assert_eq!(response(good).unwrap(), None);
        assert!(response(&good.replace("s3p", "S3p")).is_err());
        assert!(response(&good.replace("101", "200")).is_err());
        assert!(response("HTTP/1.1 101 x\r\n\r\n").is_err());
    }
}
