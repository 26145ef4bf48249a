import { EventEmitter, once } from 'node:events';
import * as http from 'node:http';
import * as net from 'node:net';
import { describe, expect, it, onTestFinished } from 'vitest';
import type { ServerOptions } from '../../src/handshake/options.js';
import { exchange, ipcPath, listen, upgradeRequest } from '../handshake/peers.js';
import { WebSocket, WebSocketServer } from '../subject.js';

/** A server with an HTTP server of its own that listens; it and its clients end with the test. */
async function own(options: ServerOptions = {}) {
  const wss = new WebSocketServer({ port: 0, host: '127.0.0.1', ...options });
  endWithTest(wss, wss._server!);
  await once(wss, 'listening');
  return { wss, port: portOf(wss) };
}

function endWithTest(wss: WebSocketServer, server: net.Server): void {
  onTestFinished(async () => {
    for (const ws of wss.clients ?? []) ws.terminate();
    if (!server.listening) return;
    server.close();
    await once(server, 'close');
  });
}

const portOf = (wss: WebSocketServer) => (wss.address() as net.AddressInfo).port;

async function client(port: number, path = '/'): Promise<WebSocket> {
  const ws = new WebSocket(`ws://127.0.0.1:${port}${path}`);
  onTestFinished(() => ws.terminate());
  ws.on('error', () => {});
  await new Promise((resolve) => ws.once('open', resolve).once('close', resolve));
  return ws;
}

const closed = (server: EventEmitter) =>
  new Promise<void>((resolve) => server.once('close', resolve));

describe('the constructor', () => {
  const error = new TypeError(
    'One and only one of the "port", "server", or "noServer" options must be specified'
  );
  const server = http.createServer();

  it.each<[string, ServerOptions | undefined]>([
    ['no options', undefined],
    ['none of port, server and noServer', {}],
    ['port and server', { port: 0, server }],
    ['port and noServer', { port: 0, noServer: true }],
    ['server and noServer', { server, noServer: true }],
    ['all three', { port: 0, server, noServer: true }]
  ])('throws for %s', (_what, options) => {
    expect(() => new WebSocketServer(options)).toThrow(error);
  });

  it('takes undefined and null as absent', () => {
    for (const port of [undefined, null]) {
      expect(() => new WebSocketServer({ port, noServer: true, server: null })).not.toThrow();
    }
  });

  it('calls back when the server of its own listens', async () => {
    const wss = await new Promise<WebSocketServer>((resolve) => {
      const created = new WebSocketServer({ port: 0, host: '127.0.0.1' }, () => resolve(created));
    });
    expect(portOf(wss)).toBeGreaterThan(0);
    wss.close();
    await closed(wss);
  });

  it('has no `clients` without clientTracking', () => {
    const wss = new WebSocketServer({ noServer: true, clientTracking: false });
    expect('clients' in wss).toBe(false);
    expect(new WebSocketServer({ noServer: true }).clients).toEqual(new Set());
  });

  it('keeps the options with their defaults, perMessageDeflate true as {}', () => {
    const wss = new WebSocketServer({ noServer: true, perMessageDeflate: true, maxPayload: 5 });
    expect(wss.options).toMatchObject({
      noServer: true,
      perMessageDeflate: {},
      maxPayload: 5,
      closeTimeout: 30_000,
      WebSocket
    });
  });

  it('emits the error of an address in use', async () => {
    const { port } = await own();
    const second = new WebSocketServer({ port, host: '127.0.0.1' });
    const [failure] = await once(second, 'error');
    expect(failure.code).toBe('EADDRINUSE');
  });
});

describe('its own HTTP server', () => {
  it('answers a plain request with 426', async () => {
    const { port } = await own();
    const answer = await exchange(port, 'GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n');
    expect(answer.replace(/Date: .*\r\n/, '')).toBe(
      [
        'HTTP/1.1 426 Upgrade Required',
        'Content-Length: 16',
        'Content-Type: text/plain',
        'Connection: close',
        '\r\nUpgrade Required'
      ].join('\r\n')
    );
  });

  it('is `_server`', async () => {
    const { wss, port } = await own();
    expect(wss._server).toBeInstanceOf(http.Server);
    expect((wss._server!.address() as net.AddressInfo).port).toBe(port);
  });
});

