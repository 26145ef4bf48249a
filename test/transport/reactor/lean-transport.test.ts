import { AsyncLocalStorage } from 'node:async_hooks';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync } from 'node:fs';
import * as http from 'node:http';
import * as net from 'node:net';
import * as path from 'node:path';
import { setImmediate as turn } from 'node:timers/promises';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { describe, expect, it, onTestFinished } from 'vitest';
import { backend } from '../../../src/index.js';
import { closeOf, record } from '../../contract/events.js';
import { WebSocket, WebSocketServer } from '../../contract/library.js';
import { openPair, openServer } from '../../contract/pair.js';
import { connectRaw, openRaw, roles } from '../../contract/raw-peer.js';
import { CLOSE, closeBody, frame } from '../../contract/wire.js';
import { carrierOf, leanSocketOf, openLean } from './lean.js';

const isHere = backend.transport === 'reactor';

describe.skipIf(!isHere).each(roles)('a lean connection, as a %s', (role) => {
  it('delivers and sends messages', async () => {
    const { peer, ws } = await openLean(role);
    const events = record(ws);
    const heard = once(ws, 'message');
    peer.send('in');
    await heard;
    ws.send('out');
    expect((await peer.next()).payload.toString()).toBe('out');
    expect(events).toEqual([['message', 'in', false]]);
  });

  it('closes with the closing handshake, and then the socket — RFC 6455 §7.1', async () => {
    const { peer, ws } = await openLean(role);
    const closed = closeOf(ws);
    ws.close(4000, 'bye');
    const { opcode, payload } = await peer.next();
    expect([opcode, payload]).toEqual([CLOSE, closeBody(4000, 'bye')]);
    peer.send(closeBody(4000, 'bye'), { opcode: CLOSE });
    await peer.ended;
    peer.socket.end();
    expect(await closed).toEqual([4000, 'bye']);
    await peer.closed;
  });

  it('answers the peer’s close frame — RFC 6455 §5.5.1', async () => {
    const { peer, ws } = await openLean(role);
    const closed = closeOf(ws);
    peer.send(closeBody(1001, 'away'), { opcode: CLOSE });
    expect((await peer.next()).payload).toEqual(closeBody(1001, 'away'));
    await peer.ended;
    peer.socket.end();
    expect(await closed).toEqual([1001, 'away']);
  });

  it('ends when the peer half-closes without a close frame — RFC 6455 §7.1.5', async () => {
    const { peer, ws } = await openLean(role);
    const closed = closeOf(ws);
    ws.send('before the end');
    peer.socket.end();
    expect((await peer.next()).payload.toString()).toBe('before the end');
    await peer.ended;
    expect(await closed).toEqual([1006, '']);
  });

  it('ends when the peer resets the connection', async () => {
    const { peer, socket, ws } = await openLean(role);
    const events = record(ws);
    const codes: unknown[] = [];
    socket.on('error', (error: NodeJS.ErrnoException) => codes.push(error.code));
    const closed = closeOf(ws);
    peer.socket.resetAndDestroy();
    expect(await closed).toEqual([1006, '']);
    expect(events).toEqual([['close', 1006, '']]);
    expect(codes).toEqual(['ECONNRESET']);
  });

  it('delivers what came before the end to those who resume', async () => {
    const { peer, ws } = await openLean(role);
    const events = record(ws);
    ws.pause();
    peer.send('held');
    peer.socket.end();
    while (leanSocketOf(ws).readableLength === 0) await turn();
    expect(events).toEqual([]);
    const closed = closeOf(ws);
    ws.resume();
    expect(await closed).toEqual([1006, '']);
    expect(events).toEqual([
      ['message', 'held', false],
      ['close', 1006, '']
    ]);
  });

  it('delivers what a paused connection holds when it is terminated', async () => {
    const { peer, ws } = await openLean(role);
    const events = record(ws);
    ws.pause();
    peer.send('held');
    while (leanSocketOf(ws).readableLength === 0) await turn();
    const closed = closeOf(ws);
    ws.terminate();
    await closed;
    expect(events).toEqual([
      ['message', 'held', false],
      ['close', 1006, '']
    ]);
  });

  it('counts what a slow reader leaves, and ends behind it', async () => {
    const { peer, ws } = await openLean(role);
    peer.socket.pause();
    const called: (number | string)[] = [];
    const size = 1 << 20;
    for (let i = 0; i < 20; i++) {
      ws.send(Buffer.alloc(size, i), (error) => called.push(error ? error.message : i));
    }
    ws.send('small', (error) => called.push(error ? error.message : 20));
    await turn();
    expect(ws.bufferedAmount).toBeGreaterThan(size);
    expect(called.length).toBeLessThan(20);
    ws.close(1000);
    const closed = closeOf(ws);
    peer.socket.resume();
    const frames = await peer.nextFrames(22);
    expect(frames.map(({ payload }) => payload.length)).toEqual([
      ...Array.from({ length: 20 }, () => size),
      5,
      2
    ]);
    expect(frames.slice(0, 20).every(({ payload }, i) => payload[9] === i)).toBe(true);
    peer.send(closeBody(1000), { opcode: CLOSE });
    await peer.ended;
    peer.socket.end();
    expect(await closed).toEqual([1000, '']);
    expect(called).toEqual([...Array(21).keys()]);
    expect(ws.bufferedAmount).toBe(0);
  });

  it('tells those who wait that it was destroyed', async () => {
    const { peer, ws } = await openLean(role);
    peer.socket.pause();
    const called: unknown[] = [];
    for (let i = 0; i < 20; i++) {
      ws.send(Buffer.alloc(1 << 20), (error) =>
        called.push((error as NodeJS.ErrnoException | null)?.code)
      );
    }
    const closed = closeOf(ws);
    ws.terminate();
    await closed;
    expect(called.length).toBe(20);
    expect(called.at(-1)).toBe('ERR_STREAM_DESTROYED');
    expect(ws.bufferedAmount).toBe(0);
  });

  it('writes each frame at once with coalesce: false', async () => {
    const { peer, socket, ws } = await openLean(role, { coalesce: false });
    const before = socket.bytesWritten;
    ws.send('a');
    expect(ws.bufferedAmount).toBe(0);
    expect(socket.bytesWritten).toBeGreaterThan(before);
    expect((await peer.next()).payload.toString()).toBe('a');
  });

  it('has its listeners called in the context that it was opened in, as others', async () => {
    const storage = new AsyncLocalStorage<string>();
    const heard: unknown[] = [];
    for (const transport of ['auto', 'lean'] as const) {
      const { peer, ws } = await storage.run('opened here', () => openRaw(role, { transport }));
      const seen: unknown[] = [];
      ws.on('message', () => seen.push(storage.getStore()));
      ws.on('close', () => seen.push(storage.getStore()));
      const message = once(ws, 'message');
      await storage.run('of somebody else', async () => {
        peer.send('x');
        await message;
        const closed = closeOf(ws);
        ws.terminate();
        await closed;
      });
      heard.push(seen);
    }
    if (role === 'client') expect(heard[1]).toEqual(['opened here', 'opened here']);
    expect(heard[1]).toEqual(heard[0]);
  });
});

