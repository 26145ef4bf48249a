import { once } from 'node:events';
import { describe, expect, it } from 'vitest';
import { isStock } from './library.js';
import { openPair } from './pair.js';
import { openRaw, roles } from './raw-peer.js';

/** Lengths at which the payload is the caller's again when send returns. */
const captured = [1, 100, 125, 126, 4096, 8191];

describe.each(roles)('the payload of a %s', (role) => {
  it.skipIf(isStock).each(captured)('of %d bytes is captured when send returns', async (length) => {
    const { peer, ws } = await openRaw(role);
    const data = Buffer.alloc(length, 'a');
    ws.send(data);
    data.fill('b');
    ws.send(data);
    data.fill('c');
    const frames = await peer.nextFrames(2);
    expect(frames[0].payload.equals(Buffer.alloc(length, 'a'))).toBe(true);
    expect(frames[1].payload.equals(Buffer.alloc(length, 'b'))).toBe(true);
  });

  it.each([...captured, 8192, 65_536, 300_000])(
    'of %d bytes may be rewritten in the callback',
    async (length) => {
      const { peer, ws } = await openRaw(role);
      const data = Buffer.alloc(length, 'a');
      await new Promise((resolve) => ws.send(data, resolve));
      data.fill('b');
      expect((await peer.next()).payload.equals(Buffer.alloc(length, 'a'))).toBe(true);
    }
  );

  it.each([...captured, 8192, 65_536, 300_000])(
    'of %d bytes is not written to — RFC 6455 §5.3',
    async (length) => {
      const { peer, ws } = await openRaw(role);
      const data = Buffer.alloc(length, 'abc');
      ws.send(data);
      ws.send(data.buffer.slice(data.byteOffset, data.byteOffset + length));
      if (length <= 125) {
        ws.ping(data);
        ws.pong(data);
      }
      await peer.nextFrames(length <= 125 ? 4 : 2);
      expect(data.equals(Buffer.alloc(length, 'abc'))).toBe(true);
    }
  );

  it.skipIf(isStock)('of a ping is captured when ping returns', async () => {
    const { peer, ws } = await openRaw(role);
    const data = Buffer.from('before');
    ws.ping(data);
    data.fill('x');
    expect((await peer.next()).payload.toString()).toBe('before');
  });

  it.skipIf(isStock)('that waits for a Blob is captured when send returns', async () => {
    const { peer, ws } = await openRaw(role);
    const data = Buffer.from('before');
    ws.send(new Blob(['blob']));
    ws.send(data);
    data.fill('x');
    const frames = await peer.nextFrames(2);
    expect(frames.map(({ payload }) => String(payload))).toEqual(['blob', 'before']);
  });

  it.skipIf(isStock)('that is compressed is captured when send returns', async () => {
    const pair = await openPair('TCP', { server: { perMessageDeflate: true } });
    const [from, to] = role === 'client' ? [pair.client, pair.server] : [pair.server, pair.client];
    const received: string[] = [];
    to.on('message', (data) => received.push(String(data)));
    const data = Buffer.alloc(5000, 'a');
    for (const letter of ['b', 'c', 'd', 'e']) {
      from.send(data);
      data.fill(letter);
    }
    while (received.length < 4) await once(to, 'message');
    expect(received.map((text) => [text[0], new Set(text).size])).toEqual(
      ['a', 'b', 'c', 'd'].map((letter) => [letter, 1])
    );
  });

  it('given as a string is encoded afresh for every kind of frame', async () => {
    const { peer, ws } = await openRaw(role);
    ws.send('same');
    ws.send('same');
    ws.ping('same');
    ws.send('same', { fin: false });
    ws.send('same', { binary: true });
    const frames = await peer.nextFrames(5);
    expect(frames.map(({ fin, opcode }) => [opcode, fin])).toEqual([
      [1, true],
      [1, true],
      [9, true],
      [1, false],
      [0, true]
    ]);
    expect(new Set(frames.map(({ payload }) => String(payload)))).toEqual(new Set(['same']));
  });
});
