//! Echoes WebSocket messages; those of connections to `/broadcast` go to all such connections. It is
//! the reactor without JavaScript, to be measured beside other servers, and built as an event loop
//! would use it: an epoll of its own watches the reactor's.
//!
//! `cargo run --release -p ferrows-reactor --example echo -- PORT`

#[cfg(target_os = "linux")]
mod answers;
#[cfg(target_os = "linux")]
mod handshake;
#[cfg(target_os = "linux")]
mod server;

#[cfg(target_os = "linux")]
fn main() -> std::io::Result<()> {
    let port = std::env::args().nth(1).and_then(|port| port.parse().ok());
    let mut server = server::Server::new(port.unwrap_or(0))?;
    println!("port {}", server.port()?);
    server.run()
}

#[cfg(not(target_os = "linux"))]
fn main() {
    eprintln!("the reactor needs Linux");
}
