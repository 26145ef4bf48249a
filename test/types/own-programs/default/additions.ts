import { Duplex } from 'stream';
import * as tls from 'tls';
import * as net from 'net';
import WebSocket, {
  PerMessageDeflate,
  Receiver,
  Sender,
  WebSocketServer,
  backend,
  extension,
  subprotocol,
  type ClientOptions,
  type Extensions,
  type RawData
} from 'ferrows';

const options: ClientOptions = {
  closeTimeout: 1000,
  maxPendingAutoPongs: 0,
  protocols: ['chat'],
  coalesce: false,
  transport: 'stream',
  agent: false,
  headers: { 'x-numbers': 1, cookie: ['a=b', 'c=d'], absent: undefined },
  auth: 'user:password',
  lookup: (hostname, _options, callback) => callback(null, hostname, 4),
  setHost: false,
  maxHeaderSize: 1024,
  servername: 'example.org',
  ALPNProtocols: ['http/1.1'],
  session: Buffer.alloc(0),
  ciphers: 'HIGH',
  minVersion: 'TLSv1.3',
  signal: new AbortController().signal,
  checkServerIdentity: (host, cert: tls.PeerCertificate) =>
    cert.subject.CN === host ? undefined : new Error('no'),
  createConnection(args, oncreate) {
    const socket = net.connect(Number(args.port), args.host ?? 'localhost');
    oncreate(null, socket);
    return socket;
  }
};
const ws = new WebSocket('ws://example.org', options);
new WebSocket('ws://example.org', { protocols: 'chat', createConnection: () => new Duplex() });
new WebSocket('ws://example.org', {
  createConnection: (args) => tls.connect({ host: args.host ?? '' })
});

ws.binaryType = 'blob';
ws.on('message', (data: RawData | Blob) => data instanceof Blob && data.size);
ws.flush();
ws.ping(() => {});
ws.pong('data', (error) => error);
ws.close(1000, new Uint8Array(3));

const server = new WebSocketServer({
  port: 0,
  closeTimeout: 1000,
  maxPendingAutoPongs: 5,
  coalesce: true,
  transport: 'lean'
});
server.on('connection', (client) => client.flush());

const endpoint: 'portable' | 'native' = backend.endpoint;
const transport: 'stream' | 'reactor' = backend.transport;
const words: string[] = [backend.masking, backend.reason, endpoint, transport];

const codec = new PerMessageDeflate({
  isServer: true,
  maxPayload: 100,
  threshold: 0,
  clientMaxWindowBits: false,
  serverMaxWindowBits: 9
});
const name: 'permessage-deflate' = PerMessageDeflate.extensionName;
const [offer] = extension.parse('permessage-deflate; client_max_window_bits')[name] ?? [];
if (offer) codec.accept([offer]).server_max_window_bits?.toFixed();
extension.format({ [name]: [codec.offer()] }).length;
extension.format({ [name]: { a: true } });
codec.params?.client_no_context_takeover;
codec.compress('text', true, (error, data) => {
  if (!error) codec.decompress(data, true, (_, inflated) => inflated.toString());
});
codec.cleanup();

for (const protocol of subprotocol.parse('chat, superchat')) words.push(protocol);

const extensions: Extensions = { 'permessage-deflate': codec };
const receiver = new Receiver({
  allowSynchronousEvents: false,
  binaryType: 'blob',
  extensions,
  isServer: true,
  maxBufferedChunks: 1,
  maxFragments: 2,
  maxPayload: 3,
  skipUTF8Validation: true
});
receiver.on('message', (data: RawData, isBinary: boolean) => [data, isBinary]);
receiver.on('conclude', (code: number, reason: Buffer) => [code, reason]);
new Duplex().pipe(receiver);

const sender = new Sender(new Duplex(), extensions, (mask) => mask.fill(1));
const list: (Buffer | string)[] = Sender.frame('text', {
  fin: true,
  mask: true,
  generateMask: (mask) => mask.fill(1),
  maskBuffer: Buffer.alloc(4),
  opcode: 1,
  readOnly: false,
  rsv1: false
});
sender.sendFrame(list, (error) => error?.message);
sender.send('text', { binary: false, compress: true, fin: true, mask: true }, () => {});
sender.ping('', true, () => {});
sender.pong(Buffer.alloc(1));
sender.close(1000, 'reason', true, () => {});
new Sender(new net.Socket()).close();

// CommonJS's static members are there for ES modules too: it is one class.
const statics: [typeof Sender, typeof WebSocketServer, typeof backend] = [
  WebSocket.Sender,
  WebSocket.Server,
  WebSocket.backend
];
const instance: WebSocket.Receiver = receiver;
export { instance, server, statics, words };
