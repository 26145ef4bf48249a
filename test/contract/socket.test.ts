import { once } from 'node:events';
import { rmSync } from 'node:fs';
import * as http from 'node:http';
import type { Socket } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, describe, expect, it, onTestFinished, vi } from 'vitest';
import { closeOf, record } from './events.js';
import { WebSocketServer, type WebSocket } from './library.js';
import { bundle, runProgram } from './other-process.js';
import { openPair } from './pair.js';
import { listenRaw, openRaw, roles } from './raw-peer.js';

afterAll(() => rmSync(bundle, { force: true }));

const socketOf = (ws: WebSocket) => (ws as unknown as { _socket: Socket })._socket;

/** What the runtime calls to begin the time of `setTimeout` again. */
const spyOnTimer = (socket: Socket) =>
  vi.spyOn(socket as Socket & { _unrefTimer(): void }, '_unrefTimer');

/** A lean socket looks at what came and went when its time is over: no timer begins again. */
const looksSeldom = process.env.FERROWS_EXPECT === 'native+lean';

describe.each(roles)('the socket of a %s', (role) => {
  it('times out when nothing happens', async () => {
    const { ws } = await openRaw(role);
    socketOf(ws).setTimeout(20);
    await once(socketOf(ws), 'timeout');
    expect(ws.readyState).toBe(1);
  });

  it.skipIf(looksSeldom)('begins its timeout again with everything that comes', async () => {
    const { peer, ws } = await openRaw(role);
    socketOf(ws).setTimeout(60_000);
    const timer = spyOnTimer(socketOf(ws));
    for (const text of ['small', 'large'.repeat(100_000)]) {
      timer.mockClear();
      peer.send(text);
      await once(ws, 'message');
      expect(timer).toHaveBeenCalled();
    }
  });

  it('does not time out while a message comes in parts', async () => {
    const { peer, ws } = await openRaw(role);
    let timeouts = 0;
    socketOf(ws).on('timeout', () => timeouts++);
    const bytes = peer.frame('a message of many parts');
    socketOf(ws).setTimeout(400);
    const message = once(ws, 'message');
    // Each part in less than that time, all of them in more.
    for (const byte of bytes) {
      await delay(30);
      peer.write(Buffer.from([byte]));
    }
    await message;
    expect(timeouts).toBe(0);
  });

  it.skipIf(looksSeldom)('begins its timeout again with everything that is sent', async () => {
    const { peer, ws } = await openRaw(role);
    socketOf(ws).setTimeout(60_000);
    const timer = spyOnTimer(socketOf(ws));
    for (const text of ['small', 'large'.repeat(100_000)]) {
      timer.mockClear();
      ws.send(text);
      await peer.next();
      expect(timer).toHaveBeenCalled();
    }
  });

  it('has no timeout unless one is asked for', async () => {
    const { ws } = await openRaw(role);
    expect(socketOf(ws).timeout).toBe(0);
  });

  it('counts what was read and what was sent', async () => {
    const { peer, ws } = await openRaw(role);
    const socket = socketOf(ws);
    const { bytesRead, bytesWritten } = socket;
    const incoming = [peer.frame('a'), peer.frame('b'.repeat(200_000))];
    peer.write(Buffer.concat(incoming));
    await once(ws, 'message');
    await once(ws, 'message');
    expect(socket.bytesRead - bytesRead).toBe(Buffer.concat(incoming).length);

    ws.send('a');
    ws.send('b'.repeat(200_000));
    const frames = await peer.nextFrames(2);
    expect(socket.bytesWritten - bytesWritten).toBe(frames[0].size + frames[1].size);
    const counted = [socket.bytesRead, socket.bytesWritten];
    ws.terminate();
    await closeOf(ws);
    expect([socket.bytesRead, socket.bytesWritten]).toEqual(counted);
  });

  it('knows its addresses, and takes options', async () => {
    const { peer, ws } = await openRaw(role);
    const socket = socketOf(ws);
    expect([socket.remotePort, socket.localPort]).toEqual([
      peer.socket.localPort,
      peer.socket.remotePort
    ]);
    expect(socket.address()).toMatchObject({ address: '127.0.0.1', port: socket.localPort });
    expect(socket.setNoDelay(false)).toBe(socket);
    expect(socket.setKeepAlive(true, 1000)).toBe(socket);
  });

  it('that anybody destroys closes the connection', async () => {
    const { peer, ws } = await openRaw(role);
    const events = record(ws);
    socketOf(ws).destroy();
    await Promise.all([peer.ended, closeOf(ws)]);
    expect(events).toEqual([['close', 1006, '']]);
  });

  it('that anybody destroys with an error closes the connection, without telling it', async () => {
    const { ws } = await openRaw(role);
    const events = record(ws);
    socketOf(ws).destroy(new Error('by somebody'));
    await closeOf(ws);
    expect(events).toEqual([['close', 1006, '']]);
  });

  it('that is destroyed sends what was sent before', async () => {
    const { peer, ws } = await openRaw(role);
    ws.send('before');
    socketOf(ws).destroy();
    expect(String((await peer.next()).payload)).toBe('before');
  });

  it('that is destroyed makes what is sent afterwards fail', async () => {
    const { ws } = await openRaw(role);
    const errors: unknown[] = [];
    const closed = closeOf(ws);
    socketOf(ws).destroy();
    ws.send('small', (error) => errors.push(error));
    ws.send(Buffer.alloc(100_000), (error) => errors.push(error));
    await closed;
    expect(errors.map((error) => (error as { code: string }).code)).toEqual([
      'ERR_STREAM_DESTROYED',
      'ERR_STREAM_DESTROYED'
    ]);
  });

  it('that is reset closes the connection, and the peer gets the reset', async () => {
    const { peer, ws } = await openRaw(role);
    const error = once(peer.socket, 'error');
    const closed = closeOf(ws);
    socketOf(ws).resetAndDestroy();
    expect((await error)[0]).toMatchObject({ code: 'ECONNRESET' });
    expect(await closed).toEqual([1006, '']);
  });

  it('that anybody ends is half-closed behind what was sent', async () => {
    const { peer, ws } = await openRaw(role);
    ws.send('before');
    socketOf(ws).end(Buffer.from([0x8a, 0]));
    const frames = await peer.nextFrames(2);
    expect(frames.map(({ opcode }) => opcode)).toEqual([1, 10]);
    await peer.ended;
    peer.send('still heard');
    const message = once(ws, 'message');
    expect(String((await message)[0])).toBe('still heard');
    peer.socket.end();
    expect(await closeOf(ws)).toEqual([1006, '']);
  });

  it('that is paused and resumed itself holds messages back', async () => {
    const { peer, ws } = await openRaw(role);
    const events = record(ws);
    socketOf(ws).pause();
    peer.send('held');
    const other = await openRaw(role);
    other.peer.send('later');
    await once(other.ws, 'message');
    expect(events).toEqual([]);
    socketOf(ws).resume();
    await once(ws, 'message');
    expect(events).toEqual([['message', 'held', false]]);
  });

  it.each(['on', 'once', 'addListener', 'prependListener'] as const)(
    'gives listeners of data that are added with %s every byte besides',
    async (method) => {
      const { peer, ws } = await openRaw(role);
      const chunks: Buffer[] = [];
      socketOf(ws)[method]('data', (chunk) => chunks.push(Buffer.from(chunk)));
      const bytes = Buffer.concat([peer.frame('ab', { key: null }), peer.frame('c'.repeat(9000))]);
      // In place of what a client masks: a ping without a payload looks the same afterwards.
      const pings = Buffer.concat([peer.frame('', { opcode: 9 }), peer.frame('', { opcode: 9 })]);
      peer.write(role === 'client' ? bytes : pings);
      await once(ws, role === 'client' ? 'message' : 'ping');
      const sent = role === 'client' ? bytes : pings;
      await vi.waitFor(() => {
        const got = Buffer.concat(chunks);
        expect(got.length).toBeGreaterThan(0);
        expect(got.equals(sent.subarray(0, got.length))).toBe(true);
        if (method !== 'once') expect(got.length).toBe(sent.length);
      });
    }
  );

  it('gives a listener of data that is added when others left everything again', async () => {
    const { peer, ws } = await openRaw(role);
    const listener = () => {};
    socketOf(ws).on('data', listener).removeListener('data', listener);
    peer.send('a');
    await once(ws, 'message');
    let length = 0;
    socketOf(ws).on('data', (chunk) => (length += chunk.length));
    const bytes = peer.frame('b');
    peer.write(bytes);
    await once(ws, 'message');
    await vi.waitFor(() => expect(length).toBe(bytes.length));
  });
});

