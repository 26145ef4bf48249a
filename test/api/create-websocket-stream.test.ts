import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import type { Duplex } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { describe, expect, it, onTestFinished } from 'vitest';
import { rawServer, switchingProtocols } from '../handshake/peers.js';
import { WebSocket, WebSocketServer, createWebSocketStream } from '../subject.js';

/** A connected pair; everything ends with the test. */
async function pair(): Promise<{ ws: WebSocket; peer: WebSocket }> {
  const wss = await serve();
  const ws = new WebSocket(addressOf(wss));
  const [[peer]] = await Promise.all([once(wss, 'connection'), once(ws, 'open')]);
  return { ws, peer };
}

async function serve(): Promise<WebSocketServer> {
  const wss = new WebSocketServer({ port: 0, host: '127.0.0.1' });
  onTestFinished(async () => {
    for (const ws of wss.clients!) ws.terminate();
    wss.close();
    await once(wss, 'close');
  });
  await once(wss, 'listening');
  return wss;
}

const addressOf = (wss: WebSocketServer) => `ws://127.0.0.1:${(wss.address() as AddressInfo).port}`;

/** Resolves at 'close', with the names of what was emitted until then. */
function untilClosed(duplex: Duplex): Promise<string[]> {
  const events: string[] = [];
  for (const event of ['end', 'finish'] as const) duplex.on(event, () => events.push(event));
  duplex.on('error', (error) => events.push(`error ${error.message}`));
  return new Promise((resolve) => {
    duplex.on('close', () => resolve([...events, 'close']));
  });
}

const closeOf = (ws: WebSocket) =>
  new Promise<number>((resolve) => ws.once('close', (code: number) => resolve(code)));

describe('reading', () => {
  it('gives the messages as chunks', async () => {
    const { ws, peer } = await pair();
    const duplex = createWebSocketStream(ws);
    const chunks: Buffer[] = [];
    duplex.on('data', (chunk) => chunks.push(chunk));
    const ended = once(duplex, 'end');
    peer.send('foo');
    peer.send(Buffer.from([1, 2]));
    peer.close();
    await ended;
    expect(chunks).toEqual([Buffer.from('foo'), Buffer.from([1, 2])]);
  });

  it('gives text as strings with readableObjectMode', async () => {
    const { ws, peer } = await pair();
    const duplex = createWebSocketStream(ws, { readableObjectMode: true });
    expect([duplex.readableObjectMode, duplex.writableObjectMode]).toEqual([true, false]);
    const chunks: unknown[] = [];
    duplex.on('data', (chunk) => chunks.push(chunk));
    const ended = once(duplex, 'end');
    peer.send('foo');
    peer.send(Buffer.from('bar'));
    peer.send('');
    peer.close();
    await ended;
    expect(chunks).toEqual(['foo', Buffer.from('bar'), '']);
  });

  it('pauses the WebSocket while nobody reads', async () => {
    const { ws, peer } = await pair();
    const duplex = createWebSocketStream(ws, { readableHighWaterMark: 4 });
    const arrived = once(ws, 'message');
    peer.send('12345');
    await arrived;
    expect(ws.isPaused).toBe(true);
    expect(duplex.read().toString()).toBe('12345');
    expect(ws.isPaused).toBe(false);
  });

  it('ends when the peer closes', async () => {
    const { ws, peer } = await pair();
    const duplex = createWebSocketStream(ws);
    duplex.resume();
    const closed = untilClosed(duplex);
    duplex.on('end', () => duplex.end());
    peer.close(1000);
    expect(await closed).toEqual(['end', 'finish', 'close']);
    expect(ws.readyState).toBe(WebSocket.CLOSED);
    expect(duplex.destroyed).toBe(true);
  });
});

