import { once } from 'node:events';
import * as http from 'node:http';
import * as https from 'node:https';
import * as net from 'node:net';
import { describe, expect, it } from 'vitest';
import { WebSocket, WebSocketServer } from '../subject.js';
import { httpServer, ipcPath, listen, rawServer, switchingProtocols, untilClose } from './peers.js';

const CLOSED_EARLY = 'error WebSocket was closed before the connection was established';

/** A server that never answers. */
const silentServer = () => listen(net.createServer());
const connectTo = (port: number, options?: ConstructorParameters<typeof WebSocket>[2]) =>
  new WebSocket(`ws://127.0.0.1:${port}`, options);

describe('arguments that cannot work throw', () => {
  it.each([
    ['ws://', 'Invalid URL: ws://'],
    ['foo', 'Invalid URL: foo'],
    [
      'mqtt://a',
      'The URL\'s protocol must be one of "ws:", "wss:", "http:", "https:", or "ws+unix:"'
    ],
    ['ws+unix:', "The URL's pathname is empty"],
    ['ws://a/#b', 'The URL contains a fragment identifier'],
    [new URL('wss://a#b'), 'The URL contains a fragment identifier']
  ])('the address %s', (address, message) => {
    expect(() => new WebSocket(address)).toThrow(new SyntaxError(message));
  });

  it('an address that is no address', () => {
    expect(() => new WebSocket(undefined as never)).toThrow(
      new SyntaxError('Invalid URL: undefined')
    );
  });

  it('an unknown protocol version', () => {
    expect(() => new WebSocket('ws://a', { protocolVersion: 1000 })).toThrow(
      new RangeError('Unsupported protocol version: 1000 (supported versions: 8, 13)')
    );
  });

  it('the version before the address', () => {
    expect(() => new WebSocket('foo', { protocolVersion: 7 })).toThrow(RangeError);
  });

  it.each<[string, unknown[]]>([
    ['null', [null]],
    ['the empty string', ['']],
    ['a blank', ['foo bar']],
    ['a list in one string', ['foo,bar']],
    ['a duplicate', ['foo', 'foo']]
  ])('the subprotocol %s', (_what, protocols) => {
    expect(() => new WebSocket('ws://127.0.0.1', protocols as string[])).toThrow(
      new SyntaxError('An invalid or duplicated subprotocol was specified')
    );
  });

  it('null as the only subprotocol', () => {
    expect(() => new WebSocket('ws://127.0.0.1', null as never)).toThrow(SyntaxError);
  });

  it('a header that HTTP does not allow', () => {
    expect(() => new WebSocket('ws://127.0.0.1', { headers: { foo: 'a\nb' } })).toThrow(
      'Invalid character in header content ["foo"]'
    );
  });
});

describe('the URL of the WebSocket', () => {
  it.each([
    ['ws://127.0.0.1:1', 'ws://127.0.0.1:1/'],
    ['http://127.0.0.1:1/a?b', 'ws://127.0.0.1:1/a?b'],
    ['https://127.0.0.1:1/', 'wss://127.0.0.1:1/'],
    ['ws+unix:/nowhere:/a', 'ws+unix:/nowhere:/a']
  ])('for %s is %s', async (address, url) => {
    const ws = new WebSocket(address);
    expect(ws.url).toBe(url);
    expect(ws.readyState).toBe(WebSocket.CONNECTING);
    ws.terminate();
    expect(await untilClose(ws)).toEqual([CLOSED_EARLY, 'close 1006']);
  });
});

