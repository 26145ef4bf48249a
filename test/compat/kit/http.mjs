// The opening handshake by hand (RFC 6455 §4), for peers that are neither library.
import { createHash } from 'node:crypto';
import { connect as netConnect, createServer } from 'node:net';

const GUID = '258EAFA5-E914-47DA-95CA-C5AB0DC85B11';

/** The nonce every hand-made client sends, and its answer. */
export const KEY = 'dGhlIHNhbXBsZSBub25jZQ==';

export const acceptOf = (key) =>
  createHash('sha1')
    .update(key + GUID)
    .digest('base64');

/** The request of a hand-made client. `headers` replace or, where undefined, remove its own. */
export function requestText({ method = 'GET', path = '/', headers = {} } = {}) {
  const all = {
    Host: 'localhost',
    Upgrade: 'websocket',
    Connection: 'Upgrade',
    'Sec-WebSocket-Key': KEY,
    'Sec-WebSocket-Version': '13',
    ...headers
  };
  const lines = Object.keys(all)
    .filter((name) => all[name] !== undefined)
    .map((name) => `${name}: ${all[name]}\r\n`);
  return `${method} ${path} HTTP/1.1\r\n${lines.join('')}\r\n`;
}

/** The 101 response to a request with this key. */
export function responseText(key, headers = {}) {
  const all = {
    Upgrade: 'websocket',
    Connection: 'Upgrade',
    'Sec-WebSocket-Accept': acceptOf(key),
    ...headers
  };
  const lines = Object.keys(all)
    .filter((name) => all[name] !== undefined)
    .map((name) => `${name}: ${all[name]}\r\n`);
  return `HTTP/1.1 101 Switching Protocols\r\n${lines.join('')}\r\n`;
}

export const keyOf = (head) => /^sec-websocket-key: (.*?)\r?$/im.exec(head)?.[1] ?? '';

/** The head with its nonce and the answer to it replaced, as they differ between runs. */
export function normalised(head) {
  return head
    .replace(/^(sec-websocket-key: )[+/0-9a-z]{22}==/im, '$1<key>')
    .replace(/^date: .*\r\n/im, '');
}

/** Reads up to the empty line that ends an HTTP head; the socket is paused when it resolves. */
export function readHead(t, socket) {
  const read = new Promise((resolve) => {
    let bytes = Buffer.alloc(0);
    socket.on('data', function take(chunk) {
      bytes = Buffer.concat([bytes, chunk]);
      const end = bytes.indexOf('\r\n\r\n');
      if (end === -1) return;
      socket.pause();
      socket.off('data', take);
      resolve({ head: bytes.toString('latin1', 0, end + 4), rest: bytes.subarray(end + 4) });
    });
  });
  return t.wait('an HTTP head', read);
}

/** A listening TCP server that hands over its connections; they and it go with the scenario. */
export async function tcpServer(t, onConnection, address = { host: '127.0.0.1', port: 0 }) {
  const server = createServer({ allowHalfOpen: true }, (socket) => {
    t.defer(() => socket.destroy());
    socket.on('error', () => {});
    socket.setNoDelay();
    onConnection(socket);
  });
  await new Promise((resolve) => server.listen(address, resolve));
  t.defer(() => server.close());
  const { port } = server.address();
  if (port) t.hide(`:${port}`, ':<port>');
  return Object.assign(server, { port, url: `ws://127.0.0.1:${port}` });
}

/** A TCP connection that goes with the scenario. */
export async function tcpClient(t, address) {
  const socket = netConnect({ host: '127.0.0.1', allowHalfOpen: true, ...address });
  t.defer(() => socket.destroy());
  socket.on('error', () => {});
  socket.setNoDelay();
  await t.wait('a TCP connection', new Promise((resolve) => socket.once('connect', resolve)));
  return socket;
}