describe('writing', () => {
  it('sends every chunk as a message', async () => {
    const { ws, peer } = await pair();
    const duplex = createWebSocketStream(ws);
    const messages: [string, boolean][] = [];
    peer.on('message', (data: Buffer, isBinary: boolean) => messages.push([`${data}`, isBinary]));
    duplex.write('foo');
    duplex.write(Buffer.from('bar'));
    duplex.end('baz');
    duplex.resume();
    await untilClosed(duplex);
    expect(messages).toEqual([
      ['foo', true],
      ['bar', true],
      ['baz', true]
    ]);
  });

  it('sends strings as text with decodeStrings false', async () => {
    const { ws, peer } = await pair();
    const duplex = createWebSocketStream(ws, { decodeStrings: false });
    const received = once(peer, 'message');
    duplex.write('foo');
    expect(await received).toEqual([Buffer.from('foo'), false]);
    ws.terminate();
  });

  it('waits for the connection', async () => {
    const wss = await serve();
    const ws = new WebSocket(addressOf(wss));
    const duplex = createWebSocketStream(ws);
    const messages: string[] = [];
    wss.on('connection', (peer) => {
      peer.on('message', (data: Buffer) => messages.push(`${data}`));
    });
    duplex.resume();
    duplex.write('foo');
    duplex.end('bar');
    expect(ws.readyState).toBe(WebSocket.CONNECTING);
    expect(await untilClosed(duplex)).toEqual(['finish', 'end', 'close']);
    expect(messages).toEqual(['foo', 'bar']);
  });

  it('heeds the backpressure of the socket', async () => {
    const { ws } = await pair();
    const duplex = createWebSocketStream(ws, { writableHighWaterMark: 10 });
    expect(duplex.write(Buffer.alloc(10))).toBe(false);
    await once(duplex, 'drain');
    expect(duplex.writableLength).toBe(0);
    ws.terminate();
  });

  it('fails when the WebSocket is closing', async () => {
    const { ws } = await pair();
    const duplex = createWebSocketStream(ws);
    const closed = untilClosed(duplex);
    ws.close();
    duplex.write('foo');
    expect(await closed).toEqual(['error WebSocket is not open: readyState 2 (CLOSING)', 'close']);
  });

  it('echoes through a pipe, however much it is', async () => {
    const { ws, peer } = await pair();
    const [near, far] = [ws, peer].map((end) => createWebSocketStream(end));
    const echoing = pipeline(far, far);
    const sent = Buffer.alloc(3_000_000, 'abcdefg');
    near.end(sent);
    const received: Buffer[] = [];
    for await (const chunk of near) received.push(chunk);
    await echoing;
    expect(Buffer.concat(received).equals(sent)).toBe(true);
  });
});

describe('end()', () => {
  it('closes the connection, with 1005 — RFC 6455 §7.1.5', async () => {
    const { ws, peer } = await pair();
    const duplex = createWebSocketStream(ws);
    const code = closeOf(peer);
    duplex.resume();
    duplex.end();
    expect(await untilClosed(duplex)).toEqual(['finish', 'end', 'close']);
    expect(await code).toBe(1005);
  });

  it('is allowed when the peer has closed', async () => {
    const { ws, peer } = await pair();
    const duplex = createWebSocketStream(ws);
    duplex.resume();
    const ended = once(duplex, 'end');
    peer.close();
    await ended;
    expect(duplex.destroyed).toBe(false);
    const closed = untilClosed(duplex);
    duplex.end();
    expect(await closed).toEqual(['finish', 'close']);
  });
});

describe('destroy()', () => {
  it('terminates the connection — close code 1006', async () => {
    const { ws, peer } = await pair();
    const duplex = createWebSocketStream(ws);
    const code = closeOf(peer);
    duplex.destroy();
    expect(ws.readyState).toBe(WebSocket.CLOSING);
    expect(await untilClosed(duplex)).toEqual(['close']);
    expect(await code).toBe(1006);
  });

  it('passes its error on', async () => {
    const { ws } = await pair();
    const duplex = createWebSocketStream(ws);
    const closed = untilClosed(duplex);
    duplex.destroy(new Error('mine'));
    expect(await closed).toEqual(['error mine', 'close']);
  });

  it('before the connection is open fails with its error', async () => {
    const wss = await serve();
    const ws = new WebSocket(addressOf(wss));
    const duplex = createWebSocketStream(ws);
    const closed = untilClosed(duplex);
    duplex.destroy();
    expect(await closed).toEqual([
      'error WebSocket was closed before the connection was established',
      'close'
    ]);
    expect(ws.readyState).toBe(WebSocket.CLOSED);
  });

  it('when the WebSocket has closed only closes the stream', async () => {
    const { ws } = await pair();
    const gone = closeOf(ws);
    ws.terminate();
    await gone;
    const duplex = createWebSocketStream(ws);
    const closed = untilClosed(duplex);
    duplex.destroy(new Error('mine'));
    expect(await closed).toEqual(['error mine', 'close']);
  });

  it('is what a signal does', async () => {
    const { ws, peer } = await pair();
    const controller = new AbortController();
    const duplex = createWebSocketStream(ws, { signal: controller.signal });
    const closed = untilClosed(duplex);
    const code = closeOf(peer);
    controller.abort();
    expect(await closed).toEqual(['error The operation was aborted', 'close']);
    expect(await code).toBe(1006);
  });
});

