import { EventEmitter, once } from 'node:events';
import { describe, expect, it } from 'vitest';
import { Sender } from '../../src/api/sender.js';
import { WebSocket } from '../../src/api/websocket.js';
import { closeOf } from '../contract/events.js';
import { openPair, openServer } from '../contract/pair.js';
import { openMemory } from '../contract/raw-memory.js';
import { roles } from '../contract/raw-peer.js';
import { StockWebSocket as Stock } from '../contract/stock.js';

/** The names that a `for…in` shows, and what there is besides methods that begin with `_`. */
const enumerable = (object: object) => {
  const names: string[] = [];
  for (const name in object) names.push(name);
  return names.sort();
};
const methods = (prototype: object) =>
  Object.getOwnPropertyNames(prototype).filter((name) => !name.startsWith('_'));

describe('the class', () => {
  it('is an EventEmitter', () => {
    expect(new WebSocket(null)).toBeInstanceOf(EventEmitter);
    expect(WebSocket.name).toBe('WebSocket');
  });

  it.each([
    ['CONNECTING', 0],
    ['OPEN', 1],
    ['CLOSING', 2],
    ['CLOSED', 3]
  ] as const)('has %s as a constant that cannot be changed', (name, value) => {
    for (const object of [WebSocket, WebSocket.prototype]) {
      expect(Object.getOwnPropertyDescriptor(object, name)).toEqual({
        configurable: false,
        enumerable: true,
        value,
        writable: false
      });
    }
  });

  it('shows the same members as ws', () => {
    const own = enumerable(WebSocket).filter((name) => name !== 'backend');
    expect(own).toEqual(enumerable(Stock));
    expect(enumerable(WebSocket.prototype)).toEqual(enumerable(Stock.prototype));
  });

  it('has every member of ws', () => {
    const own = new Set(methods(WebSocket.prototype));
    expect(methods(Stock.prototype).filter((name) => !own.has(name))).toEqual([]);
  });

  it('has a flush of its own, and nothing else that ws does not have', () => {
    const stock = new Set(methods(Stock.prototype));
    expect(methods(WebSocket.prototype).filter((name) => !stock.has(name))).toEqual(['flush']);
  });

  it('can be extended, and the extension accepted connections of a server', async () => {
    class Greeter extends WebSocket {
      greet(): void {
        this.send('hello');
      }
    }
    const { client, server } = await openPair('TCP', { server: { WebSocket: Greeter } });
    const message = once(client, 'message');
    (server as unknown as Greeter).greet();
    expect(String((await message)[0])).toBe('hello');
  });
});

describe('one that is not connected', () => {
  const unconnected = () => new WebSocket(null, undefined, {});

  it('has the properties of ws, with its values', () => {
    const [own, stock] = [unconnected(), new Stock(null, undefined, {})];
    for (const name of [
      'binaryType',
      'extensions',
      'isPaused',
      'protocol',
      'readyState'
    ] as const) {
      expect([name, own[name]]).toEqual([name, stock[name]]);
    }
    expect(own.url).toBe(undefined);
    for (const name of ['onopen', 'onmessage', 'onclose', 'onerror'] as const) {
      expect((own as unknown as Record<string, unknown>)[name]).toBe(null);
    }
  });

  it('is on the side of a server until it is told otherwise', () => {
    expect(unconnected()._isServer).toBe(true);
  });

  it('needs no options', () => {
    expect(new WebSocket(null).readyState).toBe(WebSocket.CONNECTING);
  });

  it.each(['send', 'ping', 'pong'] as const)('throws at %s', (method) => {
    expect(() => unconnected()[method]('data')).toThrow(
      'WebSocket is not open: readyState 0 (CONNECTING)'
    );
  });
});

describe.each(roles)('setSocket in the role of a %s', (role) => {
  it('opens the connection, and emits open', async () => {
    const { near, ws } = openMemory(role);
    expect(ws.readyState).toBe(WebSocket.OPEN);
    expect(ws._socket).toBe(near);
    expect(ws._sender).toBeInstanceOf(Sender);
    const again = new WebSocket(null);
    const opened = once(again, 'open');
    again.setSocket(openMemory(role).far, Buffer.alloc(0), {});
    await opened;
  });

  it('delivers the bytes that were read before', async () => {
    const { far, frame } = openMemory(role);
    const other = new WebSocket(null);
    other._isServer = role === 'server';
    const message = once(other, 'message');
    other.setSocket(far, frame('in the head'), {});
    expect(String((await message)[0])).toBe('in the head');
    other.terminate();
  });

  it('takes a binary type that was set before', () => {
    const { far } = openMemory(role);
    const other = new WebSocket(null);
    other.binaryType = 'arraybuffer';
    other.setSocket(far, Buffer.alloc(0), {});
    expect(other._receiver!._binaryType).toBe('arraybuffer');
    other.terminate();
  });
});

describe('url', () => {
  it('is the address of a client, and of no server', async () => {
    const { client, server } = await openPair('TCP');
    expect(client.url).toMatch(/^ws:\/\/localhost:\d+\/$/);
    expect(server.url).toBe(undefined);
  });
});

describe('readyState', () => {
  it('goes from CONNECTING over OPEN and CLOSING to CLOSED', async () => {
    const { connect } = await openServer('TCP');
    const client = connect();
    const states = [client.readyState];
    await once(client, 'open');
    states.push(client.readyState);
    const closed = closeOf(client);
    client.close();
    states.push(client.readyState);
    await closed;
    states.push(client.readyState);
    expect(states).toEqual([0, 1, 2, 3]);
  });

  it('is OPEN in a listener of open, and CLOSED in one of close', async () => {
    const { connect } = await openServer('TCP');
    const client = connect();
    const states: number[] = [];
    client.on('open', () => states.push(client.readyState));
    client.on('close', () => states.push(client.readyState));
    await once(client, 'open');
    client.terminate();
    await once(client, 'close');
    expect(states).toEqual([1, 3]);
  });
});

describe('binaryType', () => {
  it('takes the four types, and nothing else', () => {
    const websocket = new WebSocket(null);
    for (const type of ['arraybuffer', 'fragments', 'blob', 'nodebuffer'] as const) {
      websocket.binaryType = type;
      expect(websocket.binaryType).toBe(type);
    }
    for (const type of ['', 'buffer', 'BLOB', null, undefined]) {
      websocket.binaryType = type as never;
      expect(websocket.binaryType).toBe('nodebuffer');
    }
  });
});

describe('the members that programs use although they begin with an underscore', () => {
  it('_socket of a server is the socket of the request', async () => {
    const { connect, wss } = await openServer('TCP');
    const connection = once(wss, 'connection');
    const client = connect();
    const [server, request] = await connection;
    expect(server._socket).toBe(request.socket);
    expect(server._socket.remoteAddress).toMatch(/127\.0\.0\.1$/);
    await once(client, 'open');
  });

  it('_sender._bufferedBytes is what waits behind a compression', async () => {
    const { client } = await openPair('TCP', { server: { perMessageDeflate: true } });
    client.send('x'.repeat(50_000));
    expect((client as any)._sender._bufferedBytes).toBe(50_000);
    await new Promise((resolve) => client.send('', resolve));
    expect((client as any)._sender._bufferedBytes).toBe(0);
  });

  it('_receiver is there while the connection is', async () => {
    const { client, server } = await openPair('TCP');
    expect((client as any)._receiver).toHaveProperty('_maxPayload', 100 * 1024 * 1024);
    expect((server as any)._receiver).toHaveProperty('_maxPayload', 100 * 1024 * 1024);
  });
});
