import { once } from 'node:events';
import { describe, expect, it } from 'vitest';
import { closeOf, errorOf, record } from './events.js';
import { WebSocket } from './library.js';
import { openPair } from './pair.js';
import { openMemory } from './raw-memory.js';
import { openRaw, roles } from './raw-peer.js';
import { CLOSE, CONTINUATION, PING, closeBody } from './wire.js';

const continued = { opcode: CONTINUATION, fin: false };
const last = { opcode: CONTINUATION };

describe.each(roles)('maxPayload of a %s', (role) => {
  it('is the length that a message may have — RFC 6455 §10.4', async () => {
    const { peer, ws } = await openRaw(role, { maxPayload: 10 });
    const events = record(ws);
    const failed = errorOf(ws);
    peer.send('1234567890');
    peer.send('12345678901');
    await failed;
    expect(events).toEqual([
      ['message', '1234567890', false],
      ['error', 'WS_ERR_UNSUPPORTED_MESSAGE_LENGTH']
    ]);
  });

  it('is the length that the fragments of a message may have together', async () => {
    const { peer, ws } = await openRaw(role, { maxPayload: 10 });
    const events = record(ws);
    const failed = errorOf(ws);
    peer.send('12345', { fin: false });
    peer.send('67890', last);
    peer.send('12345', { fin: false });
    peer.send('678', continued);
    peer.send('901', last);
    await failed;
    expect(events.map(([name]) => name)).toEqual(['message', 'error']);
  });

  it('ends the connection before the payload has arrived', async () => {
    const { peer, ws } = await openRaw(role, { maxPayload: 10 });
    const failed = errorOf(ws);
    peer.send('', { claimedLength: 2 ** 30 });
    await failed;
    expect((await peer.next()).payload).toEqual(closeBody(1009));
  });

  it('does not hold for control frames', async () => {
    const { peer, ws } = await openRaw(role, { maxPayload: 10 });
    const ping = once(ws, 'ping');
    peer.send('x'.repeat(125), { opcode: PING });
    await ping;
    expect(ws.readyState).toBe(WebSocket.OPEN);
  });

  it('is none when it is 0', async () => {
    const { peer, ws } = await openRaw(role, { maxPayload: 0 });
    peer.send('', { claimedLength: 2 ** 40 });
    peer.socket.end();
    expect(await closeOf(ws)).toEqual([1006, '']);
  });

  it('is 100 MiB unless it is set', async () => {
    const { peer, ws } = await openRaw(role);
    const failed = errorOf(ws);
    peer.send('', { claimedLength: 100 * 1024 * 1024 + 1 });
    expect(await failed).toMatchObject({ code: 'WS_ERR_UNSUPPORTED_MESSAGE_LENGTH' });
  });

  it('can be changed while the connection is open', async () => {
    const { peer, ws } = await openRaw(role, { maxPayload: 10 });
    (ws as any)._receiver._maxPayload = 3;
    const failed = errorOf(ws);
    peer.send('1234');
    expect(await failed).toMatchObject({ code: 'WS_ERR_UNSUPPORTED_MESSAGE_LENGTH' });
  });

  it('holds for what a compressed message becomes — RFC 7692 §8', async () => {
    const pair = await openPair('TCP', {
      server: { maxPayload: 1000, perMessageDeflate: true },
      client: { maxPayload: 1000, perMessageDeflate: true }
    });
    const [from, to] = role === 'server' ? [pair.client, pair.server] : [pair.server, pair.client];
    const failed = errorOf(to);
    const closed = closeOf(from);
    from.send('x'.repeat(1001));
    expect(await failed).toMatchObject({
      code: 'WS_ERR_UNSUPPORTED_MESSAGE_LENGTH',
      message: 'Max payload size exceeded'
    });
    expect(await closed).toEqual([1009, '']);
  });
});

describe.each(roles)('maxFragments of a %s', (role) => {
  it('is the number of fragments a message may have', async () => {
    const { peer, ws } = await openRaw(role, { maxFragments: 3 });
    const events = record(ws);
    const failed = errorOf(ws);
    for (const extra of [0, 1]) {
      peer.send('a', { fin: false });
      for (let i = 0; i < 1 + extra; i++) peer.send('b', continued);
      peer.send('c', last);
    }
    await failed;
    expect(events).toEqual([
      ['message', 'abc', false],
      ['error', 'WS_ERR_TOO_MANY_BUFFERED_PARTS']
    ]);
    expect((await peer.next()).payload).toEqual(closeBody(1008));
  });

  it('counts empty fragments', async () => {
    const { peer, ws } = await openRaw(role, { maxFragments: 3 });
    const failed = errorOf(ws);
    peer.send('', { fin: false });
    for (let i = 0; i < 3; i++) peer.send('', continued);
    expect(await failed).toMatchObject({ message: 'Too many message fragments' });
  });

  it('is none when it is 0', async () => {
    const { peer, ws } = await openRaw(role, { maxFragments: 0 });
    peer.send('', { fin: false });
    const fragment = peer.frame('', continued);
    peer.write(Buffer.concat(Array.from({ length: 20_000 }, () => fragment)));
    peer.send('end', last);
    expect(String((await once(ws, 'message'))[0])).toBe('end');
  });

  it('is 16384 unless it is set', async () => {
    const { peer, ws } = await openRaw(role);
    const events = record(ws);
    const failed = errorOf(ws);
    const fragment = peer.frame('', continued);
    for (const count of [16382, 16383]) {
      const middle = Array.from({ length: count }, () => fragment);
      peer.write(Buffer.concat([peer.frame('', { fin: false }), ...middle, peer.frame('', last)]));
    }
    await failed;
    expect(events.map(([name]) => name)).toEqual(['message', 'error']);
  });
});

describe.each(roles)('maxBufferedChunks of a %s', (role) => {
  it('is the number of chunks that may wait for the rest of a frame', async () => {
    const { far, frame, frames, ws } = openMemory(role, { maxBufferedChunks: 5 });
    const [events, failed] = [record(ws), errorOf(ws)];
    await new Promise(setImmediate);
    for (const byte of frame('abcd')) far.write(Buffer.of(byte));
    expect(events).toEqual([['message', 'abcd', false]]);
    for (const byte of frame('abcdefgh')) far.write(Buffer.of(byte));
    expect(await failed).toMatchObject({
      code: 'WS_ERR_TOO_MANY_BUFFERED_PARTS',
      message: 'Too many buffered chunks'
    });
    expect(frames().map(({ opcode, payload }) => [opcode, payload])).toEqual([
      [CLOSE, closeBody(1008)]
    ]);
  });

  it('is none when it is 0', async () => {
    const { far, frame, ws } = openMemory(role, { maxBufferedChunks: 0 });
    const events = record(ws);
    await new Promise(setImmediate);
    for (const byte of frame('x'.repeat(5000))) far.write(Buffer.of(byte));
    expect(events).toEqual([['message', 'x'.repeat(5000), false]]);
  });
});
