import { createHash } from 'node:crypto';
import { once } from 'node:events';
import * as net from 'node:net';
import { setImmediate as turn } from 'node:timers/promises';
import { describe, expect, it, onTestFinished } from 'vitest';
import { backend } from '../../../src/index.js';
import { closeOf, record } from '../../contract/events.js';
import { WebSocket } from '../../contract/library.js';
import { openPair } from '../../contract/pair.js';
import { openRaw, roles } from '../../contract/raw-peer.js';
import { CLOSE, closeBody, frame } from '../../contract/wire.js';
import { openRaws, reactorOf, socketOf, statsOf, transportOf, until } from './carried.js';

describe.skipIf(backend.transport !== 'reactor').each(roles)('the reactor, as a %s', (role) => {
  it('carries the connection', async () => {
    const { ws } = await openRaw(role);
    reactorOf(ws);
  });

  it('leaves it to Node where transport is "stream"', async () => {
    const { peer, ws } = await openRaw(role, { transport: 'stream' } as object);
    expect(transportOf(ws)).toBe('StreamTransport');
    ws.send('by Node');
    expect((await peer.next()).payload.toString()).toBe('by Node');
  });

  it('counts what a slow reader leaves exactly, and calls back in order when it has read', async () => {
    const { peer, ws } = await openRaw(role);
    peer.socket.pause();
    const called: number[] = [];
    const sizes = Array.from({ length: 200 }, (_, i) => 100_000 + i);
    const header = role === 'server' ? 10 : 14;
    let total = 0;
    const all = new Promise<void>((resolve) => {
      sizes.forEach((size, i) => {
        total += header + size;
        ws.send(Buffer.alloc(size, i), (error) => {
          expect(error ?? null).toBeNull();
          called.push(i);
        });
      });
      total += header - 8 + 5;
      ws.send('small', () => {
        called.push(-1);
        resolve();
      });
    });
    expect(called).toEqual([]);
    await turn();
    const { length } = called;
    expect(length).toBeLessThan(sizes.length);
    // What has been called back is with the kernel, with a part of the next at most.
    const left = sizes.slice(length).reduce((sum, size) => sum + size + header, header - 3);
    expect(ws.bufferedAmount).toBeLessThanOrEqual(left);
    expect(ws.bufferedAmount).toBeGreaterThan(left - sizes[length] - header);

    peer.socket.resume();
    const frames = await peer.nextFrames(sizes.length + 1);
    await all;
    expect(frames.map(({ payload }) => payload.length)).toEqual([...sizes, 5]);
    expect(frames.every(({ payload }, i) => i === 200 || payload[7] === i)).toBe(true);
    expect(called).toEqual([...sizes.keys(), -1]);
    expect(ws.bufferedAmount).toBe(0);
    expect(socketOf(ws).bytesWritten).toBeGreaterThanOrEqual(total);
  });

  it('keeps the order of messages and of what others write to the socket', async () => {
    const { peer, ws } = await openRaw(role);
    peer.socket.pause();
    const pong = (text: string) =>
      Buffer.concat([Buffer.from([0x8a, text.length]), Buffer.from(text)]);
    const socket = socketOf(ws);
    const expected: string[] = [];
    const called: Record<'raw' | 'sent', number[]> = { raw: [], sent: [] };
    for (let i = 0; i < 60; i++) {
      if (i % 3 === 1) socket.write(pong(`raw ${i}`), () => called.raw.push(i));
      else ws.send(`${i}`.padEnd(i % 3 === 0 ? 200_000 : 10), () => called.sent.push(i));
      expected.push(i % 3 === 1 ? `raw ${i}` : `${i}`);
    }
    peer.socket.resume();
    const frames = await peer.nextFrames(60);
    expect(frames.map(({ payload }) => payload.toString().trim())).toEqual(expected);
    await until(() => called.raw.length + called.sent.length === 60);
    const all = [...Array(60).keys()];
    expect(called).toEqual({
      raw: all.filter((i) => i % 3 === 1),
      sent: all.filter((i) => i % 3 !== 1)
    });
  });

  it('goes back to its own way of sending when Node’s socket has nothing left', async () => {
    const { peer, ws } = await openRaw(role);
    socketOf(ws).write(Buffer.from([0x8a, 0]));
    ws.send('a');
    await peer.nextFrames(2);
    await turn();
    const { writes } = statsOf(ws);
    ws.send('b');
    ws.send('c');
    await peer.nextFrames(2);
    expect(statsOf(ws).writes - writes).toBe(1);
  });

  it('tells callbacks of what a destroyed connection has not sent', async () => {
    const { peer, ws } = await openRaw(role);
    peer.socket.pause();
    const errors: unknown[] = [];
    ws.send(Buffer.alloc(32 << 20), (error) => errors.push(error));
    ws.send('behind it', (error) => errors.push(error));
    ws.terminate();
    await closeOf(ws);
    expect(errors).toHaveLength(2);
    expect(errors[0]).toMatchObject({
      code: 'ERR_STREAM_DESTROYED',
      message: 'Cannot call write after a stream was destroyed'
    });
    expect(ws.bufferedAmount).toBe(0);
  });

  it('half-closes after what the kernel had not taken', async () => {
    const { peer, ws } = await openRaw(role);
    peer.socket.pause();
    ws.send(Buffer.alloc(8 << 20, 1));
    ws.close(1000, 'after it');
    peer.socket.write(peer.frame(closeBody(1000), { opcode: CLOSE }));
    await turn();
    peer.socket.resume();
    const [message, close] = await peer.nextFrames(2);
    expect(message.payload.length).toBe(8 << 20);
    expect(close.opcode).toBe(CLOSE);
    if (role === 'client') peer.socket.end();
    await peer.ended;
    peer.socket.end();
    expect(await closeOf(ws)).toEqual([1000, '']);
  });

  it('reports the end of a connection that is resumed in the batch that brings it', async () => {
    const { peer, ws } = await openRaw(role);
    const [{ peer: otherPeer, ws: other }] = await openRaws(1);
    const events = record(ws);
    const closed = closeOf(ws);
    ws.pause();
    peer.send('held');
    await until(() => socketOf(ws).readableLength > 0);
    other.on('message', () => ws.resume());
    // Both are ready when the event loop comes to look.
    otherPeer.send('go on');
    peer.socket.write(peer.frame('last'));
    peer.socket.end();
    expect(await closed).toEqual([1006, '']);
    expect(events).toEqual([
      ['message', 'held', false],
      ['message', 'last', false],
      ['close', 1006, '']
    ]);
  });
});

