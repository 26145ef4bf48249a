import { deflateRawSync } from 'node:zlib';
import { CLOSE, RSV1, TEXT, closePayload } from '../../kit/frame.mjs';
import { inBothRoles } from '../../kit/scenario.mjs';

const finish = (peer, role) => role === 'client' && peer.end();

const compressed = (t, role, more) =>
  t.connect(role, {
    headers: { 'Sec-WebSocket-Extensions': 'permessage-deflate' },
    options: { perMessageDeflate: true },
    peer: { deflate: 'context' },
    ...more
  });

const deflated = (data) => deflateRawSync(data, { finishFlush: 2 }).subarray(0, -4);

const large = 'x'.repeat(300_000);

const closes = inBothRoles('close() behind messages being compressed', async (ws, t, role) => {
  const { socket, peer, record } = await compressed(t, role);
  socket.send(large, (error) => record('first', error instanceof Error));
  socket.send('second', (error) => record('second', error instanceof Error));
  socket.close(1000, 'behind');
  record('readyState', socket.readyState);
  socket.send('third', (error) => record('third', error?.message));
  await peer.take(3);
  peer.close(1000);
  finish(peer, role);
  await t.event(socket, 'close');
});

const terminates = inBothRoles('terminate() while compressing', async (ws, t, role) => {
  const { socket, record } = await compressed(t, role);
  socket.send(large, (error) => record('first', error));
  socket.send('second', (error) => record('second', error));
  socket.ping('third', (error) => record('third', error));
  socket.close(1000);
  socket.terminate();
  await t.event(socket, 'close');
  await t.settle();
});

const destroyed = inBothRoles('the socket destroyed while compressing', async (ws, t, role) => {
  const { socket, record } = await compressed(t, role);
  socket.send(large, (error) => record('first', error));
  socket.send('second', { compress: false }, (error) => record('second', error));
  socket._socket.destroy();
  await t.event(socket, 'close');
  await t.settle();
});

const blobs = inBothRoles('terminate() while a Blob is read', async (ws, t, role) => {
  const { socket, record } = await t.connect(role);
  socket.send(new Blob([large]), (error) => record('first', error));
  socket.send('second', (error) => record('second', error));
  socket.terminate();
  await t.event(socket, 'close');
  await t.settle();
});

const badBlob = inBothRoles('a Blob that cannot be read', async (ws, t, role) => {
  const { socket, peer, record } = await t.connect(role);
  const blob = new Blob(['data']);
  blob.arrayBuffer = () => Promise.reject(new Error('cannot be read'));
  socket.send(blob, (error) => record('first', error));
  socket.send('second', (error) => record('second', error));
  await t.event(socket, 'close');
  await peer.closed;
});

const peerCloses = inBothRoles(
  'the peer closes behind a compressed message',
  async (ws, t, role) => {
    const { socket, peer } = await compressed(t, role);
    peer.write(
      peer.frame(TEXT, deflated('compressed'), { rsv: RSV1 }),
      peer.frame(CLOSE, closePayload(1001, 'behind'))
    );
    await peer.next();
    finish(peer, role);
    await t.event(socket, 'close');
  }
);

const amount = (bytes) => `bufferedAmount ${bytes}`;
const atOnce = (ws, ferrows) => [{ row: 'compressed-at-once', endpoint: 'native', ws, ferrows }];

const peerEnds = inBothRoles(
  'the peer ends behind compressed messages',
  async (ws, t, role) => {
    const { socket, peer } = await compressed(t, role);
    for (const text of ['one', 'two', 'three']) peer.text(deflated(text), { rsv: RSV1 });
    peer.end();
    await t.event(socket, 'close');
    await t.settle();
  },
  () =>
    atOnce(
      ['one', 'two', 'three'].map((text) => `message Buffer "${text}" false "@2"`),
      ['one', 'two', 'three'].map((text) => `message Buffer "${text}" false "@1"`)
    )
);

const inListener = inBothRoles(
  'terminate() in the listener of a compressed message',
  async (ws, t, role) => {
    const { socket, peer } = await compressed(t, role, {
      setup: (socket) => socket.once('message', () => socket.terminate())
    });
    peer.write(...['one', 'two'].map((text) => peer.frame(TEXT, deflated(text), { rsv: RSV1 })));
    await t.event(socket, 'close');
    await t.settle();
  }
);

const pausing = inBothRoles('pause() while inflating', async (ws, t, role) => {
  const { socket, peer, record } = await compressed(t, role);
  const first = t.events(socket, 'message', 2);
  peer.write(...['one', 'two'].map((text) => peer.frame(TEXT, deflated(text), { rsv: RSV1 })));
  await first;
  socket.pause();
  peer.text(deflated('three'), { rsv: RSV1 });
  await t.settle();
  record('isPaused', socket.isPaused);
  const last = t.event(socket, 'message');
  socket.resume();
  await last;
});

const buffered = inBothRoles(
  'bufferedAmount while compressing',
  async (ws, t, role) => {
    const { socket, peer, record } = await compressed(t, role);
    socket.send('12345');
    record('bufferedAmount', socket.bufferedAmount);
    socket.send(Buffer.alloc(1000));
    record('bufferedAmount', socket.bufferedAmount);
    socket.ping('123');
    record('bufferedAmount', socket.bufferedAmount);
    await peer.take(3);
    await t.settle();
    record('bufferedAmount', socket.bufferedAmount);
  },
  (role) =>
    atOnce(
      [5, 1005, 1008].map(amount),
      (role === 'client' ? [13, 29, 38] : [9, 21, 26]).map(amount)
    )
);

export default [
  ...closes,
  ...terminates,
  ...destroyed,
  ...blobs,
  ...badBlob,
  ...peerCloses,
  ...peerEnds,
  ...inListener,
  ...pausing,
  ...buffered
];