describe('an HTTP server that is given', () => {
  it('passes its events on', async () => {
    const server = http.createServer();
    const wss = new WebSocketServer({ server });
    const events: unknown[] = [];
    wss.on('listening', () => events.push('listening'));
    wss.on('error', (error) => events.push(error.message));
    await listen(server);
    server.emit('error', new Error('test'));
    expect(events).toEqual(['listening', 'test']);
    expect(wss._server).toBe(server);
  });

  it('may listen on a path', async () => {
    const path = ipcPath();
    const server = http.createServer();
    const wss = new WebSocketServer({ server });
    await listen(server, path);
    expect(wss.address()).toBe(path);
    const connected = once(wss, 'connection');
    const ws = new WebSocket(`ws+unix:${path}`);
    await Promise.all([connected, once(ws, 'open')]);
    ws.terminate();
  });

  it('may serve several WebSocket servers on different paths', async () => {
    const server = http.createServer();
    const paths = ['/foo', '/bar'];
    const servers = new Map(
      paths.map((path) => [path, new WebSocketServer({ noServer: true, path })])
    );
    server.on('upgrade', (request, socket, head) => {
      const wss = servers.get(new URL(request.url!, 'ws://a').pathname)!;
      wss.handleUpgrade(request, socket, head, (ws) => wss.emit('connection', ws, request));
    });
    const port = await listen(server);
    for (const [path, wss] of servers) {
      const [[ws, request]] = await Promise.all([once(wss, 'connection'), client(port, path)]);
      expect(request.url).toBe(path);
      expect(wss.clients).toEqual(new Set([ws]));
    }
  });

  it('must not have two WebSocket servers that take the same request', async () => {
    const server = http.createServer();
    const first = new WebSocketServer({ server });
    const second = new WebSocketServer({ noServer: true });
    const failed = new Promise<Error>((resolve) => {
      server.on('upgrade', (request, socket, head) => {
        try {
          second.handleUpgrade(request, socket, head, () => expect.unreachable());
        } catch (error) {
          resolve(error as Error);
        }
      });
    });
    const port = await listen(server);
    const [, error] = await Promise.all([client(port), failed]);
    expect(error).toEqual(
      new Error(
        'server.handleUpgrade() was called more than once with the same socket, ' +
          'possibly due to a misconfiguration'
      )
    );
    expect(first.clients!.size).toBe(1);
  });
});

describe('connection', () => {
  it('is emitted with an open WebSocket and the request', async () => {
    const { wss, port } = await own();
    const [[ws, request]] = await Promise.all([once(wss, 'connection'), client(port, '/a?b')]);
    expect(ws).toBeInstanceOf(WebSocket);
    expect(ws.readyState).toBe(WebSocket.OPEN);
    expect(request).toBeInstanceOf(http.IncomingMessage);
    expect(request.url).toBe('/a?b');
    expect(ws._socket).toBe(request.socket);
    expect(ws._isServer).toBe(true);
  });

  it('comes when the WebSocket is among the clients, which it leaves when it closes', async () => {
    const { wss, port } = await own();
    const sizes: number[] = [];
    wss.on('connection', () => sizes.push(wss.clients!.size));
    const [[ws]] = await Promise.all([once(wss, 'connection'), client(port)]);
    ws.on('close', () => sizes.push(wss.clients!.size));
    const gone = once(ws, 'close');
    ws.terminate();
    await gone;
    expect(sizes).toEqual([1, 0]);
  });

  it('has a WebSocket of the class of the options', async () => {
    class Custom extends WebSocket {
      greet() {
        return 'hi';
      }
    }
    const { wss, port } = await own({ WebSocket: Custom as never });
    const [[ws]] = await Promise.all([once(wss, 'connection'), client(port)]);
    expect(ws).toBeInstanceOf(Custom);
    expect(ws.greet()).toBe('hi');
  });
});

