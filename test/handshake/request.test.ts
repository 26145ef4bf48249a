import * as http from 'node:http';
import * as net from 'node:net';
import { describe, expect, it, onTestFinished } from 'vitest';
import type { ClientOptions } from '../../src/handshake/options.js';
import { WebSocket } from '../subject.js';
import { ipcPath, listen, rawServer } from './peers.js';
import type { RawRequest } from './peers.js';

/** The request that a client sends. */
function sent(
  address: (port: number) => string | URL,
  protocols?: string | string[] | ClientOptions,
  options?: ClientOptions
): Promise<RawRequest> {
  return new Promise((resolve, reject) => {
    rawServer(resolve)
      .then((port) => connectTo(address(port), protocols, options))
      .catch(reject);
  });
}

function connectTo(...args: ConstructorParameters<typeof WebSocket>): void {
  const ws = new WebSocket(...args);
  ws.on('error', () => {});
  onTestFinished(() => ws.terminate());
}

const at = (port: number) => `ws://127.0.0.1:${port}`;

describe('the opening request — RFC 6455 §4.1', () => {
  it('has the headers of ws in the same order', async () => {
    let port = 0;
    const { lines, headers } = await sent((p) => `ws://127.0.0.1:${(port = p)}/a/b?c=d`);

    expect(headers['sec-websocket-key']).toMatch(/^[+/0-9A-Za-z]{22}==$/);
    expect(lines.map((line) => line.replace(/(Key): .*/, '$1'))).toEqual([
      'GET /a/b?c=d HTTP/1.1',
      'Sec-WebSocket-Version: 13',
      'Sec-WebSocket-Key',
      'Connection: Upgrade',
      'Upgrade: websocket',
      'Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits',
      `Host: 127.0.0.1:${port}`
    ]);
  });

  it('has a new key every time', async () => {
    const first = await sent(at);
    const second = await sent(at);
    expect(first.headers['sec-websocket-key']).not.toBe(second.headers['sec-websocket-key']);
  });

  it('offers the subprotocols as one list', async () => {
    const { headers } = await sent(at, ['foo', 'bar']);
    expect(headers['sec-websocket-protocol']).toBe('foo,bar');
  });

  it('takes the subprotocols from the options when there are no others', async () => {
    const inOptions = await sent(at, { protocols: 'foo' });
    expect(inOptions.headers['sec-websocket-protocol']).toBe('foo');
    const third = await sent(at, undefined, { protocols: ['foo', 'bar'] });
    expect(third.headers['sec-websocket-protocol']).toBe('foo,bar');
    const both = await sent(at, 'baz', { protocols: ['foo'] });
    expect(both.headers['sec-websocket-protocol']).toBe('baz');
  });

  it('states the origin in Origin in version 13, in Sec-WebSocket-Origin in version 8', async () => {
    const origin = 'https://example.com';
    const current = await sent(at, { origin });
    expect(current.headers.origin).toBe(origin);
    expect(current.headers['sec-websocket-origin']).toBeUndefined();

    const old = await sent(at, { origin, protocolVersion: 8 });
    expect(old.headers['sec-websocket-version']).toBe('8');
    expect(old.headers['sec-websocket-origin']).toBe(origin);
    expect(old.headers.origin).toBeUndefined();
  });

  it('carries the headers of the user, who cannot replace those of the handshake', async () => {
    const { lines, headers } = await sent(at, {
      headers: { 'X-Foo': 'bar', upgrade: 'h2c', 'sec-websocket-key': 'mine', Host: 'elsewhere' }
    });
    expect(headers['x-foo']).toBe('bar');
    expect(headers.upgrade).toBe('websocket');
    expect(headers.host).toBe('elsewhere');
    expect(headers['sec-websocket-key']).not.toBe('mine');
    expect(lines.filter((line) => /^upgrade:/i.test(line))).toHaveLength(1);
  });

  it.each([
    [false, undefined],
    [true, 'permessage-deflate; client_max_window_bits'],
    [
      { serverNoContextTakeover: true, clientMaxWindowBits: 10 },
      'permessage-deflate; server_no_context_takeover; client_max_window_bits=10'
    ]
  ])('offers with perMessageDeflate %j the extensions %j', async (perMessageDeflate, expected) => {
    const { headers } = await sent(at, { perMessageDeflate });
    expect(headers['sec-websocket-extensions']).toBe(expected);
  });
});

