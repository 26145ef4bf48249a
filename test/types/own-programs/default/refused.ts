import WebSocket, {
  PerMessageDeflate,
  Sender,
  WebSocketServer,
  backend,
  type Server
} from 'ferrows';

declare const ws: WebSocket;

// @ts-expect-error no address
new WebSocket();
// @ts-expect-error a number is no address
new WebSocket(80);
// @ts-expect-error null takes nothing else
new WebSocket(null, 'chat');
// @ts-expect-error milliseconds are a number
new WebSocket('ws://example.org', { handshakeTimeout: '5s' });
// @ts-expect-error misspelt
new WebSocket('ws://example.org', { handshakeTimout: 5000 });
// @ts-expect-error
new WebSocket('ws://example.org', { transport: 'reactor' });
// @ts-expect-error
new WebSocket('ws://example.org', { coalesce: 1 });
// @ts-expect-error
new WebSocket('ws://example.org', { closeTimeout: true });
// @ts-expect-error
new WebSocket('ws://example.org', { protocols: 1 });
// @ts-expect-error
new WebSocket('ws://example.org', { perMessageDeflate: { treshold: 10 } });
// @ts-expect-error
new WebSocket('ws://example.org', { createConnection: () => 'socket' });
// @ts-expect-error
new WebSocket('ws://example.org', { generateMask: 'zeros' });

// @ts-expect-error
new WebSocketServer({ port: '80' });
// @ts-expect-error
new WebSocketServer({ port: 80, verifyClient: true });
// @ts-expect-error
new WebSocketServer({ port: 80, handleProtocols: () => true });
// @ts-expect-error
new WebSocketServer({ port: 80, WebSocket: class {} });
// @ts-expect-error
new WebSocketServer({ noServer: true, maxPayload: '1mb' });

// @ts-expect-error
ws.send();
// @ts-expect-error a plain object cannot be sent
ws.send({ a: 1 });
// @ts-expect-error
ws.send(undefined);
// @ts-expect-error
ws.send('text', { compress: 'yes' });
// @ts-expect-error
ws.close('reason');
// @ts-expect-error
ws.close(1000, { reason: 'x' });
// @ts-expect-error
ws.ping('data', 'mask');
// @ts-expect-error
ws.binaryType = 'string';
// @ts-expect-error
ws.readyState = 1;
// @ts-expect-error
ws.bufferedAmount = 0;
// @ts-expect-error
ws.isPaused = true;
// @ts-expect-error
ws.readyState === 4;
// @ts-expect-error
ws.flush(1);
// @ts-expect-error
ws.addEventListener('ping', () => {});
// @ts-expect-error
ws.addEventListener('open', () => {}, { capture: true });
// @ts-expect-error
ws.onopen = 'listener';

ws.on('message', (data) => {
  // @ts-expect-error text is delivered as bytes
  data.startsWith('a');
});
ws.on('close', (code, reason) => {
  // @ts-expect-error
  code.length;
  // @ts-expect-error
  reason.startsWith('a');
});

// @ts-expect-error
backend.transport = 'stream';
// @ts-expect-error
backend.endpoint === 'wasm';
// @ts-expect-error an opcode is needed
Sender.frame('text', {});
// @ts-expect-error
Sender.frame(1, { opcode: 1 });
// @ts-expect-error
new PerMessageDeflate({ isServer: 'yes' });
// @ts-expect-error
new PerMessageDeflate().decompress('text', true, () => {});
export type { Server };