describe('a failing WebSocket', () => {
  it('destroys the stream with the error of the handshake', async () => {
    const port = await rawServer(({ socket }) => socket.end('HTTP/1.1 401 No\r\n\r\n'));
    const ws = new WebSocket(`ws://127.0.0.1:${port}`);
    const duplex = createWebSocketStream(ws);
    duplex.end('foo');
    expect(await untilClosed(duplex)).toEqual(['error Unexpected server response: 401', 'close']);
  });

  it('before it had a socket ends the stream with that error', async () => {
    const wss = await serve();
    const ws = new WebSocket(addressOf(wss));
    const duplex = createWebSocketStream(ws);
    const closed = untilClosed(duplex);
    ws.terminate();
    expect(ws.readyState).toBe(WebSocket.CLOSING);
    duplex.end();
    expect(await closed).toEqual([
      'error WebSocket was closed before the connection was established',
      'close'
    ]);
  });

  it('still tells its peer why — RFC 6455 §7.1.7', async () => {
    const destroyed: boolean[] = [];
    const frames = new Promise<Buffer>((resolve) => {
      void rawServer((request) => {
        const chunks: Buffer[] = [];
        request.socket.on('data', (chunk) => chunks.push(chunk as Buffer));
        request.socket.on('end', () => resolve(Buffer.concat(chunks)));
        request.socket.on('end', () => request.socket.end());
        request.socket.write(switchingProtocols(request) + '\x85\x00', 'latin1');
      }).then(async (port) => {
        const ws = new WebSocket(`ws://127.0.0.1:${port}`);
        const duplex = createWebSocketStream(ws);
        duplex.resume();
        ws.on('error', () => destroyed.push(ws._socket!.destroyed));
        expect(await untilClosed(duplex)).toEqual([
          'error Invalid WebSocket frame: invalid opcode 5',
          'close'
        ]);
      });
    });
    const frame = await frames;
    expect([...frame.subarray(0, 2)]).toEqual([0x88, 0x82]);
    const code = frame.readUInt16BE(6) ^ frame.readUInt16BE(2);
    expect(code).toBe(1002);
    expect(destroyed).toEqual([false]);
  });

  it('throws the error if nobody listens for it', async () => {
    const { ws } = await pair();
    const duplex = createWebSocketStream(ws);
    const caught = new Promise<Error>((resolve) => {
      const others = process.listeners('uncaughtException');
      process.removeAllListeners('uncaughtException');
      process.once('uncaughtException', (error) => {
        for (const other of others) process.on('uncaughtException', other);
        resolve(error);
      });
    });
    duplex.destroy(new Error('mine'));
    expect((await caught).message).toBe('mine');
  });
});

describe('the options', () => {
  it('cannot replace what the stream does', async () => {
    const { ws, peer } = await pair();
    const unreachable = () => expect.unreachable();
    const duplex = createWebSocketStream(ws, {
      read: unreachable,
      write: unreachable,
      final: unreachable,
      destroy: unreachable,
      autoDestroy: true,
      emitClose: true,
      objectMode: true,
      writableObjectMode: true
    });
    expect([duplex.readableObjectMode, duplex.writableObjectMode]).toEqual([false, false]);
    const received = once(peer, 'message');
    duplex.resume();
    duplex.end('foo');
    expect(await received).toEqual([Buffer.from('foo'), true]);
    expect(await untilClosed(duplex)).toEqual(['finish', 'end', 'close']);
  });
});