describe('address()', () => {
  it('is that of the HTTP server, and null when closed', async () => {
    const { wss } = await own();
    expect(wss.address()).toMatchObject({ address: '127.0.0.1', family: 'IPv4' });
    wss.close();
    expect(wss.address()).toBeNull();
    await closed(wss);
  });

  it('throws in noServer mode', () => {
    const wss = new WebSocketServer({ noServer: true });
    expect(() => wss.address()).toThrow(new Error('The server is operating in "noServer" mode'));
  });
});

describe('shouldHandle()', () => {
  it.each([
    ['/foo', '/foo', true],
    ['/foo', '/foo?bar', true],
    ['/foo', '/foo?', true],
    ['/foo', '/foo/', false],
    ['/foo', '/FOO', false],
    ['/foo', '/?/foo', false],
    [null, '/anything', true],
    ['', '/anything', true]
  ])('with the path %j says of %s %s', (path, url, expected) => {
    const wss = new WebSocketServer({ noServer: true, path });
    expect(wss.shouldHandle({ url } as http.IncomingMessage)).toBe(expected);
  });

  it('may be overridden', async () => {
    const { wss, port } = await own();
    wss.shouldHandle = () => false;
    expect(await exchange(port, upgradeRequest())).toMatch(/^HTTP\/1\.1 400 Bad Request\r\n/);
  });
});

describe('handleUpgrade()', () => {
  it('calls back instead of emitting connection', async () => {
    const server = http.createServer();
    const wss = new WebSocketServer({ noServer: true });
    wss.on('connection', () => expect.unreachable());
    const called = new Promise<unknown[]>((resolve) => {
      server.on('upgrade', (request, socket, head) => {
        wss.handleUpgrade(request, socket, head, (...args) => {
          resolve([args[0].readyState, args[1] === request, args.length]);
        });
      });
    });
    const port = await listen(server);
    await client(port);
    expect(await called).toEqual([WebSocket.OPEN, true, 2]);
    for (const ws of wss.clients!) ws.terminate();
  });

  it('may be followed by completeUpgrade() of another class', async () => {
    class Careful extends WebSocketServer {
      override completeUpgrade(...args: Parameters<WebSocketServer['completeUpgrade']>): void {
        this.emit('completing', args[1], [...args[2]], args[3].url);
        super.completeUpgrade(...args);
      }
    }
    const server = http.createServer();
    const wss = new Careful({ server });
    const completing = once(wss, 'completing');
    const port = await listen(server);
    const request = upgradeRequest({ 'Sec-WebSocket-Protocol': 'foo,bar' });
    wss.on('connection', (ws) => ws._socket!.end());
    expect(await exchange(port, request)).toMatch(/^HTTP\/1\.1 101 /);
    expect(await completing).toEqual(['dGhlIHNhbXBsZSBub25jZQ==', ['foo', 'bar'], '/']);
  });
});

