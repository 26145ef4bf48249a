import { once } from 'node:events';
import * as net from 'node:net';
import { describe, expect, it, onTestFinished } from 'vitest';
import { closeOf } from './events.js';
import { WebSocket } from './library.js';
import { carriers, openPair, openServer } from './pair.js';
import { openRaw, roles } from './raw-peer.js';
import { captureUncaught } from './uncaught.js';

describe.each(carriers)('over %s', (carrier) => {
  it.each(['client', 'server'] as const)(
    'a %s calls back in the order of its sends',
    async (side) => {
      const pair = await openPair(carrier);
      const called: number[] = [];
      const sizes = [10, 100_000, 0, 5, 20_000, 1];
      await new Promise<void>((resolve) => {
        for (const [i, size] of sizes.entries()) {
          pair[side].send(Buffer.alloc(size), (error) => {
            expect(error ?? undefined).toBe(undefined);
            if (called.push(i) === sizes.length) resolve();
          });
        }
        expect(called).toEqual([]);
      });
      expect(called).toEqual([...sizes.keys()]);
    }
  );

  it('bufferedAmount is 0 when everything has been taken', async () => {
    const { client } = await openPair(carrier);
    expect(client.bufferedAmount).toBe(0);
    await new Promise((resolve) => client.send('some', resolve));
    expect(client.bufferedAmount).toBe(0);
  });
});

describe.each(roles)('a %s', (role) => {
  it('calls back with an error when the connection is lost', async () => {
    const { peer, ws } = await openRaw(role);
    peer.socket.pause();
    const results: (Error | null | undefined)[] = [];
    const all = new Promise<void>((resolve) => {
      for (let i = 0; i < 20; i++) {
        ws.send(Buffer.alloc(1024 * 1024), (error) => results.push(error) === 20 && resolve());
      }
    });
    ws.terminate();
    await all;
    expect(results.at(-1)).toBeInstanceOf(Error);
  });

  it('calls back with an error after close, and counts the bytes', async () => {
    const { ws } = await openRaw(role);
    ws.close();
    const before = ws.bufferedAmount;
    const error = await new Promise<unknown>((resolve) => ws.send('hello', resolve));
    expect(error).toEqual(new Error('WebSocket is not open: readyState 2 (CLOSING)'));
    expect(ws.bufferedAmount).toBe(before + 5);
  });

  it('calls back with an error when it is closed', async () => {
    const { ws } = await openRaw(role);
    ws.terminate();
    await closeOf(ws);
    const message = 'WebSocket is not open: readyState 3 (CLOSED)';
    for (const send of ['send', 'ping', 'pong'] as const) {
      const error = await new Promise<unknown>((resolve) =>
        (ws[send] as (data: string, done: unknown) => void)('x', resolve)
      );
      expect(error).toEqual(new Error(message));
    }
    expect(ws.bufferedAmount).toBe(3);
  });

  it.each<[string, unknown, number]>([
    ['text', 'ä', 2],
    ['a number', 100, 3],
    ['bytes', Buffer.alloc(7), 7],
    ['a Blob', new Blob(['12345']), 5],
    ['nothing', undefined, 0]
  ])('counts %s that is sent too late', async (_name, data, length) => {
    const { ws } = await openRaw(role);
    ws.terminate();
    await closeOf(ws);
    ws.send(data);
    expect(ws.bufferedAmount).toBe(length);
  });

  it('takes null for no callback and no options', async () => {
    const { peer, ws } = await openRaw(role);
    ws.send('a', null, null as never);
    ws.ping('b', undefined, null as never);
    const frames = await peer.nextFrames(2);
    expect(frames.map(({ payload }) => String(payload))).toEqual(['a', 'b']);
    ws.close();
    expect(() => ws.send('late', {}, null as never)).not.toThrow();
    expect(() => ws.ping('late', false, null as never)).not.toThrow();
    await once(peer.socket, 'data');
  });

  it('calls back everyone although one of them throws', async () => {
    const { ws } = await openRaw(role);
    const uncaught = captureUncaught();
    ws.send('a', () => {
      throw new Error('callback');
    });
    await new Promise<void>((resolve) => ws.send('b', () => resolve()));
    expect(uncaught.messages()).toEqual(['callback']);
  });
});

describe('before the connection is open', () => {
  it.each(['send', 'ping', 'pong'] as const)('%s throws', async (method) => {
    const { connect } = await openServer('TCP');
    const ws = connect();
    expect(() => (ws[method] as (data: string) => void)('early')).toThrow(
      new Error('WebSocket is not open: readyState 0 (CONNECTING)')
    );
    await once(ws, 'open');
  });

  it('bufferedAmount is 0', async () => {
    const { connect } = await openServer('TCP');
    const ws = connect();
    expect(ws.bufferedAmount).toBe(0);
    await once(ws, 'open');
  });
});

describe('after a handshake that failed', () => {
  it('what is sent is counted, and called back with an error', async () => {
    const server = net.createServer((socket) => void socket.destroy());
    server.listen(0, '127.0.0.1');
    onTestFinished(() => void server.close());
    await once(server, 'listening');
    const { port } = server.address() as net.AddressInfo;
    const ws = new WebSocket(`ws://127.0.0.1:${port}`);
    await closeOf(ws);
    const error = await new Promise<unknown>((resolve) => ws.send('hello', resolve));
    expect(error).toEqual(new Error('WebSocket is not open: readyState 3 (CLOSED)'));
    expect(ws.bufferedAmount).toBe(5);
  });
});