describe.skipIf(backend.transport !== 'reactor')('the transport', () => {
  it('of a server begins with what came with the request', async () => {
    const [{ wss }] = await openRaws(1);
    let events: unknown[][] = [];
    wss!.on('connection', (ws) => {
      reactorOf(ws);
      events = record(ws);
    });
    const request =
      'GET / HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n' +
      `Sec-WebSocket-Key: ${'A'.repeat(22)}==\r\nSec-WebSocket-Version: 13\r\n\r\n`;
    const socket = net.connect((wss!.address() as net.AddressInfo).port, '127.0.0.1');
    onTestFinished(() => void socket.destroy());
    const key = Buffer.from([1, 2, 3, 4]);
    socket.write(Buffer.concat([Buffer.from(request), frame('a', { key }), frame('b', { key })]));
    await until(() => events.length === 2);
    socket.write(frame('c', { key }));
    await until(() => events.length === 3);
    expect(events.map(([, data]) => data)).toEqual(['a', 'b', 'c']);
  });

  it('of a client begins with what came with the response', async () => {
    const server = net.createServer((socket) => {
      onTestFinished(() => void socket.destroy());
      socket.once('data', (request) => {
        const [, key] = /^sec-websocket-key: (.+)$/im.exec(String(request))!;
        const accept = createHash('sha1')
          .update(`${key.trim()}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`)
          .digest('base64');
        const response =
          'HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n' +
          `Sec-WebSocket-Accept: ${accept}\r\n\r\n`;
        socket.write(Buffer.concat([Buffer.from(response), frame('a'), frame('b')]));
        socket.write(frame('c'));
      });
    });
    server.listen(0, '127.0.0.1');
    onTestFinished(() => void server.close());
    await once(server, 'listening');
    const ws = new WebSocket(`ws://127.0.0.1:${(server.address() as net.AddressInfo).port}`);
    onTestFinished(() => ws.terminate());
    const events = record(ws);
    ws.on('open', () => events.push(['open', reactorOf(ws) && 'open']));
    await until(() => events.length === 4);
    expect(events.map(([, data]) => data)).toEqual(['open', 'a', 'b', 'c']);
  });

  it('has left the reactor when the connection is closed', async () => {
    const { client, server } = await openPair('TCP');
    const { connections } = statsOf(client);
    const native = reactorOf(client);
    const closed = Promise.all([client, server].map((ws) => once(ws, 'close')));
    client.terminate();
    await closed;
    expect(native.stats()[0]).toBe(connections - 2);
  });
});