describe('a handshake that fails emits an error, and then close', () => {
  it('when nobody listens there', async () => {
    const path = ipcPath();
    const ws = new WebSocket(`ws+unix:${path}`);
    expect(await untilClose(ws)).toEqual([`error connect ENOENT ${path}`, 'close 1006']);
    expect(ws._req).toBeNull();
  });

  it('when the server hangs up', async () => {
    const port = await rawServer(({ socket }) => socket.end());
    expect(await untilClose(connectTo(port))).toEqual(['error socket hang up', 'close 1006']);
  });

  it('when the server does not speak HTTP', async () => {
    const port = await rawServer(({ socket }) => socket.end('foo\r\n\r\n'));
    const [error, close] = await untilClose(connectTo(port));
    expect(error).toMatch(/^error Parse Error/);
    expect(close).toBe('close 1006');
  });

  it('when the server takes longer than handshakeTimeout', async () => {
    const port = await silentServer();
    const transcript = await untilClose(connectTo(port, { handshakeTimeout: 20 }));
    expect(transcript).toEqual(['error Opening handshake has timed out', 'close 1006']);
  });

  it('when a redirect takes longer than handshakeTimeout', async () => {
    const silent = await silentServer();
    const port = await httpServer({
      request: (_request, response) =>
        response.writeHead(302, { Location: `ws://127.0.0.1:${silent}` }).end()
    });
    const ws = connectTo(port, { handshakeTimeout: 20, followRedirects: true });
    expect(await untilClose(ws)).toEqual([
      'redirect',
      'error Opening handshake has timed out',
      'close 1006'
    ]);
  });

  it.each([200, 302, 401, 500])('when the server answers %i', async (status) => {
    const port = await httpServer({
      request: (_request, response) => response.writeHead(status, { Location: '/x' }).end('body')
    });
    expect(await untilClose(connectTo(port))).toEqual([
      `error Unexpected server response: ${status}`,
      'close 1006'
    ]);
  });

  it('when the user destroys the request', async () => {
    const ws = connectTo(await silentServer());
    ws._req!.destroy(new Error('mine'));
    expect(await untilClose(ws)).toEqual(['error mine', 'close 1006']);
  });

  it('and closes the socket', async () => {
    const closed = new Promise((resolve) => {
      void rawServer(({ socket }) => {
        socket.once('close', resolve);
        socket.write('HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n');
      }).then((port) => connectTo(port).on('error', () => {}));
    });
    await closed;
  });
});

describe('unexpected-response', () => {
  it('hands the response to its listener, who decides what happens', async () => {
    const port = await httpServer({
      request: (_request, response) => response.writeHead(401, { 'X-Foo': 'bar' }).end('no entry')
    });
    const ws = connectTo(port);
    const [request, response] = await once(ws, 'unexpected-response');
    expect(request).toBe(ws._req);
    expect(request).toBeInstanceOf(http.ClientRequest);
    expect(response.headers['x-foo']).toBe('bar');
    response.setEncoding('utf8');
    const [body] = await once(response, 'data');
    expect(body).toBe('no entry');
    expect(ws.readyState).toBe(WebSocket.CONNECTING);

    ws.terminate();
    expect(await untilClose(ws)).toEqual([CLOSED_EARLY, 'close 1006']);
  });

  it('lets its listener fail the handshake with an error of its own', async () => {
    const port = await rawServer(({ socket }) =>
      socket.write('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n')
    );
    const ws = connectTo(port);
    const transcript = untilClose(ws);
    ws.on('unexpected-response', (request: http.ClientRequest, response) => {
      response.on('error', () => {});
      request.destroy();
      request.emit('error', new Error('mine'));
    });
    expect(await transcript).toEqual(['error mine', 'close 1006']);
  });
});

