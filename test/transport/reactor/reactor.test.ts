import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import * as http from 'node:http';
import * as net from 'node:net';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import * as path from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { backend } from '../../../src/index.js';
import { WebSocket, WebSocketServer } from '../../contract/library.js';

const dist = path.join(__dirname, '..', '..', '..', 'dist', 'index.js');
const closing: (() => void)[] = [];

afterEach(() => {
  for (const close of closing.splice(0)) close();
});

async function serve(
  onConnection: (ws: WebSocket) => void,
  options: object = {}
): Promise<{ wss: WebSocketServer; url: string }> {
  const wss = new WebSocketServer({ host: '127.0.0.1', port: 0, ...options });
  wss.on('connection', onConnection);
  await once(wss, 'listening');
  closing.push(() => {
    for (const client of wss.clients!) client.terminate();
    wss.close();
  });
  return { wss, url: `ws://127.0.0.1:${(wss.address() as AddressInfo).port}` };
}

async function open(url: string): Promise<WebSocket> {
  const ws = new WebSocket(url);
  ws.on('error', () => {});
  closing.push(() => ws.terminate());
  await once(ws, 'open');
  return ws;
}

/** A connection whose peer is bytes: it reads only when it is asked to. */
async function openRaw(port: number): Promise<net.Socket> {
  const socket = net.connect(port, '127.0.0.1');
  closing.push(() => socket.destroy());
  socket.on('error', () => {});
  socket.write(
    'GET / HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n' +
      'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n'
  );
  await new Promise<void>((resolve) => {
    socket.once('data', (chunk: Buffer) => {
      // The server may have sent frames with its response.
      socket.pause();
      socket.unshift(chunk.subarray(chunk.indexOf('\r\n\r\n') + 4));
      resolve();
    });
  });
  return socket;
}

function nativeOf(ws: WebSocket) {
  const transport = (ws as any)._connection.transport;
  expect(transport.constructor.name).toBe('ReactorTransport');
  return transport.reactor.native as { stats(): number[] };
}

function run(
  source: string
): Promise<{ code: number | null; signal: string | null; text: string }> {
  const child = spawn(process.execPath, ['-e', source, dist], {
    stdio: ['ignore', 'pipe', 'pipe']
  });
  let text = '';
  child.stdout.on('data', (chunk) => (text += chunk));
  child.stderr.on('data', (chunk) => (text += chunk));
  return new Promise((resolve) =>
    child.on('close', (code, signal) => resolve({ code, signal, text }))
  );
}

