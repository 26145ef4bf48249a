import { inBothRoles } from '../../kit/scenario.mjs';

const MEBIBYTE = 1024 * 1024;

/** A peer that reads nothing until told. */
async function stalled(t, role) {
  const connection = await t.connect(role, { watch: false });
  connection.peer.socket.pause();
  connection.socket.on('close', (code, reason) => connection.record('close', code, reason));
  return connection;
}

const arrives = inBothRoles(
  'more than the kernel takes arrives in the end',
  async (ws, t, role) => {
    const { socket, peer, record } = await stalled(t, role);
    const done = new Promise((resolve) => {
      for (let i = 0; i < 16; i++) {
        socket.send(Buffer.alloc(4 * MEBIBYTE, i), (error) => {
          record('called back', i, error instanceof Error);
          if (i === 15) resolve();
        });
      }
    });
    await t.settle();
    record('bufferedAmount > 0', socket.bufferedAmount > 0);
    socket.send('small, behind it');
    peer.socket.resume();
    await peer.take(17);
    await done;
    record('bufferedAmount', socket.bufferedAmount);
  }
);

const pieces = inBothRoles('many small messages to a peer that reads late', async (ws, t, role) => {
  const { socket, peer, record } = await stalled(t, role);
  const text = 'x'.repeat(1000);
  let called = 0;
  for (let i = 0; i < 12_000; i++) socket.send(text, () => called++);
  await t.settle();
  t.lanes.wire.length = 0;
  peer.socket.resume();
  const frames = await peer.take(12_000);
  t.lanes.wire.length = 0;
  record('all alike', new Set(frames.map(({ payload }) => payload.toString())).size);
  await t.settle();
  record('called back', called, socket.bufferedAmount);
});

const terminated = inBothRoles(
  'terminate() with more than the kernel took',
  async (ws, t, role) => {
    const { socket, record } = await stalled(t, role);
    const last = new Promise((resolve) => {
      for (let i = 0; i < 16; i++) {
        socket.send(Buffer.alloc(MEBIBYTE, i), i === 15 ? resolve : undefined);
      }
    });
    await t.settle();
    socket.terminate();
    const error = await t.wait('the last callback', last);
    record('called back', error instanceof Error);
    await t.settle();
  }
);

const underWay = inBothRoles(
  'terminate() while the kernel takes no more of a message',
  async (ws, t, role) => {
    const { socket, record } = await stalled(t, role);
    const done = Promise.all(
      ['one', 'two'].map(
        (which) =>
          new Promise((resolve) => {
            socket.send(Buffer.alloc(32 * MEBIBYTE), (error) => {
              record(which, error instanceof Error);
              resolve();
            });
          })
      )
    );
    await t.settle();
    socket.terminate();
    await t.wait('the callbacks', done);
    await t.settle();
  },
  () => [{ row: 'unsent-callback', transport: 'reactor', ws: ['one false'], ferrows: ['one true'] }]
);

const closed = inBothRoles('close() with more than the kernel took', async (ws, t, role) => {
  const { socket, peer, record } = await stalled(t, role);
  for (let i = 0; i < 16; i++) socket.send(Buffer.alloc(MEBIBYTE, i));
  socket.close(1000, 'behind it');
  await t.settle();
  record('readyState', socket.readyState);
  peer.socket.resume();
  await peer.take(17);
  peer.close(1000);
  if (role === 'client') peer.end();
  await t.event(socket, 'close');
});

const ended = inBothRoles('_socket.end() in the tick of a send()', async (ws, t, role) => {
  const { socket, peer } = await t.connect(role);
  socket.send('last words');
  socket._socket.end();
  await peer.closed;
  await t.settle();
});

const destroyed = inBothRoles('_socket.destroy() in the tick of a send()', async (ws, t, role) => {
  const { socket, peer, record } = await t.connect(role);
  socket.send('last words', (error) => record('called back', error instanceof Error));
  socket._socket.destroy();
  await peer.closed;
  await t.settle();
});

const destroySoon = inBothRoles(
  '_socket.destroySoon() in the tick of a send()',
  async (ws, t, role) => {
    const { socket, peer } = await t.connect(role);
    socket.send('last words');
    socket._socket.destroySoon();
    await peer.closed;
    await t.settle();
  }
);

const echoes = inBothRoles('large messages echoed while more arrive', async (ws, t, role) => {
  const { socket, peer, record } = await t.connect(role, {
    watch: false,
    setup: (socket) => socket.on('message', (data) => socket.send(data))
  });
  for (let i = 0; i < 10; i++) peer.binary(Buffer.alloc(300_000 + i, i));
  const frames = await peer.take(10);
  record(
    'lengths',
    frames.map(({ payload }) => payload.length)
  );
  record('bufferedAmount', socket.bufferedAmount);
});

export default [
  ...arrives,
  ...pieces,
  ...terminated,
  ...underWay,
  ...closed,
  ...ended,
  ...destroyed,
  ...destroySoon,
  ...echoes
];
