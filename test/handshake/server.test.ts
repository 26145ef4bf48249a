import { once } from 'node:events';
import * as http from 'node:http';
import * as net from 'node:net';
import { Duplex } from 'node:stream';
import { describe, expect, it, onTestFinished } from 'vitest';
import type { ServerOptions } from '../../src/handshake/options.js';
import { WebSocket, WebSocketServer } from '../subject.js';
import { digest, exchange, listen, parseHead, upgradeRequest } from './peers.js';

/** A server on a free port whose connections are dropped at once. */
async function serve(options: ServerOptions = {}) {
  const server = http.createServer();
  const wss = new WebSocketServer({ server, ...options });
  wss.on('connection', (ws) => {
    ws.on('error', () => {});
    ws._socket!.end();
  });
  return { server, wss, port: await listen(server) };
}

/** The response of a server with `options` to a valid request with `changes`. */
async function response(
  options: ServerOptions,
  changes?: Record<string, string | null>,
  requestLine?: string
) {
  const { port } = await serve(options);
  return exchange(port, upgradeRequest(changes, requestLine));
}

function refusal(status: string, message: string, ...lines: string[]): string {
  return [
    `HTTP/1.1 ${status}`,
    'Connection: close',
    'Content-Type: text/html',
    `Content-Length: ${Buffer.byteLength(message)}`,
    ...lines,
    `\r\n${message}`
  ].join('\r\n');
}

const accepted = (...lines: string[]) =>
  [
    'HTTP/1.1 101 Switching Protocols',
    'Upgrade: websocket',
    'Connection: Upgrade',
    'Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=',
    ...lines,
    '\r\n'
  ].join('\r\n');

const DEFLATE = { perMessageDeflate: true };
const EXTENSIONS = 'Sec-WebSocket-Extensions';
const BAD_EXTENSIONS = 'Invalid or unacceptable Sec-WebSocket-Extensions header';
const BAD_KEY = 'Missing or invalid Sec-WebSocket-Key header';
const BAD_PROTOCOL = 'Invalid Sec-WebSocket-Protocol header';
const BAD_VERSION = 'Missing or invalid Sec-WebSocket-Version header';

describe('a request is refused — RFC 6455 §4.2.1', () => {
  it('with 405 for another method than GET', async () => {
    expect(await response({}, {}, 'POST / HTTP/1.1')).toBe(
      refusal('405 Method Not Allowed', 'Invalid HTTP method')
    );
  });

  it.each<[string, Record<string, string | null>, string]>([
    ['another protocol in Upgrade', { Upgrade: 'foo' }, 'Invalid Upgrade header'],
    ['several protocols in Upgrade', { Upgrade: 'websocket, foo' }, 'Invalid Upgrade header'],
    ['no key', { 'Sec-WebSocket-Key': null }, BAD_KEY],
    ['an empty key', { 'Sec-WebSocket-Key': '' }, BAD_KEY],
    ['a key of another length', { 'Sec-WebSocket-Key': 'P5l8BJcZwRc=' }, BAD_KEY],
    ['an empty subprotocol list', { 'Sec-WebSocket-Protocol': '' }, BAD_PROTOCOL],
    ['a subprotocol that is no token', { 'Sec-WebSocket-Protocol': 'foo;bar' }, BAD_PROTOCOL],
    ['a duplicate subprotocol', { 'Sec-WebSocket-Protocol': 'foo, foo' }, BAD_PROTOCOL],
    ['an empty extension list', { [EXTENSIONS]: '' }, BAD_EXTENSIONS],
    ['a malformed extension list', { [EXTENSIONS]: 'foo; bar; =' }, BAD_EXTENSIONS],
    ['a malformed offer', { [EXTENSIONS]: 'permessage-deflate; foo=bar' }, BAD_EXTENSIONS],
    [
      'a window out of range',
      { [EXTENSIONS]: 'permessage-deflate; server_max_window_bits=16' },
      BAD_EXTENSIONS
    ]
  ])('with 400 for %s', async (_what, changes, message) => {
    expect(await response(DEFLATE, changes)).toBe(refusal('400 Bad Request', message));
  });

  it('with 400 for an offer that cannot be accepted — RFC 7692 §7.1', async () => {
    const options = { perMessageDeflate: { clientMaxWindowBits: 10 } };
    expect(await response(options, { [EXTENSIONS]: 'permessage-deflate' })).toBe(
      refusal('400 Bad Request', BAD_EXTENSIONS)
    );
  });

  it.each([null, '', '12', '7', '13, 8', 'foo'])(
    'with 400 and the known versions for the version %j — RFC 6455 §4.4',
    async (version) => {
      expect(await response({}, { 'Sec-WebSocket-Version': version })).toBe(
        refusal('400 Bad Request', BAD_VERSION, 'Sec-WebSocket-Version: 13, 8')
      );
    }
  );

  it('with 400 if its Upgrade header lies beyond the number of headers that are read', async () => {
    const { port } = await serve();
    const [line, ...rest] = upgradeRequest().split('\r\n');
    const request = [line, ...Array<string>(2000).fill('a: 1'), ...rest].join('\r\n');
    expect(await exchange(port, request)).toBe(
      refusal('400 Bad Request', 'Invalid Upgrade header')
    );
  });

  it('with 400 and no more if it is not for this path', async () => {
    expect(await response({ path: '/foo' }, {}, 'GET /bar HTTP/1.1')).toBe(
      refusal('400 Bad Request', 'Bad Request')
    );
  });

  it('and its connection ends, also when the client keeps its side open', async () => {
    const { server, port } = await serve();
    const client = net.connect({ port, host: '127.0.0.1', allowHalfOpen: true });
    onTestFinished(() => void client.destroy());
    client.resume();
    client.write(upgradeRequest({ Upgrade: 'foo' }));
    const [, socket] = await once(server, 'upgrade');
    await once(socket, 'close');
    expect(client.writable).toBe(true);
  });

  it('with 503 when the server is closing', async () => {
    const wss = new WebSocketServer({ noServer: true });
    const server = http.createServer();
    server.on('upgrade', (request, socket, head) => {
      wss.close();
      wss.handleUpgrade(request, socket, head, () => expect.unreachable());
    });
    expect(await exchange(await listen(server), upgradeRequest())).toBe(
      refusal('503 Service Unavailable', 'Service Unavailable')
    );
  });
});

