use ferrows_protocol::{ErrorIndex, Opcode, Options};
use ferrows_reactor::{Limits, Notice, Polled, Verdict};

use crate::peer::{KINDS, Kind, Peer, frame, masked, pair};
use crate::world::{ENDED, Told, World, pattern, text};

#[test]
fn messages_come_with_the_connection_that_sent_them() {
    for kind in KINDS {
        let mut world = World::new();
        let (a, to_a) = world.connect(kind);
        let (b, to_b) = world.connect(kind);
        to_a.say("for a");
        to_b.say("for b");
        let told = world.hear(2);
        assert!(told.contains(&(a, text("for a"))));
        assert!(told.contains(&(b, text("for b"))));
    }
}

#[test]
fn control_frames_are_reported() {
    let mut world = World::new();
    let (id, peer) = world.connect(Kind::Unix);
    peer.send(&frame(Opcode::Ping, b"hi"));
    peer.send(&frame(Opcode::Pong, b""));
    peer.send(&frame(Opcode::Close, &[3, 232, b'!']));
    peer.say("not read any more");
    assert_eq!(
        world.hear_from(id, 3),
        [
            Told::Ping(b"hi".to_vec()),
            Told::Pong(Vec::new()),
            Told::Close(1000, b"!".to_vec())
        ]
    );
    assert_eq!(world.settle(), []);
}

#[test]
fn a_frame_in_pieces_is_delivered_when_it_is_complete() {
    let mut world = World::new();
    let (id, peer) = world.connect(Kind::Tcp);
    let bytes = frame(Opcode::Text, b"one byte at a time");
    let (last, first) = bytes.split_last().unwrap();
    for byte in first {
        peer.send(&[*byte]);
        assert_eq!(world.wake_up(), Polled::Done);
        assert_eq!(world.memory.told, []);
    }
    peer.send(&[*last]);
    assert_eq!(world.hear_from(id, 1), [text("one byte at a time")]);
}

#[test]
fn a_read_that_fills_the_space_is_followed_by_another() {
    let limits = Limits {
        apart: 0,
        ..Limits::default()
    };
    let mut world = World::with(limits, 1000);
    let (_, peer) = world.connect(Kind::Unix);
    let stream = frame(Opcode::Text, &[b'x'; 93]).repeat(21);
    assert_eq!(stream.len(), 99 * 21);
    peer.send(&stream);
    assert_eq!(world.wake_up(), Polled::Done);
    assert_eq!(world.memory.told.len(), 21);
    assert_eq!(world.reactor.stats().reads, 3);
}

#[test]
fn payloads_that_are_kept_are_not_overwritten() {
    let mut world = World::with(Limits::default(), 64 * 1024);
    world.memory.keeps = true;
    let mut peers = Vec::new();
    for i in 0..20 {
        let (id, peer) = world.connect(Kind::Unix);
        peer.say(&format!("first of {i}"));
        peer.say(&format!("second of {i}"));
        // A frame that is not complete has no payload to keep.
        peer.send(&frame(Opcode::Text, &[b'x'; 5000])[..4000]);
        peers.push((id, peer));
    }
    assert_eq!(world.wake_up(), Polled::Done);
    assert_eq!(world.memory.kept.len(), 40);
    let told = std::mem::take(&mut world.memory.told);
    for ((id, range), (from, told)) in world.memory.kept.iter().zip(told) {
        assert_eq!(*id, from);
        assert_eq!(Told::Message(world.space[range.clone()].to_vec()), told);
    }
    // 20 messages in two frames each of less than 20 bytes, and nothing between them.
    let end = world.memory.kept.iter().map(|(_, range)| range.end).max();
    assert!(end.unwrap() < 20 * 2 * 20);
}

#[test]
fn a_space_that_is_used_up_stops_the_poll() {
    let limits = Limits {
        min_read: 500,
        ..Limits::default()
    };
    let mut world = World::with(limits, 1000);
    world.memory.keeps = true;
    let mut expected = Vec::new();
    let mut peers = Vec::new();
    for i in 0..10 {
        let (id, peer) = world.connect(Kind::Unix);
        let message = format!("{i}").repeat(700);
        peer.say(&message);
        expected.push((id, text(&message)));
        peers.push(peer);
    }
    let mut polls = 0;
    while world.memory.told.len() < 10 {
        // As if the space were a new one.
        world.memory.kept.clear();
        let polled = world.wake_up();
        polls += 1;
        assert_eq!(polled == Polled::More, world.memory.told.len() < 10);
    }
    assert_eq!(polls, 10);
    let mut told = std::mem::take(&mut world.memory.told);
    told.sort_by_key(|(id, _)| id.bits());
    assert_eq!(told, expected);
}

