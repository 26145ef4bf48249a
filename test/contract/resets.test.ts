import { once } from 'node:events';
import { setImmediate as turn } from 'node:timers/promises';
import * as net from 'node:net';
import { constants } from 'node:os';
import { describe, expect, it, onTestFinished } from 'vitest';
import { closeOf, record } from './events.js';
import { WebSocket, WebSocketServer } from './library.js';
import { openRaw, roles, type RawPeer } from './raw-peer.js';
import { CLOSE, closeBody } from './wire.js';

/** Whether the peer's close frame has come. */
const isConcluded = (ws: WebSocket) =>
  (ws as unknown as { _closeFrameReceived: boolean })._closeFrameReceived;

type Prepare = (ws: WebSocket, peer: RawPeer) => void | Promise<void | (() => void)>;

/** What a connection is doing when its peer resets it, and what it does a turn later. */
const states: Record<string, Prepare> = {
  'when it is open': () => {},
  'in the middle of a frame': async (_ws, peer) => {
    peer.write(peer.frame('x'.repeat(100)).subarray(0, 50));
    await turn();
  },
  'in the middle of a large message': async (_ws, peer) => {
    peer.write(peer.frame(Buffer.alloc(4 << 20)).subarray(0, 1 << 20));
    await turn();
  },
  'between two fragments': async (_ws, peer) => {
    peer.send('first', { fin: false });
    await turn();
  },
  'while a backlog waits': async (ws, peer) => {
    peer.socket.pause();
    ws.send(Buffer.alloc(32 << 20));
    await turn();
    expect(ws.bufferedAmount).toBeGreaterThan(0);
  },
  'while it is paused': async (ws) => {
    ws.pause();
    await turn();
    return () => ws.resume();
  },
  'while it is paused with a backlog': async (ws, peer) => {
    peer.socket.pause();
    ws.pause();
    ws.send(Buffer.alloc(32 << 20));
    await turn();
    return () => ws.resume();
  },
  'after it has begun the closing handshake': async (ws, peer) => {
    ws.close(1000);
    await peer.next();
  },
  'while its close frame waits behind a backlog': async (ws, peer) => {
    peer.socket.pause();
    ws.send(Buffer.alloc(32 << 20));
    ws.close(1000);
    await turn();
  },
  'after it has half-closed': async (ws, peer) => {
    (ws as unknown as { _socket: net.Socket })._socket.end();
    await peer.ended;
  }
};

describe.each(roles)('a %s whose peer resets the connection', (role) => {
  it.each(Object.entries(states))('%s is closed with 1006', async (_name, prepare) => {
    const { peer, ws } = await openRaw(role);
    const events = record(ws);
    const closed = closeOf(ws);
    const goOn = await prepare(ws, peer);
    peer.socket.resetAndDestroy();
    await turn();
    goOn?.();
    expect(await closed).toEqual([1006, '']);
    expect(events).toEqual([['close', 1006, '']]);
    expect(ws.readyState).toBe(WebSocket.CLOSED);
  });

  it('after both close frames is closed with the code — RFC 6455 §7.1.5', async () => {
    const { peer, ws } = await openRaw(role);
    const closed = closeOf(ws);
    ws.close(4001, 'bye');
    await peer.next();
    peer.send(closeBody(4001), { opcode: CLOSE });
    // The server half-closes; a client waits for that.
    if (role === 'server') await peer.ended;
    else while (!isConcluded(ws)) await turn();
    peer.socket.resetAndDestroy();
    expect(await closed).toEqual([4001, '']);
  });

  it('tells its socket what happened', async () => {
    const { peer, ws } = await openRaw(role);
    const { _socket: socket } = ws as unknown as { _socket: net.Socket };
    const error = once(socket, 'error');
    const closed = closeOf(ws);
    peer.socket.resetAndDestroy();
    expect((await error)[0]).toMatchObject({
      message: 'read ECONNRESET',
      code: 'ECONNRESET',
      errno: -constants.errno.ECONNRESET,
      syscall: 'read'
    });
    await closed;
    expect(socket.destroyed).toBe(true);
  });

  it('hears what came before', async () => {
    const { peer, ws } = await openRaw(role);
    const message = once(ws, 'message');
    peer.send('last words');
    expect(String((await message)[0])).toBe('last words');
    const closed = closeOf(ws);
    peer.socket.resetAndDestroy();
    expect((await closed)[0]).toBe(1006);
  });
});

describe('a peer that resets', () => {
  const request = (key: string) =>
    'GET / HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n' +
    `Sec-WebSocket-Key: ${key}\r\nSec-WebSocket-Version: 13\r\n\r\n`;

  async function listen(options: object = {}) {
    const wss = new WebSocketServer({ host: '127.0.0.1', port: 0, ...options });
    await once(wss, 'listening');
    onTestFinished(() => {
      for (const ws of wss.clients!) (ws as WebSocket).terminate();
      wss.close();
    });
    return { wss, port: (wss.address() as net.AddressInfo).port };
  }

  it.each(['nothing', 'half a request'])('after %s leaves the server as it was', async (what) => {
    const { wss, port } = await listen();
    const socket = net.connect(port, '127.0.0.1');
    await once(socket, 'connect');
    if (what !== 'nothing') {
      const text = request('dGhlIHNhbXBsZSBub25jZQ==');
      await new Promise((resolve) => socket.write(text.slice(0, 50), resolve));
    }
    socket.resetAndDestroy();
    const ws = new WebSocket(`ws://127.0.0.1:${port}`);
    await once(ws, 'open');
    expect(wss.clients!.size).toBe(1);
    ws.terminate();
  });

  it('while the server decides whether to accept it is not accepted', async () => {
    const asked: ((accepted: boolean) => void)[] = [];
    const { wss, port } = await listen({
      verifyClient: (_info: unknown, callback: (accepted: boolean) => void) => asked.push(callback)
    });
    wss.on('connection', () => expect.unreachable());
    const socket = net.connect(port, '127.0.0.1');
    socket.on('error', () => {});
    socket.write(request('dGhlIHNhbXBsZSBub25jZQ=='));
    while (asked.length === 0) await turn();
    socket.resetAndDestroy();
    const { _server: server } = wss as unknown as { _server: net.Server };
    const count = () => new Promise((resolve) => server.getConnections((_, n) => resolve(n)));
    while ((await count()) !== 0) await turn();
    asked[0](true);
    await turn();
    expect(wss.clients!.size).toBe(0);
  });

  it('in the very turn in which it is accepted is closed with 1006', async () => {
    const { wss, port } = await listen();
    const closed = new Promise((resolve) => {
      wss.on('connection', (ws) => {
        socket.resetAndDestroy();
        void closeOf(ws).then(resolve);
      });
    });
    const socket = net.connect(port, '127.0.0.1');
    socket.on('error', () => {});
    socket.write(request('dGhlIHNhbXBsZSBub25jZQ=='));
    expect(await closed).toEqual([1006, '']);
  });
});