describe('the HTTP server', () => {
  /** A server with some connections. */
  async function serve(count: number) {
    const server = http.createServer();
    const wss = new WebSocketServer({ server });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    onTestFinished(() => {
      for (const ws of wss.clients!) (ws as WebSocket).terminate();
      server.close();
    });
    const { port } = server.address() as { port: number };
    const requests: http.IncomingMessage[] = [];
    wss.on('connection', (_ws, request) => requests.push(request));
    const clients = await Promise.all(
      Array.from({ length: count }, async () => {
        const request = http.get({
          port,
          host: '127.0.0.1',
          headers: {
            connection: 'Upgrade',
            upgrade: 'websocket',
            'sec-websocket-key': 'dGhlIHNhbXBsZSBub25jZQ==',
            'sec-websocket-version': '13'
          }
        });
        const [, socket] = (await once(request, 'upgrade')) as [unknown, Socket];
        socket.on('error', () => {});
        onTestFinished(() => void socket.destroy());
        return socket;
      })
    );
    return { server, wss, clients, requests };
  }

  const countOf = (server: http.Server) =>
    new Promise<number>((resolve, reject) => {
      server.getConnections((error, count) => (error ? reject(error) : resolve(count)));
    });

  it('counts its connections', async () => {
    const { server, wss, clients } = await serve(3);
    expect(await countOf(server)).toBe(3);
    const [ws] = wss.clients as Set<WebSocket>;
    ws.terminate();
    await closeOf(ws);
    expect(await countOf(server)).toBe(2);
    for (const client of clients) client.destroy();
    await vi.waitFor(async () => expect(await countOf(server)).toBe(0));
  });

  it('that is closed is closed when its last connection is', async () => {
    const { server, wss } = await serve(2);
    let closed = false;
    const all = new Promise<void>((resolve) =>
      server.close(() => {
        closed = true;
        resolve();
      })
    );
    const [first, second] = wss.clients as Set<WebSocket>;
    first.terminate();
    await closeOf(first);
    expect(closed).toBe(false);
    second.terminate();
    await all;
  });

  it('has the socket of the connection in the request', async () => {
    const { requests, wss } = await serve(1);
    const [ws] = wss.clients as Set<WebSocket>;
    expect(requests[0].socket).toBe(socketOf(ws));
    const closed = closeOf(ws);
    requests[0].socket.destroy();
    expect(await closed).toEqual([1006, '']);
  });
});

