import { createServer as createHttpServer } from 'node:http';
import { connect as connectHttp2, createServer as createHttp2Server } from 'node:http2';
import { createServer as createHttpsServer } from 'node:https';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const fixture = (name) => readFileSync(new URL(`../../fixtures/${name}`, import.meta.url));

async function serve(ws, t, http, address, options) {
  const server = new ws.WebSocketServer({ server: http, ...options });
  server.on('connection', (socket, request) => {
    t.watch('server', socket);
    t.lane('server')('connection', request.url, socket._socket === request.socket);
    socket.on('message', (data, isBinary) => socket.send(data, { binary: isBinary }));
  });
  await new Promise((resolve) => http.listen(address, resolve));
  t.defer(() => {
    for (const client of server.clients) client.terminate();
    http.closeAllConnections?.();
    http.close();
  });
  return server;
}

/** A round trip of messages of several sizes and, unless told otherwise, a close. */
async function converse(t, client, closes = true) {
  t.watch('client', client);
  t.defer(() => {
    client.on('error', () => {});
    client.terminate();
  });
  await t.event(client, 'open');
  for (const data of ['hello', Buffer.from('binary'), 'x'.repeat(200_000), '']) {
    const echo = t.event(client, 'message');
    client.send(data);
    await echo;
  }
  const pong = t.event(client, 'pong');
  client.ping('there?');
  await pong;
  if (!closes) return;
  client.close(1000, 'done');
  await t.event(client, 'close');
  await t.settle();
}

function folder(t) {
  const path = mkdtempSync(join(tmpdir(), 'compat-'));
  t.defer(() => rmSync(path, { recursive: true, force: true }));
  t.hide(path, '<folder>');
  return path;
}

/** IPC addresses by what they ask for; pipes are named otherwise on Windows. */
const IPC = process.platform === 'win32' ? [] : ['', ':/some/path?query', ':'];

