use std::os::fd::{AsFd, AsRawFd, OwnedFd};

use rustix::io::{Errno, dup2};

use ferrows_protocol::Options;
use ferrows_reactor::{ConnectionId, Limits, Reactor, Sent};

use crate::peer::{KINDS, Kind, pair};
use crate::world::{World, text};

#[test]
fn a_descriptor_that_is_used_again_belongs_to_the_new_connection() {
    for kind in KINDS {
        let mut world = World::new();
        let (mut id, mut peer) = world.connect(kind);
        for i in 0..200 {
            let stale = id;
            peer.say("unread");
            assert!(world.reactor.remove(id));
            // Closes the descriptor and opens it again at once, as another socket.
            let mut fd = world.sockets.remove(&id).unwrap();
            let (socket, new_peer) = pair(kind);
            dup2(&socket, &mut fd).unwrap();
            id = world.add(fd);
            peer = new_peer;
            assert_ne!(id, stale);
            assert_eq!(world.reactor.send(stale, b"stale"), Sent::default());
            world.reactor.feed(stale, b"stale");
            world.reactor.pause(stale);
            assert!(!world.reactor.remove(stale));
            world.reactor.discard(stale);
            peer.say(&format!("{i}"));
            assert_eq!(world.hear_from(id, 1), [text(&format!("{i}"))]);
            assert_eq!(peer.receive(10), Err(Errno::AGAIN));
        }
        assert_eq!(world.reactor.len(), 1);
    }
}

#[test]
fn a_connection_whose_descriptor_was_closed_too_early_gets_nothing_of_the_next_one() {
    let mut world = World::new();
    let (stale, _to_stale) = world.connect(Kind::Tcp);
    let (socket, peer) = pair(Kind::Tcp);
    // Closes the descriptor and opens it again at once, as another socket.
    let mut fd = world.sockets.remove(&stale).unwrap();
    dup2(&socket, &mut fd).unwrap();
    let id = world.add(fd);
    assert_eq!(world.reactor.len(), 1);
    assert_eq!(world.reactor.send(stale, b"stale"), Sent::default());
    assert_eq!(world.reactor.send(id, b"fresh").written, 5);
    assert_eq!(peer.expect(5), b"fresh");
    peer.say("for the new one");
    assert_eq!(world.hear_from(id, 1), [text("for the new one")]);
}

#[test]
fn a_descriptor_is_its_owners_again_after_it_was_removed() {
    let mut world = World::new();
    let (id, peer) = world.connect(Kind::Unix);
    let socket = world.sockets.remove(&id).unwrap();
    assert!(world.reactor.remove(id));
    assert!(world.reactor.is_empty());
    peer.say("not for the reactor");
    assert!(!world.is_ready());
    let mut other = World::new();
    let id = other.add(socket);
    assert_eq!(other.hear_from(id, 1), [text("not for the reactor")]);
}

#[test]
fn descriptors_outlive_the_reactor() {
    let mut world = World::new();
    let (id, peer) = world.connect(Kind::Unix);
    let socket: OwnedFd = world.sockets.remove(&id).unwrap();
    drop(world.reactor);
    peer.send(b"x");
    let mut byte = [0];
    let (len, _) =
        rustix::net::recv(socket.as_fd(), &mut byte, rustix::net::RecvFlags::empty()).unwrap();
    assert_eq!((len, byte), (1, *b"x"));
}

#[test]
fn what_is_no_descriptor_is_refused() {
    let mut reactor = Reactor::new(Limits::default()).unwrap();
    let file: OwnedFd = std::fs::File::open("/proc/self/stat").unwrap().into();
    // SAFETY: none of them is taken.
    let errors = unsafe {
        [
            reactor.add(-1, Options::default()).unwrap_err(),
            reactor
                .add(file.as_raw_fd(), Options::default())
                .unwrap_err(),
        ]
    };
    let errors = errors.map(|error| error.raw_os_error());
    let expected = [Errno::BADF, Errno::PERM].map(|errno| Some(errno.raw_os_error()));
    assert_eq!(errors, expected);
    assert!(reactor.is_empty());
}

#[test]
fn places_are_used_again_and_ids_are_not() {
    let mut world = World::new();
    let mut seen = std::collections::HashSet::new();
    for _ in 0..50 {
        let ids: Vec<ConnectionId> = (0..20).map(|_| world.connect(Kind::Unix).0).collect();
        for id in ids {
            assert!(id.index() < 20);
            assert!(seen.insert(id));
            world.remove(id);
        }
    }
    assert_eq!(seen.len(), 1000);
}
