import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import * as http from 'node:http';
import { Socket, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import * as path from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { backend } from '../../../src/index.js';
import { closeOf } from '../../contract/events.js';
import { WebSocket, WebSocketServer } from '../../contract/library.js';
import { roles } from '../../contract/raw-peer.js';
import { carrierOf, leanSocketOf, openLean } from './lean.js';

describe.skipIf(backend.transport !== 'reactor').each(roles)('a lean socket of a %s', (role) => {
  it('is none of Node’s, and an emitter without storage', async () => {
    const { socket } = await openLean(role);
    expect(socket).not.toBeInstanceOf(Socket);
    expect(Object.keys(socket)).not.toContain('_events');
    expect(socket.listenerCount('close')).toBe(0);
  });

  it('has the addresses of both ends', async () => {
    const { peer, socket } = await openLean(role);
    expect(socket.remoteAddress).toBe('127.0.0.1');
    expect(socket.remotePort).toBe(peer.socket.localPort);
    expect(socket.remoteFamily).toBe('IPv4');
    expect(socket.localAddress).toBe('127.0.0.1');
    expect(socket.localPort).toBe(peer.socket.remotePort);
    expect(socket.localFamily).toBe('IPv4');
    expect(socket.address()).toEqual({
      address: '127.0.0.1',
      family: 'IPv4',
      port: peer.socket.remotePort
    });
  });

  it('remembers the peer’s address when it was asked for before the end', async () => {
    const [asked, other] = [await openLean(role), await openLean(role)];
    const port = asked.socket.remotePort;
    for (const { socket, ws } of [asked, other]) {
      const closed = closeOf(ws);
      socket.destroy();
      await closed;
    }
    expect(port).toBeGreaterThan(0);
    expect(asked.socket.remotePort).toBe(port);
    expect(other.socket.remotePort).toBeUndefined();
    expect(other.socket.address()).toEqual({});
  });

  it('says what state it is in', async () => {
    const { peer, socket, ws } = await openLean(role);
    const state = () => {
      const { readyState, readable, writable, destroyed, closed } = socket;
      return { readyState, readable, writable, destroyed, closed };
    };
    const open = { readable: true, writable: true, destroyed: false, closed: false };
    expect(state()).toEqual({ readyState: 'open', ...open });
    socket.end();
    expect(state()).toEqual({ readyState: 'readOnly', ...open, writable: false });
    expect(socket.writableEnded).toBe(true);
    await once(socket, 'finish');
    expect(socket.writableFinished).toBe(true);
    const ended = once(socket, 'end');
    const closed = once(socket, 'close');
    peer.socket.end();
    await ended;
    expect(socket.readableEnded).toBe(true);
    expect(await closed).toEqual([false]);
    const over = { readable: false, writable: false, destroyed: true, closed: true };
    expect(state()).toEqual({ readyState: 'closed', ...over });
    expect(ws.readyState).toBe(WebSocket.CLOSED);
  });

  it('counts bytes from the beginning of the connection', async () => {
    const { peer, socket, ws } = await openLean(role);
    const { bytesRead, bytesWritten } = socket;
    expect(bytesWritten).toBe(peer.socket.bytesRead);
    expect(bytesRead).toBe(peer.socket.bytesWritten);
    const heard = once(ws, 'message');
    peer.send('0123456789');
    await heard;
    ws.send('0123456789');
    await peer.next();
    const masked = 4;
    expect(socket.bytesRead - bytesRead).toBe(12 + (role === 'server' ? masked : 0));
    expect(socket.bytesWritten - bytesWritten).toBe(12 + (role === 'server' ? 0 : masked));
    const closed = closeOf(ws);
    ws.terminate();
    await closed;
    expect(socket.bytesRead).toBeGreaterThan(bytesRead);
  });

  it('writes bytes behind what was sent before', async () => {
    const { peer, socket, ws } = await openLean(role);
    ws.send('first');
    const written = new Promise<unknown>((resolve) =>
      expect(socket.write('\x8a\x03raw', 'latin1', resolve)).toBe(true)
    );
    ws.send('last');
    const frames = await peer.nextFrames(3);
    expect(frames.map(({ payload }) => payload.toString())).toEqual(['first', 'raw', 'last']);
    expect((await written) ?? null).toBeNull();
  });

  it('emits "drain" once the kernel has everything of a large write', async () => {
    const { peer, socket } = await openLean(role);
    peer.socket.pause();
    const head = Buffer.from([0x82, 127, 0, 0, 0, 0, 1, 0, 0, 0]);
    socket.write(head);
    expect(socket.write(Buffer.alloc(1 << 24, 'x'))).toBe(false);
    expect(socket.writableLength).toBeGreaterThan(0);
    const drained = once(socket, 'drain');
    peer.socket.resume();
    expect((await peer.next()).payload.length).toBe(1 << 24);
    await drained;
    expect(socket.writableLength).toBe(0);
  });

  it('refuses to write after its end', async () => {
    const { socket } = await openLean(role);
    const errorOfWrite = () =>
      new Promise<unknown>((resolve) => {
        expect(socket.write('x', resolve)).toBe(false);
      });
    socket.end();
    expect(await errorOfWrite()).toMatchObject({ code: 'ERR_STREAM_WRITE_AFTER_END' });
    socket.destroy();
    expect(await errorOfWrite()).toMatchObject({ code: 'ERR_STREAM_DESTROYED' });
  });

  it('end() sends its last bytes and calls back when everything is given to the kernel', async () => {
    const { peer, socket, ws } = await openLean(role);
    const closed = closeOf(ws);
    ws.send('first');
    await new Promise<void>((resolve) => socket.end('\x8a\x03raw', 'latin1', resolve));
    const frames = await peer.nextFrames(2);
    expect(frames.map(({ payload }) => payload.toString())).toEqual(['first', 'raw']);
    await peer.ended;
    peer.socket.end();
    expect(await closed).toEqual([1006, '']);
  });

  it('gives what was sent to the kernel before it is destroyed', async () => {
    const { peer, socket, ws } = await openLean(role);
    const closed = closeOf(ws);
    ws.send('last words');
    socket.destroy();
    expect((await peer.next()).payload.toString()).toBe('last words');
    await peer.ended;
    expect(await closed).toEqual([1006, '']);
  });

  it('tells those who listen of the error that it is destroyed with', async () => {
    const { socket, ws } = await openLean(role);
    const events: unknown[] = [];
    socket.on('error', (error) => events.push(error.message));
    socket.on('close', (hadError) => events.push(hadError));
    const closed = closeOf(ws);
    socket.destroy(new Error('enough'));
    expect(events).toEqual([]);
    expect(await closed).toEqual([1006, '']);
    expect(events).toEqual(['enough', true]);
  });

  it('needs nobody who listens for errors', async () => {
    const { socket, ws } = await openLean(role);
    const closed = closeOf(ws);
    socket.destroy(new Error('unheard'));
    expect(await closed).toEqual([1006, '']);
  });

  it('resets the connection when asked to', async () => {
    const { peer, socket, ws } = await openLean(role);
    const closed = closeOf(ws);
    const error = once(peer.socket, 'error');
    socket.resetAndDestroy();
    expect((await error)[0]).toMatchObject({ code: 'ECONNRESET' });
    expect(await closed).toEqual([1006, '']);
  });

  it('destroySoon() waits for what the kernel has not taken', async () => {
    const { peer, socket, ws } = await openLean(role);
    peer.socket.pause();
    ws.send(Buffer.alloc(1 << 24));
    socket.destroySoon();
    expect(socket.destroyed).toBe(false);
    const closed = closeOf(ws);
    peer.socket.resume();
    expect((await peer.next()).payload.length).toBe(1 << 24);
    expect(await closed).toEqual([1006, '']);
  });

  it('pauses and resumes reading', async () => {
    const { peer, socket, ws } = await openLean(role);
    const heard: string[] = [];
    ws.on('message', (data) => heard.push(String(data)));
    socket.pause();
    expect(socket.isPaused()).toBe(true);
    peer.send('held');
    while (socket.readableLength === 0) await new Promise((resolve) => setImmediate(resolve));
    expect(heard).toEqual([]);
    const message = once(ws, 'message');
    socket.resume();
    expect(socket.isPaused()).toBe(false);
    await message;
    expect(heard).toEqual(['held']);
  });

  it('lets listeners of "data" have what is read', async () => {
    const { peer, socket } = await openLean(role);
    const chunks: Buffer[] = [];
    const heard = new Promise<void>((resolve) =>
      socket.on('data', (chunk: Buffer) => {
        chunks.push(chunk);
        resolve();
      })
    );
    const sent = peer.frame('tapped');
    peer.write(sent);
    await heard;
    expect(Buffer.concat(chunks)).toEqual(sent);
  });

  it('emits "timeout" when nothing comes or goes, and not when something did', async () => {
    const { peer, socket, ws } = await openLean(role);
    let timeouts = 0;
    socket.on('timeout', () => timeouts++);
    expect(socket.setTimeout(1_000_000).timeout).toBe(1_000_000);
    const heard = once(ws, 'message');
    peer.send('in');
    await heard;
    socket.checkTraffic();
    expect(timeouts).toBe(0);
    ws.send('out');
    await peer.next();
    socket.checkTraffic();
    expect(timeouts).toBe(0);
    socket.checkTraffic();
    expect(timeouts).toBe(1);
    const callback = new Promise<void>((resolve) => socket.setTimeout(1, resolve));
    await callback;
    expect(timeouts).toBe(2);
    expect(socket.setTimeout(0).timeout).toBe(0);
    expect(socket.destroyed).toBe(false);
  });

  it('takes the options of a socket, and all methods return it', async () => {
    const { socket } = await openLean(role);
    for (let round = 0; round < 2; round++) {
      expect(socket.setNoDelay(false).setNoDelay()).toBe(socket);
      expect(socket.setKeepAlive(true, 5000).setKeepAlive()).toBe(socket);
      expect(socket.unref().ref()).toBe(socket);
      expect(socket.pause().resume()).toBe(socket);
      expect(socket.setTimeout(0)).toBe(socket);
      socket.cork();
      socket.uncork();
      expect(socket.resetAndDestroy().destroy()).toBe(socket);
    }
  });
});

describe.skipIf(backend.transport !== 'reactor')('a lean socket', () => {
  it('of a Unix socket has no addresses, as Node’s', async () => {
    const folder = mkdtempSync(path.join(tmpdir(), 'lean-'));
    const server = http.createServer();
    const wss = new WebSocketServer({ server, transport: 'lean' });
    onTestFinished(() => {
      for (const ws of wss.clients!) ws.terminate();
      server.close();
      rmSync(folder, { recursive: true, force: true });
    });
    const file = path.join(folder, 's');
    server.listen(file);
    await once(server, 'listening');
    wss.on('connection', (ws) =>
      ws.on('message', (data: Buffer) => ws.send(`echo ${String(data)}`))
    );
    const client = new WebSocket(`ws+unix://${file}:/`, { transport: 'lean' });
    await once(client, 'open');
    for (const ws of [client, ...wss.clients!] as WebSocket[]) {
      expect(carrierOf(ws)).toBe('LeanTransport');
      const socket = leanSocketOf(ws);
      expect([socket.remoteAddress, socket.remotePort, socket.localAddress]).toEqual([
        undefined,
        undefined,
        undefined
      ]);
      expect(socket.address()).toEqual({});
      socket.setNoDelay();
    }
    client.send('through a file');
    const [data] = await once(client, 'message');
    expect(String(data)).toBe('echo through a file');
    client.close(1000, 'bye');
    expect(await closeOf(client)).toEqual([1000, 'bye']);
  });

  it('of an IPv6 connection has its addresses as Node’s', async () => {
    const addresses: unknown[] = [];
    for (const transport of ['lean', 'stream'] as const) {
      const wss = new WebSocketServer({ port: 0, host: '::', transport });
      onTestFinished(() => {
        for (const ws of wss.clients!) ws.terminate();
        wss.close();
      });
      await once(wss, 'listening');
      const connection = once(wss, 'connection') as Promise<[WebSocket]>;
      const { port } = wss.address() as AddressInfo;
      const client = new WebSocket(`ws://127.0.0.1:${port}`);
      await once(client, 'open');
      const [ws] = await connection;
      const { remoteAddress, remoteFamily, localAddress } = leanSocketOf(ws);
      addresses.push({ remoteAddress, remoteFamily, localAddress });
    }
    expect(addresses[0]).toEqual(addresses[1]);
    expect(addresses[0]).toMatchObject({ remoteAddress: '::ffff:127.0.0.1' });
  });
});