describe('a process', () => {
  it('ends when nothing but unreferenced connections is left, on both sides', async () => {
    const program = await runProgram(`
      const { WebSocket, WebSocketServer } = ferrows;
      const wss = new WebSocketServer({ port: 0, host: '127.0.0.1' }, () => {
        const ws = new WebSocket('ws://127.0.0.1:' + wss.address().port);
        ws.on('message', () => {
          ws._socket.unref();
          wss._server.unref();
          console.log('heard');
        });
      });
      wss.on('connection', (ws) => {
        ws.send('x');
        ws._socket.unref();
      });`);
    expect(await program.line()).toBe('heard');
    expect(await program.exited).toEqual({ status: 0, errors: '' });
  });

  it('goes on for a connection that was referenced again, until it is closed', async () => {
    const { accepted, url } = await listenRaw();
    const program = await runProgram(`
      const ws = new ferrows.WebSocket(${JSON.stringify(url)});
      ws.on('open', () => {
        ws._socket.unref();
        ws._socket.ref();
        process.once('beforeExit', () => console.log('has nothing to do'));
        console.log('open');
      });
      ws.on('message', (data) => {
        console.log(String(data));
        ws.terminate();
      });`);
    const peer = await accepted;
    expect(await program.line()).toBe('open');
    peer.send('still there');
    expect(await program.line()).toBe('still there');
    expect(await program.line()).toBe('has nothing to do');
    expect((await program.exited).status).toBe(0);
  });

  it('ends although connections that were closed in every way had been referenced', async () => {
    const program = await runProgram(`
      const { WebSocket, WebSocketServer } = ferrows;
      const ways = [
        (ws) => ws.close(), (ws) => ws.terminate(), (ws) => ws._socket.destroy(),
        (ws) => ws._socket.resetAndDestroy(), (ws) => ws._socket.end(),
        (ws) => ws._socket.ref().ref().destroy(), (ws) => ws._socket.unref().ref().unref().destroy()
      ];
      const wss = new WebSocketServer({ port: 0, host: '127.0.0.1' }, () => {
        let left = ways.length;
        for (const way of ways) {
          const ws = new WebSocket('ws://127.0.0.1:' + wss.address().port);
          ws.on('error', () => {});
          ws.on('open', () => way(ws));
          ws.on('close', () => --left === 0 && wss.close());
        }
      });
      wss.on('connection', (ws) => ws.on('error', () => {}));`);
    expect(await program.exited).toEqual({ status: 0, errors: '' });
  });
});

it('runs over a socket of the memory as well', async () => {
  const { client, server } = await openPair('memory');
  const message = once(server, 'message');
  client.send('no descriptor');
  expect(String((await message)[0])).toBe('no descriptor');
});
