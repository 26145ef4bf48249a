import { CLOSE, PING, TEXT, closePayload, frame as frameOf } from '../../kit/frame.mjs';
import { overDuplex } from '../../kit/duplex.mjs';
import { inBothRoles } from '../../kit/scenario.mjs';

const finish = (peer, role) => role === 'client' && peer.end();

const outside = inBothRoles('pause() and resume() between segments', async (ws, t, role) => {
  const { socket, peer, record } = await t.connect(role);
  t.attempt(role, 'pause', () => socket.pause());
  record('isPaused', socket.isPaused, socket._socket.isPaused());
  peer.text('while paused');
  await t.settle();
  record('settled');
  const message = t.event(socket, 'message');
  t.attempt(role, 'resume', () => socket.resume());
  record('isPaused', socket.isPaused);
  await message;
});

const inListener = inBothRoles('pause() in a listener, amid a segment', async (ws, t, role) => {
  const { socket, peer, record } = await t.connect(role, {
    setup: (socket) => socket.once('message', () => socket.pause())
  });
  peer.write(...['one', 'two', 'three'].map((text) => peer.frame(TEXT, text)));
  await t.events(socket, 'message', 1);
  await t.settle();
  record('isPaused', socket.isPaused);
  peer.text('four');
  await t.settle();
  record('settled');
  const messages = t.event(socket, 'message');
  socket.resume();
  await messages;
});

const deferred = inBothRoles('pause() without synchronous events', async (ws, t, role) => {
  const { socket, peer, record } = await t.connect(role, {
    options: { allowSynchronousEvents: false },
    setup: (socket) => socket.once('message', () => socket.pause())
  });
  peer.write(...['one', 'two', 'three'].map((text) => peer.frame(TEXT, text)));
  await t.events(socket, 'message', 1);
  peer.text('four');
  await t.settle();
  record('settled');
  const message = t.event(socket, 'message');
  socket.resume();
  await message;
});

const toggled = inBothRoles('pause() and resume() for every message', async (ws, t, role) => {
  const { socket, peer } = await t.connect(role, {
    setup: (socket) =>
      socket.on('message', () => {
        socket.pause();
        setImmediate(() => socket.resume());
      })
  });
  for (let i = 0; i < 5; i++) {
    const messages = t.events(socket, 'message', 2);
    peer.write(peer.frame(TEXT, `${i} a`), peer.frame(TEXT, `${i} b`));
    await messages;
  }
});

const repeated = inBothRoles('pause() and resume() called repeatedly', async (ws, t, role) => {
  const { socket, peer, record } = await t.connect(role);
  socket.resume();
  record('isPaused', socket.isPaused);
  socket.pause();
  socket.pause();
  record('isPaused', socket.isPaused);
  socket.resume();
  record('isPaused', socket.isPaused);
  const message = t.event(socket, 'message');
  peer.text('flows');
  await message;
});

const peerCloses = inBothRoles('the peer closes while paused', async (ws, t, role) => {
  const { socket, peer, record } = await t.connect(role);
  socket.pause();
  peer.write(peer.frame(TEXT, 'before'), peer.frame(CLOSE, closePayload(1001, 'bye')));
  await t.settle();
  record('readyState', socket.readyState);
  socket.resume();
  await peer.next();
  finish(peer, role);
  await t.event(socket, 'close');
  record('isPaused', socket.isPaused);
});

const peerEnds = inBothRoles('the peer ends while paused', async (ws, t, role) => {
  const { socket, peer, record } = await t.connect(role);
  socket.pause();
  peer.text('before');
  peer.end();
  await t.settle();
  record('readyState', socket.readyState);
  socket.resume();
  await t.event(socket, 'close');
});

const closes = inBothRoles('close() while paused', async (ws, t, role) => {
  const { socket, peer, record } = await t.connect(role);
  socket.pause();
  socket.close(1000);
  await peer.next();
  peer.close(1000);
  finish(peer, role);
  await t.settle();
  record('readyState', socket.readyState, socket.isPaused);
  socket.resume();
  await t.event(socket, 'close');
});

const closesForGood = inBothRoles('close() while paused and never resumed', async (ws, t, role) => {
  const { socket, peer } = await t.connect(role, { options: { closeTimeout: 30 } });
  socket.pause();
  peer.text('unread');
  socket.close(1000);
  await peer.next();
  peer.close(1000);
  await t.event(socket, 'close');
});

const terminates = inBothRoles('terminate() while paused', async (ws, t, role) => {
  const { socket } = await t.connect(role);
  socket.pause();
  socket.terminate();
  await t.event(socket, 'close');
});

const sends = inBothRoles('send() and ping() while paused', async (ws, t, role) => {
  const { socket, peer } = await t.connect(role);
  socket.pause();
  socket.send('sent');
  socket.ping('sent');
  await peer.take(2);
  peer.send(PING, 'unanswered until resumed');
  await t.settle();
  socket.resume();
  await peer.next();
});

const states = [
  {
    title: 'client: pause() and resume() before and after the connection',
    async run(ws, t) {
      const record = t.lane('client');
      const { socket, peer } = await t.connect('client', {
        setup(socket) {
          socket.pause();
          record('connecting', socket.isPaused);
          socket.resume();
        }
      });
      peer.close(1000);
      peer.end();
      await t.event(socket, 'close');
      socket.pause();
      record('closed', socket.isPaused);
      socket.resume();
    }
  },
  {
    title: 'server: pause() in the connection event, messages with the handshake',
    async run(ws, t) {
      const { socket, record } = await t.connect('server', {
        early: frameOf(TEXT, 'early', { mask: true }),
        setup: (socket) => socket.pause()
      });
      await t.settle();
      record('settled', socket.isPaused);
      const message = t.event(socket, 'message');
      socket.resume();
      await message;
    }
  },
  {
    title: 'client: pause() in the open event, messages with the handshake',
    async run(ws, t) {
      const { socket, record } = await t.connect('client', {
        early: frameOf(TEXT, 'early'),
        setup: (socket) => socket.on('open', () => socket.pause())
      });
      await t.settle();
      record('settled', socket.isPaused);
      const message = t.event(socket, 'message');
      socket.resume();
      await message;
    }
  }
];

const large = inBothRoles('much data while paused and after', async (ws, t, role) => {
  const { socket, peer, record } = await t.connect(role, { watch: false });
  let bytes = 0;
  socket.on('message', (data) => (bytes += data.length));
  socket.pause();
  for (let i = 0; i < 20; i++) peer.binary(Buffer.alloc(50_000, i));
  await t.settle();
  record('while paused', bytes);
  const all = t.events(socket, 'message', 20);
  socket.resume();
  await all;
  record('after', bytes);
});

const partial = inBothRoles('pause() between the parts of a frame', async (ws, t, role) => {
  const { socket, push, frame, record } = overDuplex(t, ws, role);
  const bytes = frame(TEXT, 'in two parts');
  push(bytes.subarray(0, 9));
  await t.settle(2);
  socket.pause();
  push(bytes.subarray(9), frame(TEXT, 'next'));
  await t.settle(2);
  record('settled');
  socket.resume();
  await t.settle(2);
});

export default [
  ...outside,
  ...inListener,
  ...deferred,
  ...toggled,
  ...repeated,
  ...peerCloses,
  ...peerEnds,
  ...closes,
  ...closesForGood,
  ...terminates,
  ...sends,
  ...states,
  ...large,
  ...partial
];
