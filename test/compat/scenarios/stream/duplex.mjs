import { listen } from '../../kit/connect.mjs';
import { BINARY, RSV2, TEXT } from '../../kit/frame.mjs';
import { inBothRoles } from '../../kit/scenario.mjs';

const EVENTS = ['end', 'finish', 'error', 'close', 'pause', 'resume'];

/** A stream over a connection in `role`, its events recorded in lane `stream`. */
async function streaming(ws, t, role, options, { events = EVENTS, ...more } = {}) {
  const connection = await t.connect(role, more);
  const stream = ws.createWebSocketStream(connection.socket, options);
  const record = t.lane('stream');
  for (const event of events) stream.on(event, (...values) => record(event, ...values));
  t.defer(() => {
    stream.on('error', () => {});
    stream.destroy();
  });
  return { ...connection, stream, log: record };
}

const finish = (peer, role) => role === 'client' && peer.end();

const reads = inBothRoles('a stream reads messages', async (ws, t, role) => {
  const { peer, stream, log } = await streaming(ws, t, role);
  stream.on('data', (chunk) => log('data', chunk));
  const chunks = t.events(stream, 'data', 3);
  peer.write(peer.frame(TEXT, 'text'), peer.frame(BINARY, 'binary'), peer.frame(TEXT, 'zwölf'));
  await chunks;
  const ended = t.event(stream, 'end');
  peer.close(1000);
  await peer.next();
  finish(peer, role);
  await ended;
  log('destroyed', stream.destroyed);
  stream.end();
  await t.event(stream, 'close');
});

const objects = inBothRoles('a stream in readableObjectMode', async (ws, t, role) => {
  const { peer, stream, log } = await streaming(ws, t, role, { readableObjectMode: true });
  stream.on('data', (chunk) => log('data', chunk));
  const chunks = t.events(stream, 'data', 3);
  peer.write(peer.frame(TEXT, 'text'), peer.frame(BINARY, 'binary'), peer.frame(TEXT, ''));
  await chunks;
});

const empty = inBothRoles('a stream and empty messages', async (ws, t, role) => {
  const { peer, socket, stream, log } = await streaming(ws, t, role);
  stream.on('data', (chunk) => log('data', chunk));
  const messages = t.events(socket, 'message', 3);
  peer.write(peer.frame(TEXT, ''), peer.frame(BINARY, ''), peer.frame(TEXT, 'not empty'));
  await messages;
  await t.settle();
});

const encodings = inBothRoles('a stream with an encoding', async (ws, t, role) => {
  const { peer, stream, log } = await streaming(ws, t, role, { encoding: 'utf8' });
  stream.on('data', (chunk) => log('data', chunk));
  const chunk = t.event(stream, 'data');
  peer.text('zwölf');
  await chunk;
});

const writes = inBothRoles('a stream writes messages', async (ws, t, role) => {
  const { peer, stream, log } = await streaming(ws, t, role);
  log('write', stream.write('text'));
  log('write', stream.write(Buffer.from('buffer')));
  log('write', stream.write('6869', 'hex'));
  stream.write('with callback', (error) => log('called back', error instanceof Error));
  await peer.take(4);
  log('writableLength', stream.writableLength);
});

const decode = inBothRoles('a stream with decodeStrings false', async (ws, t, role) => {
  const { peer, stream } = await streaming(ws, t, role, { decodeStrings: false });
  stream.write('stays text');
  stream.write(Buffer.from('binary'));
  await peer.take(2);
});

const ends = inBothRoles('end() of a stream', async (ws, t, role) => {
  const { peer, stream, socket, log } = await streaming(ws, t, role);
  stream.resume();
  stream.end('last');
  await peer.take(2);
  log('readyState', socket.readyState);
  peer.close();
  finish(peer, role);
  await t.event(stream, 'close');
});

const endsUnread = inBothRoles('end() of a stream nobody reads', async (ws, t, role) => {
  const { peer, stream, log } = await streaming(ws, t, role);
  stream.end();
  await peer.next();
  peer.text('unread');
  peer.close();
  finish(peer, role);
  await t.event(stream, 'finish');
  await t.settle();
  log('destroyed', stream.destroyed, stream.readableLength);
});

const peerCloses = inBothRoles('the peer closes under a stream', async (ws, t, role) => {
  const { peer, stream, log } = await streaming(ws, t, role);
  stream.on('data', (chunk) => log('data', chunk));
  const ended = t.event(stream, 'end');
  peer.text('last');
  peer.close(1001, 'bye');
  await peer.next();
  finish(peer, role);
  await ended;
  await t.settle();
  log('destroyed', stream.destroyed);
  stream.write('late', (error) => log('called back', error?.message));
  stream.end();
  await t.event(stream, 'close');
});

const peerVanishes = inBothRoles('the peer vanishes under a stream', async (ws, t, role) => {
  const { peer, stream, log } = await streaming(ws, t, role);
  stream.resume();
  const ended = t.event(stream, 'end');
  peer.reset();
  await ended;
  await t.settle();
  log('destroyed', stream.destroyed);
  stream.destroy();
  await t.event(stream, 'close');
});

const violates = inBothRoles('the peer breaks the protocol under a stream', async (ws, t, role) => {
  const { peer, stream, socket, log } = await streaming(ws, t, role);
  stream.resume();
  peer.send(TEXT, '', { rsv: RSV2 });
  await t.event(stream, 'close');
  log('readyState', socket.readyState);
});

const destroys = inBothRoles('destroy() of a stream', async (ws, t, role) => {
  const { peer, stream, socket, log } = await streaming(ws, t, role);
  stream.destroy();
  log('readyState', socket.readyState, stream.destroyed);
  await t.event(stream, 'close');
  await peer.closed;
});

