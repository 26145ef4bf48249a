import { once } from 'node:events';
import * as http2 from 'node:http2';
import * as net from 'node:net';
import { PassThrough, type Duplex } from 'node:stream';
import { describe, expect, it, onTestFinished } from 'vitest';
import { closeOf } from '../contract/events.js';
import { WebSocket } from '../contract/library.js';
import { openRaw } from '../contract/raw-peer.js';

/** A WebSocket on a stream whose opening handshake is somebody else's business. */
function on(stream: Duplex, isServer: boolean): WebSocket {
  const ws = new WebSocket(null);
  ws._isServer = isServer;
  ws.setSocket(stream, Buffer.alloc(0), { maxPayload: 0 });
  return ws;
}

/** Both ends of a WebSocket on an HTTP/2 stream (RFC 8441). */
async function openHttp2(): Promise<{ client: WebSocket; server: WebSocket }> {
  const server = http2.createServer({ settings: { enableConnectProtocol: true } });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as net.AddressInfo;
  const session = http2.connect(`http://127.0.0.1:${port}`);
  onTestFinished(() => {
    session.destroy();
    server.close();
  });
  await once(session, 'remoteSettings');

  const stream = session.request(
    { ':method': 'CONNECT', ':protocol': 'websocket', ':path': '/' },
    { endStream: false }
  );
  const [accepted] = (await once(server, 'stream')) as [http2.ServerHttp2Stream];
  accepted.respond({ ':status': 200 });
  await once(stream, 'response');
  return { client: on(stream, false), server: on(accepted, true) };
}

describe('an HTTP/2 stream', () => {
  it('carries messages both ways — RFC 8441 §5', async () => {
    const { client, server } = await openHttp2();
    server.on('message', (data: Buffer, isBinary: boolean) => {
      server.send(data, { binary: isBinary });
    });
    for (const text of ['', 'hello', 'x'.repeat(200_000)]) {
      const echoed = once(client, 'message');
      client.send(text);
      expect(String((await echoed)[0]) === text).toBe(true);
    }
  });

  it('carries the closing handshake — RFC 8441 §5', async () => {
    const { client, server } = await openHttp2();
    const closed = Promise.all([closeOf(server), closeOf(client)]);
    client.close(1000, 'done');
    // Of the client only that it closes: Node may abort a stream that its peer has ended, together
    // with what has not been read from it.
    expect((await closed)[0]).toEqual([1000, 'done']);
  });
});

describe('a TCP socket', () => {
  it('keeps everything that programs use of it', async () => {
    const { peer, ws } = await openRaw('server');
    const socket = (ws as unknown as { _socket: net.Socket })._socket;
    expect(socket).toBeInstanceOf(net.Socket);
    expect(socket.remoteAddress).toMatch(/127\.0\.0\.1$/);
    expect(socket.remotePort).toBe(peer.socket.localPort);

    const [read, wrote] = [socket.bytesRead, socket.bytesWritten];
    peer.send('12345');
    await once(ws, 'message');
    await new Promise((resolve) => ws.send('123', resolve));
    expect(socket.bytesRead - read).toBe(5 + 6);
    expect(socket.bytesWritten - wrote).toBe(3 + 2);
    expect(socket.writableLength).toBe(0);
    expect(socket.setNoDelay(true).setKeepAlive(true).ref()).toBe(socket);
  });

  it('shows no further names than before', async () => {
    const { ws } = await openRaw('server');
    const socket = (ws as unknown as { _socket: net.Socket })._socket;
    const names = Object.keys(socket).filter((name) => /^(write|end|destroy)$/.test(name));
    expect(names).toEqual([]);
  });

  it('is reset like any other with resetAndDestroy()', async () => {
    const { peer, ws } = await openRaw('server');
    const closed = closeOf(ws);
    const reset = new Promise<NodeJS.ErrnoException>((resolve) =>
      peer.socket.once('error', resolve)
    );
    (ws as unknown as { _socket: net.Socket })._socket.resetAndDestroy();
    expect((await reset).code).toBe('ECONNRESET');
    expect(await closed).toEqual([1006, '']);
  });
});

describe('a Duplex of the simplest kind', () => {
  it('carries messages', async () => {
    const stream = new PassThrough();
    // What it writes is what it reads: a server that masks understands itself.
    const ws = on(stream, true);
    const message = once(ws, 'message');
    ws.send('to myself', { mask: true });
    expect(String((await message)[0])).toBe('to myself');
    ws.terminate();
    expect(await closeOf(ws)).toEqual([1006, '']);
  });
});