/// Sends all of `bytes`, polling whenever there is something to do.
fn stream(world: &mut World, peer: &Peer, bytes: &[u8]) {
    let mut sent = 0;
    while sent < bytes.len() {
        sent += peer.try_send(&bytes[sent..]).unwrap_or(0);
        while world.is_ready() {
            let _ = world.poll();
        }
    }
}

#[test]
fn a_large_message_is_received_in_memory_of_the_sink_s() {
    for (kind, lends) in KINDS.into_iter().flat_map(|k| [(k, true), (k, false)]) {
        let mut world = World::with(Limits::default(), 64 * 1024);
        world.memory.lends = lends;
        let (id, peer) = world.connect(kind);
        let payload = pattern(0, 1_000_000);
        let bytes = frame(Opcode::Binary, &payload);
        stream(&mut world, &peer, &bytes);
        assert_eq!(world.hear_from(id, 1), [Told::Message(payload)]);
        assert_eq!(world.memory.owned, 1);
        assert_eq!(world.memory.lent, usize::from(lends));
        assert_eq!(world.reactor.read_total(id), bytes.len() as u64);
    }
}

#[test]
fn what_peers_only_announce_gets_a_bounded_amount_of_memory() {
    let limits = Limits {
        promises: 150_000,
        ..Limits::default()
    };
    let mut world = World::with(limits, 64 * 1024);
    let payload = pattern(0, 100_000);
    let bytes = frame(Opcode::Binary, &payload);
    let peers: Vec<_> = (0..20).map(|_| world.connect(Kind::Unix)).collect();
    for (_, peer) in &peers {
        peer.send(&bytes[..100]);
        let _ = world.wake_up();
    }
    assert_eq!(world.memory.lent, 1);
    // One that goes away leaves its share to the next.
    world.reactor.remove(peers[0].0);
    for (i, (id, peer)) in peers.iter().enumerate().skip(1) {
        stream(&mut world, peer, &bytes[100..]);
        assert_eq!(world.hear_from(*id, 1), [Told::Message(payload.clone())]);
        assert_eq!(world.memory.lent, 1 + i);
    }
}

#[test]
fn a_large_message_may_be_given_up_at_any_point() {
    let mut world = World::with(Limits::default(), 64 * 1024);
    let (id, peer) = world.connect(Kind::Unix);
    let bytes = frame(Opcode::Binary, &pattern(0, 200_000));
    peer.send(&bytes[..70_000]);
    let _ = world.wake_up();
    assert_eq!(world.memory.lent, 1);
    world.reactor.discard(id);
    stream(&mut world, &peer, &bytes[70_000..]);
    drop(peer);
    assert_eq!(world.hear_from(id, 1), [Told::Notice(Notice::Ended)]);
    assert_eq!(world.reactor.read_total(id), bytes.len() as u64);
}

#[test]
fn discarding_frees_the_memory_of_a_large_message_at_once() {
    let limits = Limits {
        promises: 150_000,
        ..Limits::default()
    };
    let mut world = World::with(limits, 64 * 1024);
    let bytes = frame(Opcode::Binary, &pattern(0, 100_000));
    let (first, to_first) = world.connect(Kind::Unix);
    let (_, to_second) = world.connect(Kind::Unix);
    to_first.send(&bytes[..100]);
    let _ = world.wake_up();
    world.reactor.discard(first);
    // There is memory for one of them at a time.
    to_second.send(&bytes[..100]);
    let _ = world.wake_up();
    assert_eq!(world.memory.lent, 2);
}

#[test]
fn what_was_not_delivered_yet_is_discarded_too() {
    let mut world = World::new();
    let (id, peer) = world.connect(Kind::Unix);
    world.memory.room = 1;
    peer.say("heard");
    peer.say("unheard");
    assert_eq!(world.wake_up(), Polled::More);
    world.reactor.discard(id);
    world.memory.room = usize::MAX;
    peer.half_close();
    assert_eq!(world.hear_from(id, 2), [text("heard"), ENDED]);
}