describe.skipIf(!isHere)('a lean connection of a server', () => {
  it('is the socket of its request, and Node’s is garbage', async () => {
    setFlagsFromString('--expose-gc');
    const collect = runInNewContext('gc') as () => void;
    const server = http.createServer();
    const wss = new WebSocketServer({ server, transport: 'lean' });
    onTestFinished(() => {
      for (const ws of wss.clients!) ws.terminate();
      server.close();
    });
    const accepted: WeakRef<net.Socket>[] = [];
    server.on('connection', (socket) => accepted.push(new WeakRef(socket)));
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const requests: http.IncomingMessage[] = [];
    wss.on('connection', (_ws, request) => requests.push(request));
    const { peer, ws } = await connectRaw(wss);
    expect(requests[0].socket).toBe(ws._socket);
    expect(requests[0].socket.remotePort).toBe(peer.socket.localPort);
    for (let i = 0; i < 50 && accepted[0].deref() !== undefined; i++) {
      await turn();
      collect();
    }
    expect(accepted.length).toBe(1);
    expect(accepted[0].deref()).toBeUndefined();
    ws.send('still here');
    expect((await peer.next()).payload.toString()).toBe('still here');
  });

  it('delivers frames that came with the request', async () => {
    const { wss } = await openLean('server');
    const heard = new Promise<string>((resolve) =>
      wss!.on('connection', (ws) => ws.on('message', (data: Buffer) => resolve(String(data))))
    );
    const socket = net.connect((wss!.address() as net.AddressInfo).port, '127.0.0.1');
    onTestFinished(() => void socket.destroy());
    const request =
      'GET / HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n' +
      'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n';
    socket.write(Buffer.concat([Buffer.from(request), frame('early', { key: Buffer.alloc(4) })]));
    expect(await heard).toBe('early');
  });

  it('is counted by Node’s server, which closes after it', async () => {
    const server = http.createServer();
    const wss = new WebSocketServer({ server, transport: 'lean' });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { peer, ws } = await connectRaw(wss);
    const count = () =>
      new Promise<number>((resolve) => server.getConnections((_error, n) => resolve(n)));
    expect(carrierOf(ws)).toBe('LeanTransport');
    expect(await count()).toBe(1);
    let isClosed = false;
    const closed = once(server, 'close').then(() => (isClosed = true));
    server.close();
    peer.send('x');
    await once(ws, 'message');
    expect(isClosed).toBe(false);
    ws.terminate();
    await closed;
    expect(await count()).toBe(0);
  });

  it('keeps a WebSocketServer from emitting "close" before it has ended', async () => {
    const { ws, wss } = await openLean('server');
    const order: string[] = [];
    ws.on('close', () => order.push('connection'));
    const closed = new Promise<void>((resolve) =>
      wss!.close(() => {
        order.push('server');
        resolve();
      })
    );
    await turn();
    expect(order).toEqual([]);
    expect(wss!.clients!.size).toBe(1);
    ws.terminate();
    await closed;
    await closeOrNow(ws);
    expect(order.sort()).toEqual(['connection', 'server']);
  });

  it('cannot be taken twice', async () => {
    const server = http.createServer();
    const wss = new WebSocketServer({ noServer: true, transport: 'lean' });
    const errors: unknown[] = [];
    server.on('upgrade', (request, socket, head) => {
      wss.handleUpgrade(request, socket, head, (ws) => ws.send('once'));
      try {
        wss.handleUpgrade(request, socket, head, () => {});
      } catch (error) {
        errors.push((error as Error).message);
      }
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    onTestFinished(() => {
      for (const ws of wss.clients!) ws.terminate();
      server.close();
    });
    const ws = new WebSocket(`ws://127.0.0.1:${(server.address() as net.AddressInfo).port}`);
    onTestFinished(() => ws.terminate());
    expect(String((await once(ws, 'message'))[0])).toBe('once');
    expect(errors).toEqual([expect.stringMatching(/called more than once/)]);
  });

  it('has the error listeners of Node’s socket', async () => {
    const server = http.createServer();
    const wss = new WebSocketServer({ server, transport: 'lean' });
    const heard: unknown[] = [];
    server.on('connection', (socket) =>
      socket.on('error', (error: NodeJS.ErrnoException) => heard.push(error.code))
    );
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    onTestFinished(() => void server.close());
    const { peer, ws } = await connectRaw(wss);
    expect(carrierOf(ws)).toBe('LeanTransport');
    const closed = closeOf(ws);
    peer.socket.resetAndDestroy();
    await closed;
    expect(heard).toEqual(['ECONNRESET']);
  });

  it('leaves a socket to Node whose close somebody waits for', async () => {
    const server = http.createServer();
    const wss = new WebSocketServer({ server, transport: 'lean' });
    let sockets = 0;
    server.on('connection', (socket) => {
      sockets++;
      socket.on('close', () => sockets--);
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    onTestFinished(() => void server.close());
    const { ws } = await connectRaw(wss);
    expect(carrierOf(ws)).toBe('ReactorTransport');
    expect(sockets).toBe(1);
    const closed = closeOf(ws);
    ws.terminate();
    await closed;
    expect(sockets).toBe(0);
  });
});

describe.skipIf(!isHere)('lean connections', () => {
  it('leave no descriptor open, however they end', async () => {
    const { connect, wss } = await openServer('TCP', { transport: 'lean' });
    wss.on('connection', (ws) => ws.on('message', (data: Buffer) => ws.send(data)));
    const ends: ((client: WebSocket, server: WebSocket) => void)[] = [
      (client) => client.close(),
      (_client, server) => server.close(1001),
      (client) => client.terminate(),
      (_client, server) => server.terminate(),
      (_client, server) => leanSocketOf(server).destroy(),
      (client) => leanSocketOf(client).end(),
      (client) => leanSocketOf(client).destroy(new Error('from the outside'))
    ];
    const round = async (count: number) => {
      await Promise.all(
        Array.from({ length: count }, async (_, i) => {
          const client = connect({ transport: 'lean' });
          await once(client, 'open');
          client.send(`${i}`);
          const [data] = (await once(client, 'message')) as [Buffer];
          expect(String(data)).toBe(`${i}`);
          const port = leanSocketOf(client).localPort;
          const server = [...wss.clients!].find(
            (ws) => leanSocketOf(ws as WebSocket).remotePort === port
          ) as WebSocket;
          const both = Promise.all([closeOf(client), closeOf(server)]);
          ends[i % ends.length](client, server);
          await both;
        })
      );
      while (wss.clients!.size > 0) await turn();
    };
    const open = () => readdirSync('/proc/self/fd').length;
    await round(20);
    await turn();
    const before = open();
    for (let i = 0; i < 40; i++) await round(50);
    // Those of Node's own sockets are closed with the next turns of the event loop.
    for (let i = 0; i < 100 && open() > before; i++) await turn();
    expect(open()).toBeLessThanOrEqual(before);
  });

  it('keep a process alive, and do not when they are told so', async () => {
    const dist = path.join(__dirname, '..', '..', '..', 'dist', 'index.js');
    const { wss } = await openLean('server');
    const { port } = wss!.address() as net.AddressInfo;
    const source = (unref: string) => `
      const { WebSocket } = require(process.argv[1]);
      const ws = new WebSocket('ws://127.0.0.1:${port}', { transport: 'lean' });
      ws.on('open', () => { ${unref} console.log(ws._socket.constructor.name); });
      ws.on('message', (data) => { console.log(String(data)); ws.terminate(); });
      process.on('exit', () => console.log('exit'));`;
    const run = async (unref: string, onOpen: () => void) => {
      const child = spawn(process.execPath, ['-e', source(unref), dist], {
        stdio: ['ignore', 'pipe', 'inherit']
      });
      let text = '';
      child.stdout.once('data', onOpen);
      child.stdout.on('data', (chunk) => (text += chunk));
      await once(child, 'close');
      return text;
    };
    const server: WebSocket[] = [];
    wss!.on('connection', (ws) => server.push(ws));
    expect(await run('', () => server[0].send('later'))).toBe('LeanSocket\nlater\nexit\n');
    expect(await run('ws._socket.unref();', () => {})).toBe('LeanSocket\nexit\n');
  });

  it('flush what was sent when the process exits', async () => {
    const dist = path.join(__dirname, '..', '..', '..', 'dist', 'index.js');
    const { wss } = await openLean('server');
    const { port } = wss!.address() as net.AddressInfo;
    const heard = new Promise<string>((resolve) =>
      wss!.on('connection', (ws) => ws.on('message', (data: Buffer) => resolve(String(data))))
    );
    const source = `
      const { WebSocket } = require(process.argv[1]);
      const ws = new WebSocket('ws://127.0.0.1:${port}', { transport: 'lean' });
      ws.on('open', () => { ws.send('last'); process.exit(); });`;
    spawn(process.execPath, ['-e', source, dist], { stdio: 'inherit' });
    expect(await heard).toBe('last');
  });
});

describe('transport: "lean"', () => {
  it.each(['TLS', 'memory'] as const)('is Node’s stream over %s', async (carrier) => {
    const { client, server } = await openPair(carrier, {
      client: { transport: 'lean' },
      server: { transport: 'lean' }
    });
    for (const ws of [client, server]) expect(carrierOf(ws)).toBe('StreamTransport');
    const heard = once(server, 'message');
    client.send('x');
    expect(String((await heard)[0])).toBe('x');
  });

  it.skipIf(isHere)('is Node’s stream where there is no reactor', async () => {
    const { client, server } = await openPair('TCP', {
      client: { transport: 'lean' },
      server: { transport: 'lean' }
    });
    for (const ws of [client, server]) expect(carrierOf(ws)).toBe('StreamTransport');
  });
});

/** Waits for the connection's 'close', if that is still to come. */
async function closeOrNow(ws: WebSocket): Promise<void> {
  if (ws.readyState !== WebSocket.CLOSED) await closeOf(ws);
}