describe('a request is accepted — RFC 6455 §4.2.2', () => {
  it.each(['13', '8', ' 13', '13.0', '0xd'])('with the version %j', async (version) => {
    expect(await response({}, { 'Sec-WebSocket-Version': version })).toBe(accepted());
  });

  it('whatever the case of the protocol in Upgrade', async () => {
    expect(await response({}, { Upgrade: 'WebSocket' })).toBe(accepted());
  });

  it('with the digest of its key', async () => {
    const key = 'AQIDBAUGBwgJCgsMDQ4PEA==';
    const { headers } = parseHead(await response({}, { 'Sec-WebSocket-Key': key }));
    expect(headers['sec-websocket-accept']).toBe(digest(key));
  });

  it('with the first subprotocol that is offered', async () => {
    expect(await response({}, { 'Sec-WebSocket-Protocol': 'foo, bar' })).toBe(
      accepted('Sec-WebSocket-Protocol: foo')
    );
  });

  it('with the subprotocol that handleProtocols returns', async () => {
    const args: unknown[] = [];
    const handleProtocols = (protocols: Set<string>, request: http.IncomingMessage) => {
      args.push(protocols, request.url);
      return 'bar';
    };
    expect(await response({ handleProtocols }, { 'Sec-WebSocket-Protocol': 'foo, bar' })).toBe(
      accepted('Sec-WebSocket-Protocol: bar')
    );
    expect(args).toEqual([new Set(['foo', 'bar']), '/']);
  });

  it('without a subprotocol if handleProtocols returns false', async () => {
    const handleProtocols = () => false as const;
    expect(await response({ handleProtocols }, { 'Sec-WebSocket-Protocol': 'foo' })).toBe(
      accepted()
    );
  });

  it('without asking handleProtocols if no subprotocol is offered', async () => {
    const handleProtocols = () => expect.unreachable();
    expect(await response({ handleProtocols })).toBe(accepted());
  });

  it.each<[boolean | object, string, string[]]>([
    [false, 'permessage-deflate', []],
    [false, 'permessage-deflate; =', []],
    [true, 'permessage-deflate', ['permessage-deflate']],
    [true, 'permessage-deflate; client_max_window_bits', ['permessage-deflate']],
    [
      true,
      'foo, permessage-deflate; server_max_window_bits=10',
      ['permessage-deflate; server_max_window_bits=10']
    ],
    [
      { serverNoContextTakeover: true },
      'permessage-deflate',
      ['permessage-deflate; server_no_context_takeover']
    ],
    [
      { clientMaxWindowBits: 9 },
      'permessage-deflate, permessage-deflate; client_max_window_bits',
      ['permessage-deflate; client_max_window_bits=9']
    ],
    [true, 'foo', []],
    [true, 'constructor', []],
    [true, '__proto__; toString, hasOwnProperty', []]
  ])(
    'with perMessageDeflate %j and the offer %s — RFC 7692 §5.1',
    async (option, offer, answer) => {
      expect(await response({ perMessageDeflate: option }, { [EXTENSIONS]: offer })).toBe(
        accepted(...answer.map((value) => `Sec-WebSocket-Extensions: ${value}`))
      );
    }
  );

  it('with the headers that a listener of headers adds', async () => {
    const { wss, port } = await serve();
    wss.on('headers', (headers: string[], request: http.IncomingMessage) => {
      expect(headers).toEqual(accepted().split('\r\n').slice(0, -2));
      headers.push(`X-Url: ${request.url}`);
    });
    expect(await exchange(port, upgradeRequest({}, 'GET /foo HTTP/1.1'))).toBe(
      accepted('X-Url: /foo')
    );
  });

  it('and the bytes after it are the first frames', async () => {
    const { wss, port } = await serve();
    const received = new Promise<string>((resolve) => {
      wss.removeAllListeners('connection');
      wss.on('connection', (ws) => ws.on('message', (data: Buffer) => resolve(`${data}`)));
    });
    const socket = net.connect(port, '127.0.0.1');
    onTestFinished(() => void socket.destroy());
    const frame = '\x81\x82\x00\x00\x00\x00hi';
    socket.write(Buffer.from(upgradeRequest() + frame, 'latin1'));
    expect(await received).toBe('hi');
  });

  it('and leaves no listener of its own on the socket', async () => {
    const { server, wss, port } = await serve();
    const counts: number[] = [];
    server.prependListener('upgrade', (_request, socket) =>
      counts.push(socket.listenerCount('error'))
    );
    wss.prependListener('connection', (ws) => counts.push(ws._socket!.listenerCount('error')));
    await exchange(port, upgradeRequest());
    // One more: that of the WebSocket.
    expect(counts[1] - counts[0]).toBe(1);
  });

  it('on a Duplex that is no socket', async () => {
    const written: Buffer[] = [];
    const duplex = new Duplex({
      read() {},
      write(chunk, _encoding, callback) {
        written.push(chunk);
        callback();
      }
    });
    const wss = new WebSocketServer({ noServer: true });
    const request = {
      method: 'GET',
      url: '/',
      headers: {
        upgrade: 'websocket',
        'sec-websocket-key': 'dGhlIHNhbXBsZSBub25jZQ==',
        'sec-websocket-version': '13'
      }
    } as unknown as http.IncomingMessage;
    const ws = await new Promise<WebSocket>((resolve) => {
      wss.handleUpgrade(request, duplex, Buffer.alloc(0), resolve);
    });
    expect(Buffer.concat(written).toString()).toBe(accepted());
    expect(ws._socket).toBe(duplex);
    ws.terminate();
  });
});