describe.each(['close', 'terminate'] as const)('%s() before the connection is open', (method) => {
  it('aborts the request; the events come later', async () => {
    const ws = connectTo(await silentServer());
    const transcript = untilClose(ws);
    ws[method]();
    expect(ws.readyState).toBe(WebSocket.CLOSING);
    expect(ws._req!.destroyed).toBe(true);
    ws[method]();
    expect(await transcript).toEqual([CLOSED_EARLY, 'close 1006']);
  });

  it('emits nothing more when the request has closed', async () => {
    const ws = connectTo(await silentServer());
    const request = ws._req!;
    await once(request, 'socket');
    await once(request.socket!, 'connect');
    const transcript = untilClose(ws);
    const closed = new Promise((resolve) => request.once('close', resolve));
    ws[method]();
    await closed;
    expect(await transcript).toEqual([CLOSED_EARLY, 'close 1006']);
  });

  it('in a listener of upgrade aborts too', async () => {
    const port = await rawServer((request) => request.socket.write(switchingProtocols(request)));
    const ws = connectTo(port);
    ws.on('upgrade', () => ws[method]());
    expect(await untilClose(ws)).toEqual(['upgrade', CLOSED_EARLY, 'close 1006']);
  });

  it('in a listener of redirect aborts too', async () => {
    const port = await httpServer({
      request: (_request, response) => response.writeHead(301, { Location: '/' }).end()
    });
    const ws = connectTo(port, { followRedirects: true });
    ws.on('redirect', () => ws[method]());
    expect(await untilClose(ws)).toEqual(['redirect', CLOSED_EARLY, 'close 1006']);
  });

  it('in a listener of error changes nothing any more', async () => {
    const port = await rawServer(({ socket }) => socket.end());
    const ws = connectTo(port);
    ws.on('error', () => ws[method]());
    expect(await untilClose(ws)).toEqual(['error socket hang up', 'close 1006']);
  });

  it('after a response that was read to its end destroys the socket', async () => {
    const sockets: net.Socket[] = [];
    const port = await rawServer(({ socket }) => {
      sockets.push(socket);
      socket.write('HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello');
    });
    const ws = connectTo(port);
    const [, response] = await once(ws, 'unexpected-response');
    response.resume();
    await once(response, 'close');
    const gone = once(sockets[0], 'close');
    ws[method]();
    expect(await untilClose(ws)).toEqual([CLOSED_EARLY, 'close 1006']);
    await gone;
  });

  it('after the request was given a listener of unexpected-response destroys the socket', async () => {
    const sockets: net.Socket[] = [];
    const port = await rawServer(({ socket }) => {
      sockets.push(socket);
      socket.write('HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n');
    });
    const ws = connectTo(port);
    await once(ws, 'unexpected-response');
    const gone = once(sockets[0], 'close');
    ws[method]();
    expect(await untilClose(ws)).toEqual([CLOSED_EARLY, 'close 1006']);
    await gone;
  });
});

describe('a handshake that succeeds', () => {
  it('emits upgrade with the response, and then open', async () => {
    const wss = new WebSocketServer({ port: 0, host: '127.0.0.1' });
    await once(wss, 'listening');
    const ws = connectTo((wss.address() as net.AddressInfo).port);
    const events: string[] = [];
    ws.on('open', () => events.push(`open ${ws.readyState} ${ws._req}`));
    ws.on('upgrade', (response: http.IncomingMessage) => {
      events.push(`upgrade ${response.statusCode} ${ws.readyState}`);
    });
    await once(ws, 'open');
    expect(events).toEqual(['upgrade 101 0', 'open 1 null']);
    ws.terminate();
    wss.close();
    await once(wss, 'close');
  });

  it('is possible over TLS', async () => {
    const key = Buffer.from('0123456789abcdef');
    const server = https.createServer({
      ciphers: 'PSK',
      maxVersion: 'TLSv1.2',
      pskCallback: () => key
    });
    const wss = new WebSocketServer({ server });
    const port = await listen(server);
    const ws = new WebSocket(`wss://127.0.0.1:${port}`, {
      ciphers: 'PSK',
      maxVersion: 'TLSv1.2',
      checkServerIdentity: () => undefined,
      pskCallback: () => ({ identity: 'test', psk: key })
    } as never);
    const [[, request]] = await Promise.all([once(wss, 'connection'), once(ws, 'open')]);
    expect(request.socket.encrypted).toBe(true);
    expect(ws.url).toBe(`wss://127.0.0.1:${port}/`);
    ws.terminate();
  });
});
