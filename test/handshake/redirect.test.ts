import * as http from 'node:http';
import * as https from 'node:https';
import { describe, expect, it } from 'vitest';
import type { ClientOptions } from '../../src/handshake/options.js';
import { WebSocket, WebSocketServer } from '../subject.js';
import { httpServer, ipcPath, listen, rawServer, untilClose } from './peers.js';
import type { RawRequest } from './peers.js';

const SECRETS = { authorization: 'Basic Zm9vOmJhcg==', cookie: 'foo=bar', host: 'foo' };
const followRedirects = true;

/** Redirects every request but those for `/end`, which it keeps in `seen` and accepts. */
async function redirecting(location: (port: number) => string, path?: string) {
  const seen: http.IncomingHttpHeaders[] = [];
  const server = http.createServer();
  const port = await listenTo(server, location, seen, path);
  return { port, seen };
}

async function listenTo(
  server: http.Server | https.Server,
  location: (port: number) => string,
  seen: http.IncomingHttpHeaders[],
  path?: string
): Promise<number> {
  let port = 0;
  const wss = new WebSocketServer({ noServer: true });
  server.on('upgrade', (request, socket, head) => {
    if (!request.url!.startsWith('/end')) {
      socket.end(`HTTP/1.1 302 Found\r\nLocation: ${location(port)}\r\nConnection: close\r\n\r\n`);
      return;
    }
    seen.push(request.headers);
    wss.handleUpgrade(request, socket, head, (ws) => ws.close());
  });
  port = await listen(server as http.Server, path);
  return port;
}

const OPENED = ['upgrade', 'open', 'close 1005'];

async function follow(address: string, options: ClientOptions = {}, listener?: () => void) {
  const ws = new WebSocket(address, { followRedirects, ...options });
  if (listener) ws.on('redirect', listener);
  // Without a listener of its own: one for 'redirect' changes what is sent.
  const transcript: string[] = [];
  ws.on('error', (error: Error) => transcript.push(`error ${error.message}`));
  ws.on('upgrade', () => transcript.push('upgrade'));
  ws.on('open', () => transcript.push('open'));
  await new Promise<void>((resolve) => {
    ws.on('close', (code: number) => {
      transcript.push(`close ${code}`);
      resolve();
    });
  });
  return { ws, transcript };
}

describe('a redirect', () => {
  it('is an unexpected response unless followRedirects is set', async () => {
    const { port } = await redirecting(() => '/end');
    const { ws, transcript } = await follow(`ws://127.0.0.1:${port}/`, { followRedirects: false });
    expect(transcript).toEqual(['error Unexpected server response: 302', 'close 1006']);
    expect(ws._redirects).toBe(0);
  });

  it('is followed relative to the address', async () => {
    const { port } = await redirecting(() => 'end?x');
    const { ws, transcript } = await follow(`ws://127.0.0.1:${port}/a/../b`);
    expect(transcript).toEqual(OPENED);
    expect(ws.url).toBe(`ws://127.0.0.1:${port}/end?x`);
    expect(ws._redirects).toBe(1);
  });

  it.each(['http', 'ws'])('may have the scheme %s', async (scheme) => {
    const { port } = await redirecting((p) => `${scheme}://127.0.0.1:${p}/end`);
    const { ws, transcript } = await follow(`ws://127.0.0.1:${port}`);
    expect(transcript).toEqual(OPENED);
    expect(ws.url).toBe(`ws://127.0.0.1:${port}/end`);
  });

  it.each([300, 301, 307, 308, 399])('may have the status %i', async (status) => {
    const port = await httpServer({
      request: (request, response) => {
        if (request.url === '/end') response.writeHead(200).end();
        else response.writeHead(status, { Location: '/end' }).end();
      }
    });
    const { transcript } = await follow(`ws://127.0.0.1:${port}`);
    expect(transcript).toEqual(['error Unexpected server response: 200', 'close 1006']);
  });

  it.each([
    [299, { Location: '/' }],
    [400, { Location: '/' }],
    [302, {}]
  ])('is none with status %i and headers %j', async (status, headers) => {
    const port = await httpServer({
      request: (_request, response) => response.writeHead(status, headers).end()
    });
    const { transcript } = await follow(`ws://127.0.0.1:${port}`);
    expect(transcript).toEqual([`error Unexpected server response: ${status}`, 'close 1006']);
  });

  it('is followed maxRedirects times', async () => {
    const { port } = await redirecting(() => '/again');
    const { ws, transcript } = await follow(`ws://127.0.0.1:${port}`, { maxRedirects: 2 });
    expect(transcript).toEqual(['error Maximum redirects exceeded', 'close 1006']);
    expect(ws._redirects).toBe(3);
  });

  it('is followed ten times by default', async () => {
    const { port } = await redirecting(() => '/again');
    const { ws } = await follow(`ws://127.0.0.1:${port}`);
    expect(ws._redirects).toBe(11);
  });

  it.each([
    ['ws://', 'Invalid URL: ws://'],
    ['/x#y', 'The URL contains a fragment identifier'],
    ['ws+unix:', "The URL's pathname is empty"],
    [
      'ftp://127.0.0.1/',
      'The URL\'s protocol must be one of "ws:", "wss:", "http:", "https:", or "ws+unix:"'
    ]
  ])('to %s is an error that is emitted', async (location, message) => {
    const { port } = await redirecting(() => location);
    const { transcript } = await follow(`ws://127.0.0.1:${port}`);
    expect(transcript).toEqual([`error ${message}`, 'close 1006']);
  });

  it('ends the connection of the first request, answered or not', async () => {
    const { port: next } = await redirecting(() => '/end');
    const ended = new Promise<void>((resolve, reject) => {
      const answer = ({ socket }: RawRequest) => {
        socket.once('close', () => resolve());
        socket.write(
          `HTTP/1.1 302 Found\r\nLocation: ws://127.0.0.1:${next}/end\r\nContent-Length: 9\r\n\r\n`
        );
      };
      rawServer(answer)
        .then((port) => follow(`ws://127.0.0.1:${port}`))
        .catch(reject);
    });
    await ended;
  });

  it('may have its request destroyed in a listener of redirect', async () => {
    const { port } = await redirecting(() => '/end');
    const ws = new WebSocket(`ws://127.0.0.1:${port}`, { followRedirects });
    ws.on('redirect', (url: string, request: http.ClientRequest) => {
      expect(url).toBe(`ws://127.0.0.1:${port}/end`);
      expect(request).toBe(ws._req);
      request.destroy(new Error('mine'));
    });
    expect(await untilClose(ws)).toEqual(['redirect', 'error mine', 'close 1006']);
  });
});