describe('a request is dropped', () => {
  it('without an answer if its socket has ended', async () => {
    const wss = new WebSocketServer({ noServer: true });
    const server = http.createServer();
    const port = await listen(server);
    const upgraded = once(server, 'upgrade');
    const client = net.connect({ port, host: '127.0.0.1', allowHalfOpen: true });
    onTestFinished(() => void client.destroy());
    let answer = '';
    client.on('data', (chunk) => (answer += chunk));
    client.end(upgradeRequest());

    const [request, socket, head] = await upgraded;
    if (!socket.readableEnded) {
      socket.resume();
      await once(socket, 'end');
    }
    wss.handleUpgrade(request, socket, head, () => expect.unreachable());
    expect(socket.destroyed).toBe(true);
    await once(client, 'close');
    expect(answer).toBe('');
  });

  it('without an uncaught error if its socket fails', async () => {
    const { server, wss } = await serve({ verifyClient: (_info, _callback) => {} });
    const { port } = server.address() as net.AddressInfo;
    const client = net.connect(port, '127.0.0.1');
    onTestFinished(() => void client.destroy());
    client.on('error', () => {});
    client.write(upgradeRequest());
    const [, socket] = await once(server, 'upgrade');
    socket.emit('error', new Error('test'));
    expect(socket.destroyed).toBe(true);
    expect(wss.clients!.size).toBe(0);
  });
});

describe('wsClientError', () => {
  it('leaves the answer to its listener', async () => {
    const { wss, port } = await serve();
    wss.on('wsClientError', (error: Error, socket: Duplex, request: http.IncomingMessage) => {
      socket.end(`${error.name}: ${error.message} ${request.url}`);
    });
    const answer = await exchange(port, upgradeRequest({ Upgrade: 'foo' }));
    expect(answer).toBe('Error: Invalid Upgrade header /');
  });

  it.each<[string, ServerOptions, Record<string, string>]>([
    ['405', {}, {}],
    ['the extensions', DEFLATE, { [EXTENSIONS]: '=' }],
    ['the subprotocols', {}, { 'Sec-WebSocket-Protocol': '=' }]
  ])('is emitted for %s too', async (what, options, changes) => {
    const { wss, port } = await serve(options);
    wss.on('wsClientError', (_error, socket: Duplex) => socket.end('mine'));
    const line = what === '405' ? 'PUT / HTTP/1.1' : undefined;
    expect(await exchange(port, upgradeRequest(changes, line))).toBe('mine');
  });

  it('is not emitted when the request is refused for its path or by verifyClient', async () => {
    for (const options of [{ path: '/foo' }, { verifyClient: () => false }]) {
      const { wss, port } = await serve(options);
      wss.on('wsClientError', () => expect.unreachable());
      expect(await exchange(port, upgradeRequest())).toMatch(/^HTTP\/1.1 40[01] /);
    }
  });
});
