import { once } from 'node:events';
import { describe, expect, it } from 'vitest';
import { closeOf, record, take } from './events.js';
import { WebSocket } from './library.js';
import { carriers, openPair } from './pair.js';
import { openRaw, roles } from './raw-peer.js';
import { CLOSE, closeBody } from './wire.js';

describe.each(carriers)('over %s', (carrier) => {
  it.each(['client', 'server'] as const)(
    'a %s that is paused receives nothing until it is resumed',
    async (side) => {
      const pair = await openPair(carrier);
      const [from, to] =
        side === 'client' ? [pair.server, pair.client] : [pair.client, pair.server];
      const events = record(to);
      to.pause();
      expect(to.isPaused).toBe(true);
      await new Promise((resolve) => from.send('waiting', resolve));
      // The bytes are there when a later message on another connection has made its way.
      const other = await openPair(carrier);
      const arrived = once(other.server, 'message');
      other.client.send('later');
      await arrived;
      expect(events).toEqual([]);

      const message = once(to, 'message');
      to.resume();
      expect(to.isPaused).toBe(false);
      await message;
      expect(events).toEqual([['message', 'waiting', false]]);
    }
  );

  it('a paused connection does not fill its memory: the sender has to wait', async () => {
    const { client, server } = await openPair(carrier);
    server.pause();
    const chunk = Buffer.alloc(256 * 1024);
    let taken = 0;
    // More than sockets and streams hold.
    for (let i = 0; i < 64; i++) client.send(chunk, () => taken++);
    const other = await openPair(carrier);
    const arrived = once(other.server, 'message');
    other.client.send('later');
    await arrived;
    expect(taken).toBeLessThan(64);
    expect(client.bufferedAmount).toBeGreaterThan(0);

    const messages = take(server, 'message', 64);
    server.resume();
    await messages;
    expect(taken).toBe(64);
    expect(client.bufferedAmount).toBe(0);
  });
});

describe.each(roles)('a %s', (role) => {
  it('still sends while it is paused', async () => {
    const { peer, ws } = await openRaw(role);
    ws.pause();
    ws.send('out');
    expect((await peer.next()).payload.toString()).toBe('out');
  });

  it('delivers the rest of a chunk although a listener pauses', async () => {
    const { peer, ws } = await openRaw(role);
    const events = record(ws);
    ws.once('message', () => ws.pause());
    peer.write(Buffer.concat([peer.frame('a'), peer.frame('b')]));
    await once(ws, 'message');
    expect(events.map(([, data]) => data)).toEqual(['a', 'b']);
    expect(ws.isPaused).toBe(true);
  });

  it('delivers what it still holds when it is closed while paused', async () => {
    const { peer, ws } = await openRaw(role);
    const events = record(ws);
    ws.pause();
    peer.send('held');
    // The socket has to have read it.
    await new Promise<void>((resolve) => {
      const poll = () =>
        (ws as any)._socket.readableLength > 0 ? resolve() : void setImmediate(poll);
      poll();
    });
    ws.terminate();
    await closeOf(ws);
    expect(events).toEqual([
      ['message', 'held', false],
      ['close', 1006, '']
    ]);
  });

  it('finishes the closing handshake once it is resumed', async () => {
    const { peer, ws } = await openRaw(role);
    ws.pause();
    peer.send(closeBody(1000), { opcode: CLOSE });
    ws.resume();
    await peer.ended;
    peer.socket.end();
    expect(await closeOf(ws)).toEqual([1000, '']);
  });

  it('is neither paused nor resumed once it is closed', async () => {
    const { ws } = await openRaw(role);
    ws.terminate();
    await closeOf(ws);
    expect(ws.readyState).toBe(WebSocket.CLOSED);
    ws.pause();
    expect(ws.isPaused).toBe(false);
    ws.resume();
    expect(ws.isPaused).toBe(false);
  });

  it('can be paused and resumed while it is closing', async () => {
    const { peer, ws } = await openRaw(role);
    ws.close();
    ws.pause();
    expect(ws.isPaused).toBe(true);
    ws.resume();
    expect(ws.isPaused).toBe(false);
    await peer.next();
    const message = once(ws, 'message');
    peer.send('late');
    expect(String((await message)[0])).toBe('late');
  });

  it('is not paused before it is connected', () => {
    const ws = new WebSocket(null, undefined, {});
    ws.pause();
    ws.resume();
    expect(ws.isPaused).toBe(false);
  });
});