describe('credentials', () => {
  const pick = ({ authorization, cookie, host }: http.IncomingHttpHeaders) => ({
    authorization,
    cookie,
    host
  });

  it('are sent again to the same host', async () => {
    const { port, seen } = await redirecting(() => '/end');
    await follow(`ws://127.0.0.1:${port}`, { headers: SECRETS });
    expect(seen.map(pick)).toEqual([SECRETS]);
  });

  it('given in any case are sent again to the same host', async () => {
    const { port, seen } = await redirecting(() => '/end');
    await follow(`ws://127.0.0.1:${port}`, {
      headers: { Authorization: SECRETS.authorization, COOKIE: SECRETS.cookie, Host: SECRETS.host }
    });
    expect(seen.map(pick)).toEqual([SECRETS]);
  });

  it.each([
    ['the address', (port: number) => `ws://foo:bar@127.0.0.1:${port}`, {}],
    ['the option auth', (port: number) => `ws://127.0.0.1:${port}`, { auth: 'foo:bar' }]
  ])('of %s are sent again to the same host', async (_where, address, options) => {
    const { port, seen } = await redirecting(() => '/end');
    await follow(address(port), options);
    expect(seen[0].authorization).toBe(SECRETS.authorization);
  });

  it('of the first address win over those of a redirect', async () => {
    const { port, seen } = await redirecting((p) => `ws://baz:qux@127.0.0.1:${p}/end`);
    await follow(`ws://foo:bar@127.0.0.1:${port}`);
    expect(seen[0].authorization).toBe(SECRETS.authorization);
  });

  it('in an Authorization header win over those of the address', async () => {
    const { port, seen } = await redirecting(() => '/end');
    await follow(`ws://foo:bar@127.0.0.1:${port}`, { headers: { Authorization: 'Bearer x' } });
    expect(seen[0].authorization).toBe('Bearer x');
  });

  it('of a redirect to the same host are used if there were none', async () => {
    const { port, seen } = await redirecting((p) => `ws://foo:bar@127.0.0.1:${p}/end`);
    await follow(`ws://127.0.0.1:${port}`);
    expect(seen[0].authorization).toBe(SECRETS.authorization);
  });

  it.each<[string, ClientOptions]>([
    ['headers', { headers: SECRETS }],
    ['auth', { auth: 'foo:bar' }]
  ])('in the option %s are not sent to another host', async (_where, options) => {
    const other = await redirecting(() => '/end');
    const { port } = await redirecting(() => `ws://127.0.0.1:${other.port}/end`);
    const { transcript } = await follow(`ws://127.0.0.1:${port}`, options);
    expect(transcript).toEqual(OPENED);
    expect(other.seen.map(pick)).toEqual([
      { authorization: undefined, cookie: undefined, host: `127.0.0.1:${other.port}` }
    ]);
  });

  it('are sent to the first host again after a detour', async () => {
    let first = 0;
    const other = await redirecting(() => `ws://127.0.0.1:${first}/end`);
    const { port, seen } = await redirecting(() => `ws://127.0.0.1:${other.port}/`);
    first = port;
    await follow(`ws://127.0.0.1:${port}`, { headers: SECRETS });
    expect(seen.map(pick)).toEqual([SECRETS]);
  });

  it('are sent to another host if there is a listener of redirect, who could remove them', async () => {
    const other = await redirecting(() => '/end');
    const { port } = await redirecting(() => `ws://127.0.0.1:${other.port}/end`);
    await follow(`ws://127.0.0.1:${port}`, { headers: SECRETS }, () => {});
    expect(other.seen.map(pick)).toEqual([SECRETS]);
  });

  it('can be removed from the request in a listener of redirect', async () => {
    const other = await redirecting(() => '/end');
    const { port } = await redirecting(() => `ws://127.0.0.1:${other.port}/end`);
    const ws = new WebSocket(`ws://127.0.0.1:${port}`, { followRedirects, headers: SECRETS });
    ws.on('redirect', (_url, request: http.ClientRequest) => request.removeHeader('cookie'));
    expect(await untilClose(ws)).toEqual(['redirect', ...OPENED]);
    expect(other.seen[0].cookie).toBeUndefined();
  });

  it('are not sent from wss to ws', async () => {
    const plain = await redirecting(() => '/end');
    const key = Buffer.from('0123456789abcdef');
    const server = https.createServer({
      ciphers: 'PSK',
      maxVersion: 'TLSv1.2',
      pskCallback: () => key
    });
    const port = await listenTo(server, () => `ws://127.0.0.1:${plain.port}/end`, []);
    const { transcript } = await follow(`wss://127.0.0.1:${port}`, {
      headers: SECRETS,
      ciphers: 'PSK',
      maxVersion: 'TLSv1.2',
      checkServerIdentity: () => undefined,
      pskCallback: () => ({ identity: 'test', psk: key })
    } as never);
    expect(transcript).toEqual(OPENED);
    expect(plain.seen[0].authorization).toBeUndefined();
    expect(plain.seen[0].cookie).toBeUndefined();
  });

  it('are sent again to the same IPC server', async () => {
    const path = ipcPath();
    const { seen } = await redirecting(() => `ws+unix:${path}:/end`, path);
    const { transcript } = await follow(`ws+unix:${path}:/`, { headers: SECRETS });
    expect(transcript).toEqual(OPENED);
    expect(seen.map(pick)).toEqual([SECRETS]);
  });

  it('are not sent to another IPC server', async () => {
    const path = ipcPath();
    const other = ipcPath();
    const { seen } = await redirecting(() => '/end', other);
    await redirecting(() => `ws+unix:${other}:/end`, path);
    await follow(`ws+unix:${path}:/`, { headers: SECRETS });
    expect(seen.map(pick)).toEqual([
      { authorization: undefined, cookie: undefined, host: 'localhost' }
    ]);
  });

  it('are not sent from an IPC server to a TCP server', async () => {
    const path = ipcPath();
    const { port, seen } = await redirecting(() => '/end');
    await redirecting(() => `ws://127.0.0.1:${port}/end`, path);
    await follow(`ws+unix:${path}:/`, { headers: SECRETS });
    expect(seen.map(pick)).toEqual([
      { authorization: undefined, cookie: undefined, host: `127.0.0.1:${port}` }
    ]);
  });

  it('are not sent from a TCP server to an IPC server', async () => {
    const path = ipcPath();
    const { seen } = await redirecting(() => '/end', path);
    const { port } = await redirecting(() => `ws+unix:${path}:/end`);
    await follow(`ws://127.0.0.1:${port}`, { headers: SECRETS });
    expect(seen.map(pick)).toEqual([
      { authorization: undefined, cookie: undefined, host: 'localhost' }
    ]);
  });
});

describe('the options of the user', () => {
  it('are left as they were given', async () => {
    const { port } = await redirecting(() => '/end');
    const options = { followRedirects, headers: { Foo: 'bar' }, auth: 'a:b' };
    const copy = structuredClone(options);
    await follow(`ws://127.0.0.1:${port}`, options);
    expect(options).toEqual(copy);
  });

  it('are used as they were when the WebSocket was made', async () => {
    const { port, seen } = await redirecting(() => '/end');
    const headers: Record<string, string> = { cookie: 'foo=bar' };
    const following = follow(`ws://127.0.0.1:${port}`, { headers });
    headers.cookie = 'changed';
    await following;
    expect(seen[0].cookie).toBe('foo=bar');
  });
});