describe('close()', () => {
  it('emits close and calls back, later', async () => {
    for (const clientTracking of [true, false]) {
      const wss = new WebSocketServer({ noServer: true, clientTracking });
      const events: string[] = [];
      wss.on('close', () => events.push('close'));
      const called = new Promise<unknown>((resolve) => wss.close(resolve));
      expect(events).toEqual([]);
      expect(await called).toBeUndefined();
      expect(events).toEqual(['close']);
    }
  });

  it('closes the HTTP server of its own', async () => {
    const { wss } = await own();
    const server = wss._server!;
    wss.close();
    expect(wss._server).toBeNull();
    await closed(wss);
    expect(server.listening).toBe(false);
  });

  it('lets go of an HTTP server that was given, and leaves it open', async () => {
    const server = http.createServer();
    const before = ['listening', 'error', 'upgrade'].map((event) => server.listenerCount(event));
    const wss = new WebSocketServer({ server });
    await listen(server);
    wss.close();
    await closed(wss);
    expect(['listening', 'error', 'upgrade'].map((event) => server.listenerCount(event))).toEqual(
      before
    );
    expect(server.listening).toBe(true);
    expect(wss._server).toBeNull();
  });

  it.each(['own', 'given', 'none'])(
    'leaves the clients open and waits for them, with the HTTP server %s',
    async (kind) => {
      const server = http.createServer();
      const wss = new WebSocketServer(
        kind === 'own'
          ? { port: 0, host: '127.0.0.1' }
          : kind === 'given'
            ? { server }
            : { noServer: true }
      );
      if (kind === 'none') {
        server.on('upgrade', (request, socket, head) =>
          wss.handleUpgrade(request, socket, head, (ws) => wss.emit('connection', ws, request))
        );
      }
      if (kind === 'own') await once(wss, 'listening');
      const port = kind === 'own' ? portOf(wss) : await listen(server);
      const [[accepted], ws] = await Promise.all([once(wss, 'connection'), client(port)]);

      const events: string[] = [];
      const gone = new Promise<void>((resolve) => {
        accepted.on('close', () => {
          events.push('client');
          resolve();
        });
      });
      const done = new Promise<void>((resolve) =>
        wss.close(() => {
          events.push('server');
          resolve();
        })
      );
      ws.send('still here');
      expect(`${(await once(accepted, 'message'))[0]}`).toBe('still here');
      expect(events).toEqual([]);
      ws.close();
      await Promise.all([gone, done]);
      // Which one an HTTP server of its own lets be first is up to Node.
      expect(kind === 'own' ? events.sort() : events).toEqual(['client', 'server']);
    }
  );

  it('waits for none without clientTracking unless the HTTP server is its own', async () => {
    const server = http.createServer();
    const wss = new WebSocketServer({ server, clientTracking: false });
    const port = await listen(server);
    const [[accepted]] = await Promise.all([once(wss, 'connection'), client(port)]);
    wss.close();
    await closed(wss);
    expect(accepted.readyState).toBe(WebSocket.OPEN);
    accepted.terminate();
  });

  it('refuses a connection that is just being made with 503', async () => {
    const { wss } = await own({
      verifyClient: (_info, callback) => {
        wss.close();
        callback(true);
      }
    });
    const answer = await exchange(portOf(wss), upgradeRequest());
    expect(answer).toMatch(/^HTTP\/1\.1 503 Service Unavailable\r\n/);
  });

  it('may be called again before it is done', async () => {
    const { wss } = await own();
    let events = 0;
    wss.on('close', () => events++);
    const results = await Promise.all(
      [1, 2].map(() => new Promise((resolve) => wss.close(resolve)))
    );
    expect(results).toEqual([undefined, undefined]);
    expect(events).toBe(1);
  });

  it('calls back with an error and emits close once more when it was done', async () => {
    const wss = new WebSocketServer({ noServer: true });
    wss.close();
    await closed(wss);
    const again = closed(wss);
    const error = await new Promise((resolve) => wss.close(resolve));
    expect(error).toEqual(new Error('The server is not running'));
    await again;
  });
});

describe('a socket', () => {
  it('is the one of the request, given back when the connection is over', async () => {
    const server = http.createServer();
    const wss = new WebSocketServer({ noServer: true });
    const sockets: net.Socket[] = [];
    server.on('upgrade', (request, socket, head) => {
      sockets.push(socket as net.Socket);
      wss.handleUpgrade(request, socket, head, () => {});
    });
    const port = await listen(server);
    const ws = await client(port);
    const marks = () => Object.getOwnPropertySymbols(sockets[0]).filter(isWebSocketMark);
    const isWebSocketMark = (symbol: symbol) => symbol.description === 'websocket';
    const [accepted] = wss.clients!;
    expect(marks().map((mark) => (sockets[0] as any)[mark])).toEqual([accepted]);

    const gone = once(accepted, 'close');
    ws.close();
    await gone;
    expect(marks().map((mark) => (sockets[0] as any)[mark])).toEqual([undefined]);
  });
});
