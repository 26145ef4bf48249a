import { ClientRequest, IncomingMessage } from 'http';
import * as https from 'https';
import * as net from 'net';
import WebSocket from 'ws';

const plain = new WebSocket('ws://example.org/path');
new WebSocket(new URL('wss://example.org'));
new WebSocket('ws://example.org', 'chat');
new WebSocket('ws://example.org', ['chat', 'superchat']);
new WebSocket('ws://example.org', { perMessageDeflate: false });
new WebSocket('ws://example.org', undefined, { handshakeTimeout: 5000 });
new WebSocket('wss://example.org', ['chat'], {
  protocolVersion: 13,
  origin: 'https://example.org',
  headers: { authorization: 'Bearer token', 'x-id': '1' },
  agent: new https.Agent({ keepAlive: true }),
  host: 'example.org',
  family: 4,
  localAddress: '127.0.0.1',
  protocol: 'wss:',
  followRedirects: true,
  maxRedirects: 3,
  maxPayload: 1024 * 1024,
  maxBufferedChunks: 1000,
  maxFragments: 100,
  skipUTF8Validation: true,
  allowSynchronousEvents: false,
  autoPong: false,
  rejectUnauthorized: false,
  checkServerIdentity: () => false,
  ca: 'certificate',
  cert: ['certificate'],
  key: Buffer.from('key'),
  passphrase: 'secret',
  generateMask(mask) {
    mask.fill(0);
  },
  createConnection: net.createConnection,
  finishRequest(request, websocket) {
    request.setHeader('x-state', String(websocket.readyState));
    request.end();
  }
});
// What http.request takes is taken too.
new WebSocket('ws://example.org', { auth: 'user:password', timeout: 1000, headers: { a: ['b'] } });
new WebSocket(null);

const settings: WebSocket.ClientOptions = {};
settings.headers = { cookie: 'a=b' };
settings.perMessageDeflate = {
  serverNoContextTakeover: true,
  clientNoContextTakeover: false,
  serverMaxWindowBits: 10,
  clientMaxWindowBits: 12,
  threshold: 512,
  concurrencyLimit: 4,
  zlibDeflateOptions: { level: 1, memLevel: 7, chunkSize: 1024, windowBits: 15, strategy: 0 },
  zlibInflateOptions: { chunkSize: 10 * 1024 }
};
new WebSocket('ws://example.org', settings);

plain.on('open', () => plain.send('hello'));
plain.on('open', function () {
  const self: WebSocket = this;
  self.send(Buffer.from('hello'));
});
plain.on('message', (data, isBinary) => {
  const raw: Buffer | ArrayBuffer | Buffer[] = data;
  const binary: boolean = isBinary;
  if (Array.isArray(data)) Buffer.concat(data);
  else if (data instanceof ArrayBuffer) new Uint8Array(data);
  else data.readUInt8(0);
  return [raw, binary, data.toString()];
});
plain.on('message', (data: WebSocket.RawData) => JSON.parse(data.toString()));
plain.on('message', (data: WebSocket.Data) => String(data));
plain.on('message', (message: Buffer) => message.toString('utf8'));
plain.on('close', (code, reason) => [code.toFixed(), reason.toString('utf8')]);
plain.on('error', (error) => error.message);
plain.on('error', (error: NodeJS.ErrnoException) => error.code);
plain.on('upgrade', (response) => response.headers['x-header']);
plain.on('ping', (data) => data.length);
plain.on('pong', (data) => data.length);
plain.on('redirect', (url, request) => [new URL(url), request.getHeader('cookie')]);
plain.on('unexpected-response', (request: ClientRequest, response: IncomingMessage) => {
  request.destroy();
  response.statusCode?.toFixed();
});
plain.on('anything', (...args) => args.length);
plain.on(Symbol('anything'), (one: string, two: number) => one.repeat(two));

plain.once('open', () => {}).once('message', (data) => data.toString());
plain.off('close', (code, reason) => [code, reason.length]);
plain.addListener('message', (data, isBinary) => [data.toString(), isBinary]);
plain.removeListener('pong', (data) => data.length);
plain.removeAllListeners('message').emit('message', Buffer.from(''), true);

plain.onopen = (event) => event.target.send(event.type);
plain.onmessage = (event) => {
  const data: string | Buffer | ArrayBuffer | Buffer[] = event.data;
  return [data, event.type, event.target];
};
plain.onclose = ({ code, reason, wasClean, target }) => [
  code + 1,
  reason.length,
  !wasClean,
  target
];
plain.onerror = ({ error, message, type }) => [error.anything, message.length, type.length];
plain.onopen = null;

plain.addEventListener('open', (event) => event.target);
plain.addEventListener('message', ({ data }) => data, { once: true });
plain.addEventListener('close', { handleEvent: (event: WebSocket.CloseEvent) => event.reason });
plain.addEventListener('error', ({ error }: WebSocket.ErrorEvent) => error);
plain.removeEventListener('message', ({ data }) => data);

plain.close();
plain.close(1000);
plain.close(1000, 'reason');
plain.close(1000, Buffer.from('reason'));
plain.terminate();
plain.pause();
plain.resume();
plain.ping();
plain.ping('data');
plain.ping(Buffer.from('data'), true);
plain.pong({ any: 'thing' }, false, (error) => error.message);
plain.pong(undefined, undefined, (error: Error) => error.stack);

plain.binaryType = 'arraybuffer';
const binaryType: 'nodebuffer' | 'arraybuffer' | 'fragments' = plain.binaryType;
const amount: number = plain.bufferedAmount;
const texts: string[] = [plain.extensions, plain.protocol, plain.url, binaryType];
const paused: boolean = plain.isPaused;
const state: 0 | 1 | 2 | 3 = plain.readyState;
if (plain.readyState === WebSocket.OPEN || plain.readyState === plain.CONNECTING) plain.terminate();
switch (plain.readyState) {
  case WebSocket.CONNECTING:
  case WebSocket.OPEN:
  case WebSocket.CLOSING:
  case WebSocket.CLOSED:
    break;
  default: {
    const impossible: never = plain.readyState;
    impossible;
  }
}
export { amount, paused, state, texts };