describe.skipIf(backend.transport !== 'reactor')('the reactor', () => {
  it('loses nobody’s messages when listeners throw in a batch of many connections', async () => {
    const heard: string[] = [];
    const peers = new Set<WebSocket>();
    const { url } = await serve((ws) => {
      peers.add(ws);
      ws.on('message', (data) => {
        heard.push(String(data));
        if (String(data).endsWith(':1')) throw new Error(`thrown at ${String(data)}`);
        if (heard.length === 150) done();
      });
    });
    let done!: () => void;
    const all = new Promise<void>((resolve) => (done = resolve));
    const errors: string[] = [];
    const before = process.listeners('uncaughtException');
    process.removeAllListeners('uncaughtException');
    process.on('uncaughtException', (error) => errors.push(error.message));
    try {
      const clients = await Promise.all(Array.from({ length: 50 }, () => open(url)));
      clients.forEach((client, i) => {
        for (let j = 0; j < 3; j++) client.send(`${i}:${j}`);
      });
      await all;
    } finally {
      process.removeAllListeners('uncaughtException');
      for (const listener of before) process.on('uncaughtException', listener);
    }
    expect(errors.length).toBe(50);
    for (let i = 0; i < 50; i++) {
      expect(heard.filter((text) => text.startsWith(`${i}:`))).toEqual([
        `${i}:0`,
        `${i}:1`,
        `${i}:2`
      ]);
    }
  });

  it('never mixes connections up whose descriptors are used again', async () => {
    const { url } = await serve((ws) => ws.on('message', (data: Buffer) => ws.send(data)));
    let count = 0;
    for (let round = 0; round < 20; round++) {
      const clients = await Promise.all(Array.from({ length: 20 }, () => open(url)));
      await Promise.all(
        clients.map(async (client, i) => {
          const answers: string[] = [];
          client.on('message', (data) => answers.push(String(data)));
          client.send(`${round}:${i}`);
          await once(client, 'message');
          expect(answers).toEqual([`${round}:${i}`]);
          count++;
          client.send('on its way');
          (client as any)._socket.destroy();
        })
      );
    }
    expect(count).toBe(400);
  });

  it('makes at most one read and one write per connection and wake-up', async () => {
    const { url } = await serve((ws) => ws.on('message', (data: Buffer) => ws.send(data)));
    const client = await open(url);
    client.send('warm');
    await once(client, 'message');
    const native = nativeOf(client);
    const [, , reads, writes] = native.stats();
    let received = 0;
    const all = new Promise<void>((resolve) =>
      client.on('message', () => ++received === 100 && resolve())
    );
    for (let i = 0; i < 100; i++) client.send('x'.repeat(20));
    await all;
    const [, , readsAfter, writesAfter] = native.stats();
    // Both sides are in this process: a burst is one write and one read here, and one of each there.
    expect(readsAfter - reads).toBeLessThanOrEqual(2);
    expect(writesAfter - writes).toBeLessThanOrEqual(2);
  });

  it('counts what a slow reader leaves exactly, and calls back in order when it has read', async () => {
    const accepted = new Promise<WebSocket>(
      (resolve) =>
        void serve(resolve).then(({ wss }) => {
          void openRaw((wss.address() as AddressInfo).port).then((socket) => (peer = socket));
        })
    );
    let peer!: net.Socket;
    const ws = await accepted;
    const called: number[] = [];
    const sizes = Array.from({ length: 200 }, (_, i) => 100_000 + i);
    const all = new Promise<void>((resolve) => {
      sizes.forEach((size, i) =>
        ws.send(Buffer.alloc(size, i), (error) => {
          expect(error ?? null).toBeNull();
          called.push(i);
          if (called.length === sizes.length) resolve();
        })
      );
    });
    ws.send('small', () => called.push(-1));
    const total = sizes.reduce((sum, size) => sum + size + 10, 0) + 7;
    const written = (ws as any)._socket.bytesWritten as number;
    expect(ws.bufferedAmount).toBeGreaterThan(0);
    expect(called).toEqual([]);
    await new Promise((resolve) => setImmediate(resolve));
    expect(called.length).toBeLessThan(sizes.length);
    // Behind everything else, though it is not a message.
    (ws as any)._socket.write(Buffer.from([0x8a, 0]));
    let read = 0;
    let last = Buffer.alloc(0);
    while (peer === undefined) await new Promise((resolve) => setImmediate(resolve));
    peer.on('data', (chunk: Buffer) => {
      read += chunk.length;
      last = Buffer.concat([last, chunk]).subarray(-9);
    });
    peer.resume();
    await all;
    while (read < total + 2) await new Promise((resolve) => setImmediate(resolve));
    expect(read).toBe(total + 2);
    expect(last.toString('latin1')).toBe('\x81\x05small\x8a\x00');
    expect(called).toEqual([...sizes.keys(), -1]);
    expect(ws.bufferedAmount).toBe(0);
    expect(written).toBeGreaterThan(0);
  });

  it('tells callbacks of what a destroyed connection has not sent', async () => {
    let peer: net.Socket | undefined;
    const ws = await new Promise<WebSocket>(
      (resolve) =>
        void serve(resolve).then(({ wss }) => {
          void openRaw((wss.address() as AddressInfo).port).then((socket) => (peer = socket));
        })
    );
    const error = new Promise<any>((resolve) => ws.send(Buffer.alloc(32 << 20), resolve));
    ws.terminate();
    expect(await error).toMatchObject({
      code: 'ERR_STREAM_DESTROYED',
      message: 'Cannot call write after a stream was destroyed'
    });
    peer?.destroy();
  });

  it('reports a reset as Node does, and closes with 1006', async () => {
    const ws = await new Promise<WebSocket>(
      (resolve) =>
        void serve(resolve).then(({ wss }) => {
          void openRaw((wss.address() as AddressInfo).port).then((socket) =>
            socket.resetAndDestroy()
          );
        })
    );
    const error = once((ws as any)._socket, 'error');
    const [code] = await once(ws, 'close');
    expect(code).toBe(1006);
    expect((await error)[0]).toMatchObject({
      message: 'read ECONNRESET',
      code: 'ECONNRESET',
      errno: -104,
      syscall: 'read'
    });
  });

  it('carries Unix sockets', async () => {
    const folder = mkdtempSync(path.join(tmpdir(), 'reactor-'));
    closing.push(() => rmSync(folder, { recursive: true, force: true }));
    const server = http.createServer();
    const file = path.join(folder, 's');
    const wss = new WebSocketServer({ server });
    wss.on('connection', (ws) => ws.on('message', (data: Buffer) => ws.send(data)));
    server.listen(file);
    await once(server, 'listening');
    closing.push(() => server.close());
    const client = await open(`ws+unix:${file}:/`);
    nativeOf(client);
    client.send('over a file');
    expect(String((await once(client, 'message'))[0])).toBe('over a file');
    client.close();
    await once(client, 'close');
  });

  it('leaves a connection to Node where transport is "stream"', async () => {
    const { url, wss } = await serve(() => {}, { transport: 'stream' });
    await open(url);
    const [ws] = wss.clients!;
    expect((ws as any)._connection.transport.constructor.name).toBe('StreamTransport');
  });

  it('sends what is queued when the process exits', async () => {
    const got: string[] = [];
    const { url } = await serve((ws) => ws.on('message', (data) => got.push(String(data))));
    const ended = run(`
      const { WebSocket } = require(process.argv[1]);
      const ws = new WebSocket('${url}');
      ws.on('open', () => { ws.send('last words'); process.exit(3); });
    `);
    expect((await ended).code).toBe(3);
    while (got.length === 0) await new Promise((resolve) => setImmediate(resolve));
    expect(got).toEqual(['last words']);
  });

  it('lets the process end when no connection is open, or all are unreferenced', async () => {
    const { url } = await serve(() => {});
    const result = await run(`
      const { WebSocket } = require(process.argv[1]);
      const ws = new WebSocket('${url}');
      ws.on('open', () => { ws._socket.unref(); console.log('open'); });
    `);
    expect(result).toMatchObject({ code: 0, text: 'open\n' });
  });

  it('comes and goes with worker threads, open connections included', async () => {
    const result = await run(`
      const { Worker } = require('node:worker_threads');
      const source = \`
        const { WebSocket, WebSocketServer } = require(process.argv[1] ?? ${JSON.stringify(dist)});
        const { parentPort } = require('node:worker_threads');
        const wss = new WebSocketServer({ host: '127.0.0.1', port: 0 }, () => {
          const ws = new WebSocket('ws://127.0.0.1:' + wss.address().port);
          ws.on('message', () => parentPort.postMessage('heard'));
        });
        wss.on('connection', (ws) => setInterval(() => ws.send('x'), 1));
      \`.replace('process.argv[1] ?? ', '');
      (async () => {
        for (let i = 0; i < 25; i++) {
          await Promise.all([0, 1].map(async () => {
            const worker = new Worker(source, { eval: true });
            await new Promise((resolve, reject) => worker.once('message', resolve).once('error', reject));
            await worker.terminate();
          }));
        }
        console.log('over');
      })();
    `);
    expect(result).toMatchObject({ code: 0, signal: null, text: 'over\n' });
  }, 60_000);
});
