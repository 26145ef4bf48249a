//! Descriptors of the reactor's own, and what their sockets are asked for.

use std::net::{TcpListener, TcpStream};
use std::os::fd::{AsFd, OwnedFd};
use std::time::Duration;

use ferrows_protocol::Options;
use ferrows_reactor::{ConnectionId, Reactor, Side};
use rustix::io::Errno;
use rustix::net::sockopt;

use crate::peer::{KINDS, Kind, Peer, pair, wait_readable};
use crate::world::{World, text};

/// A connection whose first descriptor is closed.
fn own(world: &mut World, kind: Kind) -> (ConnectionId, Peer) {
    let (socket, peer) = pair(kind);
    let id = duplicate(&mut world.reactor, &socket);
    (id, peer)
}

fn duplicate(reactor: &mut Reactor, socket: &OwnedFd) -> ConnectionId {
    reactor
        .add_duplicate(socket.as_fd(), Options::default())
        .unwrap()
}

/// Whether the peer reads the end.
fn has_ended(peer: &Peer) -> bool {
    wait_readable(peer);
    peer.receive(1) == Ok(Vec::new())
}

#[test]
fn a_duplicate_goes_on_when_the_first_descriptor_is_closed() {
    for kind in KINDS {
        let mut world = World::new();
        let (id, peer) = own(&mut world, kind);
        peer.say("to the reactor");
        assert_eq!(world.hear_from(id, 1), [text("to the reactor")]);
        assert_eq!(world.reactor.send(id, b"to the peer").written, 11);
        assert_eq!(peer.expect(11), b"to the peer");
    }
}

#[test]
fn a_duplicate_is_closed_when_its_connection_is_removed() {
    for kind in KINDS {
        let mut world = World::new();
        let (id, peer) = own(&mut world, kind);
        assert!(world.reactor.remove(id));
        assert!(has_ended(&peer));
    }
}

#[test]
fn a_duplicate_is_closed_with_the_reactor() {
    let mut world = World::new();
    let (_, peer) = own(&mut world, Kind::Tcp);
    drop(world);
    assert!(has_ended(&peer));
}

#[test]
fn a_duplicate_and_its_original_are_connections_of_their_own() {
    let mut world = World::new();
    let (socket, peer) = pair(Kind::Tcp);
    let copy = duplicate(&mut world.reactor, &socket);
    let original = world.add(socket);
    assert_eq!(world.reactor.len(), 2);
    world.remove(original);
    peer.say("for who is left");
    assert_eq!(world.hear_from(copy, 1), [text("for who is left")]);
}

#[test]
fn a_peer_is_told_of_the_end_and_still_heard() {
    for kind in KINDS {
        let mut world = World::new();
        let (id, peer) = own(&mut world, kind);
        assert_eq!(world.reactor.send(id, b"last").written, 4);
        world.reactor.shut_down(id);
        assert_eq!(peer.expect(4), b"last");
        assert!(has_ended(&peer));
        peer.say("still here");
        assert_eq!(world.hear_from(id, 1), [text("still here")]);
    }
}

#[test]
fn a_peer_is_told_of_a_reset_if_that_is_asked_for() {
    let mut world = World::new();
    let (id, peer) = own(&mut world, Kind::Tcp);
    world.reactor.reset_on_close(id);
    world.reactor.remove(id);
    wait_readable(&peer);
    assert_eq!(peer.receive(1), Err(Errno::CONNRESET));
}

#[test]
fn addresses_are_those_of_both_ends() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let client = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
    let (server, _) = listener.accept().unwrap();
    let mut reactor = World::new().reactor;
    let id = duplicate(&mut reactor, &server.into());
    let address = |side| reactor.address(id, side);
    assert_eq!(address(Side::Remote), client.local_addr().ok());
    assert_eq!(address(Side::Local), listener.local_addr().ok());
}

#[test]
fn unix_sockets_and_connections_that_are_gone_have_no_address() {
    let mut world = World::new();
    let (id, _peer) = own(&mut world, Kind::Unix);
    assert_eq!(world.reactor.address(id, Side::Remote), None);
    assert_eq!(world.reactor.address(id, Side::Local), None);
    let (id, _peer) = own(&mut world, Kind::Tcp);
    world.reactor.remove(id);
    assert_eq!(world.reactor.address(id, Side::Remote), None);
    world.reactor.shut_down(id);
    world.reactor.set_no_delay(id, true);
    world.reactor.set_keep_alive(id, true, None);
}

#[test]
fn options_of_the_socket_are_set() {
    let mut world = World::new();
    let (socket, _peer) = pair(Kind::Tcp);
    let id = duplicate(&mut world.reactor, &socket);
    for on in [true, false, true] {
        world.reactor.set_no_delay(id, on);
        assert_eq!(sockopt::tcp_nodelay(&socket), Ok(on));
        world.reactor.set_keep_alive(id, on, None);
        assert_eq!(sockopt::socket_keepalive(&socket), Ok(on));
    }
    let delay = Duration::from_secs(77);
    world.reactor.set_keep_alive(id, true, Some(delay));
    assert_eq!(sockopt::tcp_keepidle(&socket), Ok(delay));
}