#[test]
fn what_follows_a_large_message_is_not_lost() {
    let limits = Limits {
        apart: 1,
        ..Limits::default()
    };
    let mut world = World::with(limits, 64);
    let (id, peer) = world.connect(Kind::Unix);
    let large = pattern(0, 3000);
    let mut stream = frame(Opcode::Binary, &large);
    stream.extend(frame(Opcode::Text, b"next"));
    stream.extend(frame(Opcode::Binary, &large));
    peer.send(&stream);
    assert_eq!(
        world.hear_from(id, 3),
        [
            Told::Message(large.clone()),
            text("next"),
            Told::Message(large)
        ]
    );
}

#[test]
fn bytes_that_were_read_elsewhere_come_first() {
    let mut world = World::with(Limits::default(), 64);
    let (socket, peer) = pair(Kind::Tcp);
    let mut stream = Vec::new();
    let mut expected = Vec::new();
    for i in 0..50 {
        stream.extend(frame(Opcode::Text, format!("message {i}").as_bytes()));
        expected.push(text(&format!("message {i}")));
    }
    let (head, rest) = stream.split_at(stream.len() / 2 + 3);
    peer.send(rest);
    let id = world.add(socket);
    world.reactor.feed(id, &head[..10]);
    world.reactor.feed(id, &head[10..]);
    assert_eq!(world.hear_from(id, 50), expected);
    assert_eq!(world.reactor.read_total(id), rest.len() as u64);
}

#[test]
fn bytes_that_were_read_elsewhere_are_delivered_without_further_ones() {
    let mut world = World::new();
    let (id, peer) = world.connect(Kind::Tcp);
    world.reactor.feed(id, &frame(Opcode::Text, b"head"));
    assert_eq!(world.hear_from(id, 1), [text("head")]);
    assert_eq!(world.reactor.stats().reads, 0);
    assert!(!world.is_ready());
    drop(peer);
}

#[test]
fn an_error_of_the_protocol_is_reported_once_and_the_rest_thrown_away() {
    for kind in KINDS {
        let mut world = World::new();
        let (id, peer) = world.connect(kind);
        peer.say("good");
        // RFC 6455 §5.1: a client's frames are masked.
        peer.send(&[0x82, 0x00]);
        peer.say("bad");
        let error = ErrorIndex::ExpectedMask.error();
        assert_eq!(
            world.hear_from(id, 2),
            [text("good"), Told::Notice(Notice::Failed(error))]
        );
        peer.say("worse");
        assert_eq!(world.settle(), []);
        peer.half_close();
        assert_eq!(world.hear_from(id, 1), [ENDED]);
    }
}

#[test]
fn limits_of_the_endpoint_hold() {
    let mut world = World::new();
    let (socket, peer) = pair(Kind::Unix);
    let options = Options {
        max_payload: 1000,
        ..Options::default()
    };
    let id = world.add_with(socket, options);
    peer.send(&frame(Opcode::Binary, &[0; 1001])[..8]);
    let error = ErrorIndex::MessageTooLong.error();
    assert_eq!(
        world.hear_from(id, 1),
        [Told::Notice(Notice::Failed(error))]
    );
}

#[test]
fn the_sink_may_fail_a_connection() {
    let mut world = World::new();
    let error = ErrorIndex::InvalidUtf8.error();
    world.memory.verdict = Box::new(move |_, bytes| {
        if bytes == b"bad" {
            Verdict::Fail(error)
        } else {
            Verdict::Continue
        }
    });
    let (id, peer) = world.connect(Kind::Unix);
    peer.say("good");
    peer.say("bad");
    peer.say("good");
    assert_eq!(
        world.hear_from(id, 2),
        [text("good"), Told::Notice(Notice::Failed(error))]
    );
    assert_eq!(world.settle(), []);
}

#[test]
fn what_is_discarded_is_read_and_thrown_away() {
    let mut world = World::new();
    let (id, peer) = world.connect(Kind::Unix);
    peer.send(&frame(Opcode::Text, b"incomplete")[..10]);
    world.settle();
    world.reactor.discard(id);
    peer.say("unheard");
    assert_eq!(world.settle(), []);
    peer.half_close();
    assert_eq!(world.hear_from(id, 1), [ENDED]);
}