const destroysWithError = inBothRoles('destroy() with an error', async (ws, t, role) => {
  const { stream } = await streaming(ws, t, role);
  stream.destroy(new Error('by the program'));
  await t.event(stream, 'close');
});

const unheard = inBothRoles('an error of a stream nobody listens for', async (ws, t, role) => {
  const { peer, socket } = await streaming(ws, t, role, {}, { events: ['close'] });
  peer.send(TEXT, '', { rsv: RSV2 });
  await t.event(socket, 'close');
  await t.settle();
});

const destroysPending = inBothRoles('destroy() with writes pending', async (ws, t, role) => {
  const { stream, log } = await streaming(ws, t, role);
  for (const name of ['one', 'two']) {
    stream.write(name, (error) => log(`${name} called back`, error?.code));
  }
  stream.destroy();
  await t.event(stream, 'close');
  await t.settle();
});

const backpressure = inBothRoles('a stream that is not read pauses', async (ws, t, role) => {
  const { peer, stream, socket, log } = await streaming(ws, t, role, { highWaterMark: 5 });
  peer.text('more than five');
  await t.event(socket, 'message');
  await t.settle();
  log('isPaused', socket.isPaused, stream.readableLength);
  peer.text('held back');
  await t.settle();
  log('readableLength', stream.readableLength);
  const all = t.events(stream, 'data', 2);
  stream.on('data', (chunk) => log('data', chunk));
  await all;
  log('isPaused', socket.isPaused);
});

const closed = inBothRoles('a stream over a closed connection', async (ws, t, role) => {
  const { socket, peer } = await t.connect(role);
  peer.close();
  finish(peer, role);
  await t.event(socket, 'close');
  const stream = ws.createWebSocketStream(socket);
  const log = t.lane('stream');
  for (const event of EVENTS) stream.on(event, (...values) => log(event, ...values));
  stream.write('x', (error) => log('called back', error?.message));
  await t.settle();
  stream.destroy();
  await t.settle();
});

const properties = inBothRoles('properties of a stream', async (ws, t, role) => {
  const { stream, log } = await streaming(ws, t, role, {
    highWaterMark: 7,
    objectMode: true,
    writableObjectMode: true,
    allowHalfOpen: false,
    autoDestroy: true,
    emitClose: true
  });
  log('modes', stream.readableObjectMode, stream.writableObjectMode);
  log('marks', stream.readableHighWaterMark, stream.writableHighWaterMark);
  log('allowHalfOpen', stream.allowHalfOpen);
  const events = [...stream.eventNames()].map(String).sort();
  for (const event of events) log(event, stream.listenerCount(event));
});

const iterated = inBothRoles('a stream iterated', async (ws, t, role) => {
  const { peer, stream, log } = await streaming(ws, t, role, { encoding: 'utf8' });
  peer.write(...['one', 'two', 'three'].map((text) => peer.frame(TEXT, text)));
  let text = '';
  for await (const chunk of stream) {
    text += chunk;
    if (text.length === 11) break;
  }
  log('text', text);
  log('destroyed', stream.destroyed);
});

const others = [
  {
    title: 'a stream written before the connection is open',
    async run(ws, t) {
      const server = await listen(t, ws);
      server.on('connection', (socket) => t.watch('server', socket));
      const connection = t.event(server, 'connection');
      const client = new ws.WebSocket(server.url);
      const stream = ws.createWebSocketStream(client);
      const log = t.lane('stream');
      for (const event of EVENTS) stream.on(event, (...values) => log(event, ...values));
      stream.write('early', () => log('called back', client.readyState));
      stream.end('last');
      stream.resume();
      const [accepted] = await connection;
      await Promise.all([t.event(accepted, 'close'), t.event(stream, 'close')]);
    }
  },
  {
    title: 'a stream destroyed before the connection is open',
    async run(ws, t) {
      const server = await listen(t, ws);
      const client = new ws.WebSocket(server.url);
      t.watch('client', client);
      const stream = ws.createWebSocketStream(client);
      const log = t.lane('stream');
      for (const event of EVENTS) stream.on(event, (...values) => log(event, ...values));
      stream.destroy();
      await t.event(stream, 'close');
    }
  },
  {
    title: 'a stream whose connection is refused',
    async run(ws, t) {
      const client = new ws.WebSocket('ws://127.0.0.1:1');
      const stream = ws.createWebSocketStream(client);
      const log = t.lane('stream');
      for (const event of EVENTS) stream.on(event, (...values) => log(event, ...values));
      stream.write('never', (error) => log('called back', error?.code));
      stream.end();
      await t.event(stream, 'close');
    }
  },
  {
    title: 'two streams piped into each other',
    async run(ws, t) {
      const { client, accepted } = await t.pair({ watch: false });
      const echo = ws.createWebSocketStream(accepted);
      echo.pipe(echo);
      const stream = ws.createWebSocketStream(client);
      const log = t.lane('stream');
      let bytes = 0;
      stream.on('data', (chunk) => (bytes += chunk.length));
      stream.on('end', () => log('end', bytes));
      for (let i = 0; i < 50; i++) {
        if (!stream.write(Buffer.alloc(10_000, i))) await t.event(stream, 'drain');
      }
      while (bytes < 500_000) await t.event(stream, 'data');
      stream.end();
      await t.event(stream, 'close');
    }
  }
];

export default [
  ...reads,
  ...objects,
  ...empty,
  ...encodings,
  ...writes,
  ...decode,
  ...ends,
  ...endsUnread,
  ...peerCloses,
  ...peerVanishes,
  ...violates,
  ...destroys,
  ...destroysWithError,
  ...unheard,
  ...destroysPending,
  ...backpressure,
  ...closed,
  ...properties,
  ...iterated,
  ...others
];