export default [
  ...IPC.map((suffix) => ({
    title: `over a Unix socket, ws+unix:<socket>${suffix}`,
    async run(ws, t) {
      const path = join(folder(t), 'socket');
      await serve(ws, t, createHttpServer(), path);
      const client = new ws.WebSocket(`ws+unix:${path}${suffix}`);
      t.lane('client')('url', client.url);
      await converse(t, client);
    }
  })),
  {
    title: 'over a Unix socket that is not there',
    async run(ws, t) {
      const client = new ws.WebSocket(`ws+unix:${join(folder(t), 'missing')}`);
      t.watch('client', client);
      await t.event(client, 'close');
    }
  },
  {
    title: 'a server on a Unix socket, by the option port',
    async run(ws, t) {
      const path = join(folder(t), 'socket');
      const server = new ws.WebSocketServer({ port: path });
      t.defer(() => server.close());
      await t.event(server, 'listening');
      t.lane('server')('address', server.address());
    }
  },
  {
    title: 'over TLS',
    async run(ws, t) {
      const https = createHttpsServer({
        key: fixture('key.pem'),
        cert: fixture('certificate.pem')
      });
      await serve(
        ws,
        t,
        https,
        { port: 0, host: '127.0.0.1' },
        {
          verifyClient: (info) => {
            t.lane('server')('secure', info.secure);
            return true;
          }
        }
      );
      const { port } = https.address();
      t.hide(`:${port}`, ':<port>');
      const client = new ws.WebSocket(`wss://localhost:${port}/secure`, {
        ca: fixture('certificate.pem'),
        family: 4
      });
      client.on('open', () => {
        t.lane('client')('socket', client._socket.constructor.name, client._socket.authorized);
        t.lane('client')('servername', client._socket.servername);
      });
      await converse(t, client);
    }
  },
  {
    title: 'over TLS to an IP address',
    async run(ws, t) {
      const https = createHttpsServer({
        key: fixture('key.pem'),
        cert: fixture('certificate.pem')
      });
      await serve(ws, t, https, { port: 0, host: '127.0.0.1' });
      const { port } = https.address();
      t.hide(`:${port}`, ':<port>');
      const client = new ws.WebSocket(`https://127.0.0.1:${port}`, { rejectUnauthorized: false });
      client.on('open', () =>
        t.lane('client')('servername', client._socket.servername, client.url)
      );
      await converse(t, client);
    }
  },
  {
    title: 'over TLS with a certificate that is not trusted',
    async run(ws, t) {
      const https = createHttpsServer({
        key: fixture('key.pem'),
        cert: fixture('certificate.pem')
      });
      await serve(ws, t, https, { port: 0, host: '127.0.0.1' });
      const client = new ws.WebSocket(`wss://127.0.0.1:${https.address().port}`);
      t.watch('client', client);
      await t.event(client, 'close');
    }
  },
  {
    title: 'over TLS, redirected to a plain server',
    async run(ws, t) {
      const https = createHttpsServer({
        key: fixture('key.pem'),
        cert: fixture('certificate.pem')
      });
      const http = createHttpServer();
      await serve(ws, t, http, { port: 0, host: '127.0.0.1' });
      http.on('upgrade', ({ headers }) => {
        t.lane('plain')('headers', headers.authorization, headers.cookie, headers['x-kept']);
      });
      https.on('upgrade', ({ headers }, socket) => {
        t.lane('secure')('headers', headers.authorization, headers.cookie, headers['x-kept']);
        const location = `ws://127.0.0.1:${http.address().port}/`;
        socket.end(`HTTP/1.1 302 Found\r\nLocation: ${location}\r\nContent-Length: 0\r\n\r\n`);
      });
      await new Promise((resolve) => https.listen(0, '127.0.0.1', resolve));
      t.defer(() => {
        https.closeAllConnections?.();
        https.close();
      });
      const client = new ws.WebSocket(`wss://127.0.0.1:${https.address().port}`, {
        followRedirects: true,
        rejectUnauthorized: false,
        headers: { Authorization: 'Bearer x', Cookie: 'a=b', 'X-Kept': 'yes' }
      });
      await converse(t, client);
    }
  },
  {
    title: 'over TLS, many messages at once',
    async run(ws, t) {
      const https = createHttpsServer({
        key: fixture('key.pem'),
        cert: fixture('certificate.pem')
      });
      await serve(ws, t, https, { port: 0, host: '127.0.0.1' });
      const client = new ws.WebSocket(`wss://127.0.0.1:${https.address().port}`, {
        rejectUnauthorized: false
      });
      t.watch('client', client);
      t.defer(() => client.terminate());
      await t.event(client, 'open');
      const echoes = t.events(client, 'message', 100);
      for (let i = 0; i < 100; i++) client.send(`message ${i}`);
      await echoes;
    }
  },
  {
    title: 'over a stream of HTTP/2',
    async run(ws, t) {
      const http2 = createHttp2Server({ settings: { enableConnectProtocol: true } });
      const options = { maxPayload: 0, skipUTF8Validation: false };
      http2.on('stream', (stream, headers) => {
        stream.respond({ ':status': 200 });
        const socket = new ws.WebSocket(null, undefined, { autoPong: true });
        t.watch('server', socket);
        t.lane('server')('protocol', headers[':protocol'], headers[':path']);
        socket.setSocket(stream, Buffer.alloc(0), options);
        socket.on('message', (data, isBinary) => socket.send(data, { binary: isBinary }));
      });
      await new Promise((resolve) => http2.listen(0, '127.0.0.1', resolve));
      const session = connectHttp2(`http://127.0.0.1:${http2.address().port}`);
      t.defer(() => {
        session.destroy();
        http2.close();
      });
      await t.event(session, 'remoteSettings');
      const request = session.request({
        ':method': 'CONNECT',
        ':protocol': 'websocket',
        ':path': '/over-http2'
      });
      const client = new ws.WebSocket(null, undefined, {});
      client._isServer = false;
      request.on('response', () => client.setSocket(request, Buffer.alloc(0), options));
      // Whether the close frame or the reset of the stream comes first is up to node:http2.
      await converse(t, client, false);
    }
  }
];