#[test]
fn a_flood_takes_its_budget_and_no_more() {
    let limits = Limits {
        budget: 8 * 1024,
        ..Limits::default()
    };
    let mut world = World::with(limits, 64 * 1024);
    let (flooding, flood) = world.connect(Kind::Unix);
    let (polite, peer) = world.connect(Kind::Unix);
    let message = frame(Opcode::Text, &[b'x'; 94]);
    let total = 1000;
    flood.send(&message.repeat(total));
    let mut heard = 0;
    while heard < total {
        peer.say("please");
        assert_eq!(world.wake_up(), Polled::Done);
        let told = std::mem::take(&mut world.memory.told);
        let of_flood = told.iter().filter(|(id, _)| *id == flooding).count();
        // A message that the budget cuts is delivered with the next wake-up.
        assert!(of_flood <= 8 * 1024 / message.len() + 1, "{of_flood}");
        assert!(of_flood >= 8 * 1024 / message.len() || heard + of_flood == total);
        assert!(told.contains(&(polite, text("please"))));
        heard += of_flood;
    }
}

#[test]
fn a_large_message_takes_its_budget_and_no_more() {
    let limits = Limits {
        budget: 10_000,
        apart: 1,
        ..Limits::default()
    };
    let mut world = World::with(limits, 64 * 1024);
    let (id, peer) = world.connect(Kind::Unix);
    let payload = pattern(0, 100_000);
    peer.send(&frame(Opcode::Binary, &payload));
    let mut wake_ups = 0;
    while world.memory.told.is_empty() {
        let before = world.reactor.read_total(id);
        let _ = world.wake_up();
        assert!(world.reactor.read_total(id) - before <= 10_000);
        wake_ups += 1;
    }
    assert!(wake_ups >= 11);
    assert_eq!(world.hear_from(id, 1), [Told::Message(payload)]);
}

#[test]
fn everybody_gets_a_turn_when_more_are_ready_than_fit_into_a_batch() {
    let limits = Limits {
        turns: 3,
        budget: 100,
        ..Limits::default()
    };
    let mut world = World::with(limits, 1024);
    let mut peers = Vec::new();
    for _ in 0..10 {
        let (id, peer) = world.connect(Kind::Unix);
        peer.send(&frame(Opcode::Text, &[b'x'; 94]).repeat(20));
        peers.push((id, peer));
    }
    let mut heard = std::collections::HashSet::new();
    for _ in 0..4 {
        assert_eq!(world.wake_up(), Polled::Done);
        heard.extend(world.memory.told.drain(..).map(|(id, _)| id));
    }
    assert_eq!(heard.len(), 10);
}

#[test]
fn fragments_are_put_together() {
    let mut world = World::new();
    let (id, peer) = world.connect(Kind::Tcp);
    peer.send(&masked(false, Opcode::Text, b"one ", [1, 2, 3, 4]));
    world.settle();
    peer.send(&masked(false, Opcode::Continuation, b"two ", [5, 6, 7, 8]));
    peer.send(&frame(Opcode::Ping, b"between"));
    assert_eq!(world.hear_from(id, 1), [Told::Ping(b"between".to_vec())]);
    peer.send(&masked(true, Opcode::Continuation, b"three", [9, 0, 1, 2]));
    assert_eq!(world.hear_from(id, 1), [text("one two three")]);
}

#[test]
fn an_empty_space_is_refused() {
    let mut world = World::with(Limits::default(), 0);
    let result = world.reactor.poll(&mut world.space, &mut world.memory);
    assert_eq!(result.unwrap_err().kind(), std::io::ErrorKind::InvalidInput);
}

#[test]
fn a_tapped_connection_tells_what_it_read_after_what_that_led_to() {
    let limits = Limits {
        apart: 1,
        ..Limits::default()
    };
    let mut world = World::with(limits, 64 * 1024);
    let (id, peer) = world.connect(Kind::Unix);
    world.reactor.tap(id, true);
    let bytes = frame(Opcode::Text, b"in two reads");
    let (head, tail) = bytes.split_at(10);
    peer.send(head);
    assert_eq!(world.hear_from(id, 1), [Told::Raw(head.to_vec())]);
    peer.send(tail);
    assert_eq!(
        world.hear_from(id, 2),
        [text("in two reads"), Told::Raw(tail.to_vec())]
    );
    world.reactor.tap(id, false);
    peer.send(&bytes);
    assert_eq!(world.hear_from(id, 1), [text("in two reads")]);
    assert_eq!(world.settle(), []);
}