describe('credentials', () => {
  const basic = (text: string) => `Basic ${Buffer.from(text).toString('base64')}`;

  it.each([
    ['foo:bar', 'foo:bar'],
    ['foo', 'foo:'],
    [':bar', ':bar'],
    ['f%3Ao%40o:b%2Fr', 'f:o@o:b/r'],
    ['%C3%A9:%F0%9F%98%80', 'é:😀'],
    ['50%:%zz', '50%:%zz']
  ])('%s of the address are percent-decoded', async (userinfo, expected) => {
    const { headers } = await sent((port) => `ws://${userinfo}@127.0.0.1:${port}`);
    expect(headers.authorization).toBe(basic(expected));
  });

  it('of the address win over those of the options', async () => {
    const alone = await sent(at, { auth: 'a:b' });
    expect(alone.headers.authorization).toBe(basic('a:b'));
    const both = await sent((port) => `ws://foo:bar@127.0.0.1:${port}`, { auth: 'a:b' });
    expect(both.headers.authorization).toBe(basic('foo:bar'));
  });

  it('lose against an Authorization header of the user', async () => {
    const headers = { authorization: 'Bearer x' };
    const request = await sent((port) => `ws://foo:bar@127.0.0.1:${port}`, { headers });
    expect(request.headers.authorization).toBe('Bearer x');
  });
});

describe('the address', () => {
  it('may be a URL object, which stays as it is', async () => {
    let url!: URL;
    const { lines } = await sent((port) => (url = new URL(`http://127.0.0.1:${port}/x`)));
    expect(lines[0]).toBe('GET /x HTTP/1.1');
    expect(url.protocol).toBe('http:');
  });

  it('may have the scheme http', async () => {
    const { lines } = await sent((port) => `http://127.0.0.1:${port}/x`);
    expect(lines[0]).toBe('GET /x HTTP/1.1');
  });

  it('loses its tabs and newlines — WHATWG URL', async () => {
    const { lines } = await sent((port) => `ws://127.0.0.1:${port}/a\t\r\nb`);
    expect(lines[0]).toBe('GET /ab HTTP/1.1');
  });

  it.each([
    ['', '/'],
    [':', '/'],
    [':/foo?bar=bar', '/foo?bar=bar'],
    [':/foo:bar', '/foo:bar']
  ])('of an IPC server may be ws+unix:path%s', async (suffix, expected) => {
    const path = ipcPath();
    const { lines, headers } = await new Promise<RawRequest>((resolve, reject) => {
      rawServer(resolve, path)
        .then(() => connectTo(`ws+unix:${path}${suffix}`))
        .catch(reject);
    });
    expect(lines[0]).toBe(`GET ${expected} HTTP/1.1`);
    expect(headers.host).toBe('localhost');
  });

  it('decides where to connect, whatever the options say', async () => {
    const options = { host: 'nowhere.invalid', hostname: 'x', port: 1, path: '/y', method: 'PUT' };
    const { lines } = await sent(at, options);
    expect(lines[0]).toBe('GET / HTTP/1.1');
  });
});

describe('the connection', () => {
  it('is made by the agent of the options', async () => {
    const agent = new http.Agent();
    let addressed: http.ClientRequestArgs | undefined;
    const original = (agent as any).addRequest;
    (agent as any).addRequest = function (this: unknown, request: unknown, options: any) {
      addressed = options;
      return original.call(this, request, options);
    };
    const { headers } = await sent(at, { agent });
    expect(`${addressed!.host}:${addressed!.port}`).toBe(headers.host);
  });

  it('is made by createConnection of the options', async () => {
    let given: any;
    const createConnection = ((options: net.NetConnectOpts) => {
      given = options;
      return net.connect(options);
    }) as never;
    const { headers } = await sent(at, { createConnection });
    expect(`${given.host}:${given.port}`).toBe(headers.host);
  });

  it('uses neither agent nor keep-alive by default', async () => {
    const { lines } = await sent(at);
    expect(lines).toContain('Connection: Upgrade');
    expect(Object.keys(http.globalAgent.sockets)).toEqual([]);
  });
});

describe('finishRequest', () => {
  it('gets the request and the WebSocket, and sends the request when it wants', async () => {
    const args: unknown[] = [];
    const { headers } = await sent(at, {
      finishRequest(request, websocket) {
        args.push((websocket as { _req: unknown })._req === request);
        request.setHeader('Cookie', 'foo=bar');
        setImmediate(() => request.end());
      }
    });
    expect(args).toEqual([true]);
    expect(headers.cookie).toBe('foo=bar');
  });
});

describe('the options of http.request', () => {
  it('reach it: a signal aborts the handshake', async () => {
    const controller = new AbortController();
    const port = await listen(net.createServer(() => controller.abort()));
    const ws = new WebSocket(at(port), { signal: controller.signal });
    const error = await new Promise<Error>((resolve) => ws.on('error', resolve));
    expect(error.name).toBe('AbortError');
  });
});
