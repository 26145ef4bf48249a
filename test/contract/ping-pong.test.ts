import { once } from 'node:events';
import { describe, expect, it } from 'vitest';
import { closeOf, record, take } from './events.js';
import { WebSocket } from './library.js';
import { carriers, openPair } from './pair.js';
import { openRaw, roles } from './raw-peer.js';
import { PING, PONG, TEXT } from './wire.js';

describe.each(carriers)('over %s', (carrier) => {
  it.each(['client', 'server'] as const)(
    'a %s gets a pong for its ping — RFC 6455 §5.5.2',
    async (side) => {
      const pair = await openPair(carrier);
      const pong = once(pair[side], 'pong');
      pair[side].ping('hello');
      expect(await pong).toEqual([Buffer.from('hello')]);
    }
  );
});

describe.each(roles)('a %s', (role) => {
  it.each([0, 1, 125])(
    'answers a ping of %d bytes with the same — RFC 6455 §5.5.3',
    async (length) => {
      const { peer, ws } = await openRaw(role);
      const events = record(ws);
      const data = 'x'.repeat(length);
      peer.send(data, { opcode: PING });
      const { fin, masked, opcode, payload } = await peer.next();
      expect([fin, masked, opcode, payload.toString()]).toEqual([
        true,
        role === 'client',
        PONG,
        data
      ]);
      expect(events).toEqual([['ping', data]]);
    }
  );

  it('answers pings in their order', async () => {
    const { peer } = await openRaw(role);
    for (const data of ['1', '2', '3']) peer.send(data, { opcode: PING });
    const pongs = await peer.nextFrames(3);
    expect(pongs.map(({ payload }) => String(payload))).toEqual(['1', '2', '3']);
  });

  it('does not answer with autoPong off', async () => {
    const { peer, ws } = await openRaw(role, { autoPong: false });
    const events = record(ws);
    peer.send('quiet', { opcode: PING });
    peer.send('done');
    await once(ws, 'message');
    ws.send('mine');
    expect((await peer.next()).opcode).toBe(TEXT);
    expect(events[0]).toEqual(['ping', 'quiet']);
  });

  it('does not answer a pong — RFC 6455 §5.5.3', async () => {
    const { peer, ws } = await openRaw(role);
    peer.send('unasked', { opcode: PONG });
    expect(await once(ws, 'pong')).toEqual([Buffer.from('unasked')]);
    ws.send('mine');
    expect((await peer.next()).opcode).toBe(TEXT);
  });

  it('does not answer a ping once it is closing', async () => {
    const { peer, ws } = await openRaw(role);
    ws.close(1000);
    await peer.next();
    const ping = once(ws, 'ping');
    peer.send('late', { opcode: PING });
    expect(await ping).toEqual([Buffer.from('late')]);
    expect(peer.unread).toBe(0);
  });

  it.each([
    ['nothing', [], ''],
    ['text', ['text'], 'text'],
    ['bytes', [Buffer.from('bytes')], 'bytes'],
    ['a number', [7], '7'],
    ['a callback only', [() => {}], ''],
    ['a callback in the place of mask', ['text', () => {}], 'text']
  ])('pings with %s', async (_name, args: unknown[], expected) => {
    const { peer, ws } = await openRaw(role);
    (ws.ping as (...a: unknown[]) => void)(...args);
    (ws.pong as (...a: unknown[]) => void)(...args);
    const frames = await peer.nextFrames(2);
    expect(frames.map(({ opcode }) => opcode)).toEqual([PING, PONG]);
    expect(frames.map(({ payload }) => payload.toString())).toEqual([expected, expected]);
  });

  it('calls back when a ping has been sent', async () => {
    const { ws } = await openRaw(role);
    await new Promise((resolve) => ws.ping(resolve));
    await new Promise((resolve) => ws.ping('data', resolve));
    await new Promise((resolve) => ws.pong('data', undefined, resolve));
  });

  it('refuses a ping of more than 125 bytes — RFC 6455 §5.5', async () => {
    const { peer, ws } = await openRaw(role);
    const message = 'The data size must not be greater than 125 bytes';
    expect(() => ws.ping('x'.repeat(126))).toThrow(new RangeError(message));
    expect(() => ws.pong(Buffer.alloc(126))).toThrow(new RangeError(message));
    ws.ping('fine');
    expect((await peer.next()).payload.toString()).toBe('fine');
  });
});

describe.each(roles)('the limit of pending pongs of a %s (maxPendingAutoPongs)', (role) => {
  const flood = (count: number, frame: (data: string, shape: object) => Buffer) =>
    Buffer.concat(Array.from({ length: count }, (_, i) => frame(`${i}`, { opcode: PING })));

  it('lets as many pongs wait, and ends the connection at the next ping', async () => {
    const { peer, ws } = await openRaw(role, { maxPendingAutoPongs: 3 });
    const pings = take<Buffer>(ws, 'ping', 4);
    const closed = closeOf(ws);
    peer.write(flood(4, (data, shape) => peer.frame(data, shape)));
    expect((await pings).map(String)).toEqual(['0', '1', '2', '3']);
    expect(await closed).toEqual([1006, '']);
  });

  it('does not count pongs that have been sent', async () => {
    const { peer, ws } = await openRaw(role, { maxPendingAutoPongs: 3 });
    for (let round = 0; round < 4; round++) {
      peer.write(flood(3, (data, shape) => peer.frame(data, shape)));
      expect(await peer.nextFrames(3)).toHaveLength(3);
      // Their callbacks have run when a message after them has been sent.
      await new Promise((resolve) => ws.send('', resolve));
      await peer.next();
    }
    expect(ws.readyState).toBe(WebSocket.OPEN);
  });

  it('is no limit when it is 0', async () => {
    const { peer } = await openRaw(role, { maxPendingAutoPongs: 0 });
    peer.write(flood(500, (data, shape) => peer.frame(data, shape)));
    expect(await peer.nextFrames(500)).toHaveLength(500);
  });

  it('is 60 unless it is set', async () => {
    const { peer, ws } = await openRaw(role);
    peer.write(flood(60, (data, shape) => peer.frame(data, shape)));
    expect(await peer.nextFrames(60)).toHaveLength(60);
    const closed = closeOf(ws);
    peer.write(flood(61, (data, shape) => peer.frame(data, shape)));
    expect((await closed)[0]).toBe(1006);
  });
});
