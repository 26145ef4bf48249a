import { once } from 'node:events';
import { describe, expect, it } from 'vitest';
import { isStock } from './library.js';
import { openPair, openServer } from './pair.js';
import { openMemory } from './raw-memory.js';
import { connectRaw, openRaw, roles } from './raw-peer.js';

type Socket = NodeJS.WritableStream & { destroy(): void };
const socketOf = (ws: unknown) => (ws as { _socket: Socket })._socket;
const payloads = (frames: { payload: Buffer }[]) => frames.map(({ payload }) => String(payload));

/** Every write is its own there. */
const describeOwn = describe.skipIf(isStock);

describeOwn.each(roles)('what a %s sends', (role) => {
  const open = async (options = {}) => {
    const connection = openMemory(role, options);
    await new Promise(setImmediate);
    return connection;
  };

  it('in one tick leaves as one write', async () => {
    const { frames, near, ws } = await open();
    ws.send('a');
    ws.send(Buffer.from('b'));
    ws.ping('c');
    expect(near.writes).toEqual([]);
    await Promise.resolve();
    expect(near.writes).toHaveLength(1);
    expect(payloads(frames())).toEqual(['a', 'b', 'c']);
  });

  it('in two ticks leaves as two writes', async () => {
    const { near, ws } = await open();
    ws.send('a');
    await new Promise(setImmediate);
    ws.send('b');
    await new Promise(setImmediate);
    expect(near.writes).toHaveLength(2);
  });

  it('while a chunk is dispatched leaves as one write when that is done', async () => {
    const { far, frame, frames, near, ws } = await open();
    const during: number[] = [];
    ws.on('message', (data) => {
      ws.send(`first ${data}`);
      ws.send(`second ${data}`);
      during.push(near.writes.length);
    });
    far.write(Buffer.concat([frame('x'), frame('y')]));
    expect(during).toEqual([0, 0]);
    expect(near.writes).toHaveLength(1);
    expect(payloads(frames())).toEqual(['first x', 'second x', 'first y', 'second y']);
  });

  it('to others while a chunk is dispatched leaves as one write each', async () => {
    const [source, one, two] = [await open(), await open(), await open()];
    source.ws.on('message', (data: Buffer) => {
      for (const { ws } of [one, two]) ws.send(data);
    });
    source.far.write(Buffer.concat(['a', 'b', 'c'].map((text) => source.frame(text))));
    for (const { frames, near } of [one, two]) {
      expect(near.writes).toHaveLength(1);
      expect(payloads(frames())).toEqual(['a', 'b', 'c']);
    }
  });

  it('leaves at once with flush()', async () => {
    const { near, ws } = await open();
    ws.send('a');
    ws.send('b');
    ws.flush();
    expect(near.writes).toHaveLength(1);
    await new Promise(setImmediate);
    expect(near.writes).toHaveLength(1);
  });

  it('leaves frame by frame with coalesce: false', async () => {
    const { near, ws } = await open({ coalesce: false });
    for (const text of ['a', 'b', 'c']) {
      ws.send(text);
      expect(near.writes).toHaveLength(text.charCodeAt(0) - 96);
    }
  });

  it('leaves before the close frame, and with close() at once', async () => {
    const { frames, near, ws } = await open();
    ws.send('a');
    ws.close(1000);
    expect(near.writes).toHaveLength(1);
    expect(frames().map(({ opcode }) => opcode)).toEqual([1, 8]);
  });

  it('large leaves at once, behind what was sent before it', async () => {
    const { frames, near, ws } = await open();
    ws.send('a');
    ws.send(Buffer.alloc(20_000));
    expect(near.writes).toHaveLength(2);
    ws.send('b');
    await new Promise(setImmediate);
    expect(frames().map(({ payload }) => payload.length)).toEqual([1, 20_000, 1]);
  });

  it('is counted by bufferedAmount until it has left', async () => {
    const { near, ws } = await open();
    ws.send('12345');
    const header = role === 'client' ? 6 : 2;
    expect(ws.bufferedAmount).toBe(5 + header);
    ws.flush();
    expect(ws.bufferedAmount).toBe(0);
    expect(near.written).toHaveLength(5 + header);
  });
});

describeOwn('flush()', () => {
  it('does nothing when there is nothing, or no connection', async () => {
    const { client } = await openPair('TCP');
    client.flush();
    client.terminate();
    await once(client, 'close');
    expect(() => client.flush()).not.toThrow();

    const { connect } = await openServer('TCP');
    const early = connect();
    expect(() => early.flush()).not.toThrow();
    await once(early, 'open');
  });
});

describe.each(roles)('over TCP, what a %s has sent before', (role) => {
  it.skipIf(isStock)('comes in one piece if it was sent in one tick', async () => {
    const { peer, ws } = await openRaw(role);
    for (let i = 0; i < 20; i++) ws.send(`${i}`);
    await peer.nextFrames(20);
    expect(peer.chunks).toHaveLength(1);
  });

  it.each<[string, (socket: Socket) => void]>([
    ['_socket.end()', (socket) => socket.end()],
    ['_socket.destroy()', (socket) => socket.destroy()]
  ])('arrives before the end when %s is called', async (_name, end) => {
    const { peer, ws } = await openRaw(role);
    for (const text of ['a', 'b', 'c']) ws.send(text);
    end(socketOf(ws));
    await peer.ended;
    expect(payloads(await peer.nextFrames(3))).toEqual(['a', 'b', 'c']);
  });

  it('arrives before the end when terminate() is called', async () => {
    const { peer, ws } = await openRaw(role);
    for (const text of ['a', 'b', 'c']) ws.send(text);
    ws.terminate();
    await peer.ended;
    expect(payloads(await peer.nextFrames(3))).toEqual(['a', 'b', 'c']);
  });

  it('arrives before bytes that are written to _socket', async () => {
    const { peer, ws } = await openRaw(role);
    ws.send('sent');
    socketOf(ws).write(Buffer.from([0x81, 3, 0x72, 0x61, 0x77]));
    ws.send('later');
    expect(payloads(await peer.nextFrames(3))).toEqual(['sent', 'raw', 'later']);
  });

  it('arrives before frames that are sent with _sender.sendFrame', async () => {
    const { peer, ws } = await openRaw(role);
    const sender = (ws as any)._sender;
    const frame = [Buffer.from([0x81, 3]), Buffer.from('raw')];
    ws.send('sent');
    const called = new Promise<void>((resolve) => sender.sendFrame(frame, () => resolve()));
    ws.send('later');
    expect(payloads(await peer.nextFrames(3))).toEqual(['sent', 'raw', 'later']);
    await called;
  });

  it('arrives when the socket is corked and uncorked', async () => {
    const { peer, ws } = await openRaw(role);
    const socket = (ws as any)._socket;
    socket.cork();
    ws.send('a');
    ws.send('b');
    process.nextTick(() => socket.uncork());
    expect(payloads(await peer.nextFrames(2))).toEqual(['a', 'b']);
  });
});

describe('over TCP, a broadcast', () => {
  it('reaches everyone in the order of the sends', async () => {
    const { peer: first, wss } = await openRaw('server');
    const peers = [first];
    while (peers.length < 5) peers.push((await connectRaw(wss!)).peer);
    const texts = Array.from({ length: 10 }, (_, i) => `message ${i}`);
    for (const text of texts) for (const ws of wss!.clients!) (ws as any).send(text);
    for (const peer of peers) expect(payloads(await peer.nextFrames(10))).toEqual(texts);
  });
});
