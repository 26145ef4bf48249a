import { on, once } from 'node:events';
import {
  BINARY,
  CLOSE,
  CONTINUATION,
  PING,
  PONG,
  TEXT,
  closePayload,
  frame
} from '../../kit/frame.mjs';
import { overDuplex } from '../../kit/duplex.mjs';
import { inBothRoles } from '../../kit/scenario.mjs';

const finish = (peer, role) => role === 'client' && peer.end();

/** Records when the queues of the event loop run, seen from each event. */
function interleave(socket, record, events = ['message', 'ping', 'pong']) {
  for (const event of events) {
    socket.on(event, (data) => {
      process.nextTick(() => record(`tick of ${event} ${data}`));
      queueMicrotask(() => record(`microtask of ${event} ${data}`));
      Promise.resolve().then(() => record(`promise of ${event} ${data}`));
    });
  }
}

const mixture = (make) => [
  make(TEXT, 'one'),
  make(PING, 'two'),
  make(BINARY, 'three'),
  make(PONG, 'four'),
  make(TEXT, 'fi', { fin: false }),
  make(CONTINUATION, 've'),
  make(PING, 'six'),
  make(CLOSE, closePayload(1000, 'seven'))
];

const queues = [true, false].flatMap((allowSynchronousEvents) =>
  inBothRoles(
    `ticks and microtasks between events, allowSynchronousEvents ${allowSynchronousEvents}`,
    async (ws, t, role) => {
      const { socket, peer } = await t.connect(role, {
        options: { allowSynchronousEvents },
        setup: (socket) => interleave(socket, t.lane(role))
      });
      peer.write(...mixture((...args) => peer.frame(...args)));
      await peer.next();
      finish(peer, role);
      await t.event(socket, 'close');
    }
  )
);

const turns = [true, false].flatMap((allowSynchronousEvents) =>
  inBothRoles(
    `turns of the event loop between events, allowSynchronousEvents ${allowSynchronousEvents}`,
    async (ws, t, role) => {
      const { socket, push, frame, record } = overDuplex(t, ws, role, {
        options: { allowSynchronousEvents }
      });
      let turn = 0;
      const count = () => {
        turn++;
        if (turn < 20) setImmediate(count);
      };
      for (const event of ['message', 'ping', 'pong']) socket.on(event, () => record('turn', turn));
      setImmediate(count);
      push(...mixture(frame));
      await t.settle(25);
    }
  )
);

const other = [undefined, null, 0, 'no'].flatMap((allowSynchronousEvents) =>
  inBothRoles(`allowSynchronousEvents ${allowSynchronousEvents}`, async (ws, t, role) => {
    const { socket, peer } = await t.connect(role, {
      options: { allowSynchronousEvents },
      setup: (socket) => interleave(socket, t.lane(role))
    });
    peer.write(...mixture((...args) => peer.frame(...args)));
    await peer.next();
    finish(peer, role);
    await t.event(socket, 'close');
  })
);

const deferredError = inBothRoles(
  'a violation behind messages without synchronous events',
  async (ws, t, role) => {
    const { socket, peer } = await t.connect(role, { options: { allowSynchronousEvents: false } });
    peer.write(peer.frame(TEXT, 'one'), peer.frame(TEXT, 'two'), peer.frame(7, ''));
    await t.event(socket, 'close');
  }
);

const deferredMuch = inBothRoles('much data without synchronous events', async (ws, t, role) => {
  const { socket, peer, record } = await t.connect(role, {
    watch: false,
    options: { allowSynchronousEvents: false }
  });
  let bytes = 0;
  socket.on('message', (data) => (bytes += data.length));
  const all = t.events(socket, 'message', 300);
  for (let i = 0; i < 300; i++) peer.binary(Buffer.alloc(1000 + i, i));
  await all;
  record('bytes', bytes);
  peer.close(1000);
  finish(peer, role);
  record('close', ...(await t.event(socket, 'close')));
});

const deferredEnd = inBothRoles('the peer gone before deferred events', async (ws, t, role) => {
  const { socket, peer } = await t.connect(role, { options: { allowSynchronousEvents: false } });
  peer.write(...['one', 'two', 'three'].map((text) => peer.frame(TEXT, text)));
  peer.end();
  await t.event(socket, 'close');
});

const deferredTerminate = inBothRoles('terminate() among deferred events', async (ws, t, role) => {
  const { socket, peer } = await t.connect(role, {
    options: { allowSynchronousEvents: false },
    setup: (socket) => socket.once('message', () => socket.terminate())
  });
  peer.write(...['one', 'two', 'three'].map((text) => peer.frame(TEXT, text)));
  await t.event(socket, 'close');
});

/** When the listener for messages is added, and whether it is in time for what came with the handshake. */
const LATE = {
  'at once': (add) => add(),
  'in a tick': (add) => process.nextTick(add),
  'in a microtask': (add) => queueMicrotask(add),
  'in two ticks': (add) => process.nextTick(() => process.nextTick(add)),
  'in the next turn': (add) => setImmediate(add)
};

const late = Object.entries(LATE).flatMap(([name, schedule]) =>
  inBothRoles(`a message listener added ${name} after open`, async (ws, t, role) => {
    const mask = role === 'server';
    const record = t.lane(role);
    const { peer, socket } = await t.connect(role, {
      watch: false,
      early: frame(TEXT, 'early', { mask }),
      setup(socket) {
        const add = () => socket.on('message', (data) => record('message', data));
        if (role === 'server') schedule(add);
        else socket.on('open', () => schedule(add));
      }
    });
    await t.settle();
    const message = t.event(socket, 'message');
    peer.text('later');
    await message;
  })
);

const opening = inBothRoles('order of open and what came with it', async (ws, t, role) => {
  const mask = role === 'server';
  const record = t.lane(role);
  const { socket } = await t.connect(role, {
    early: Buffer.concat([frame(TEXT, 'one', { mask }), frame(CLOSE, '', { mask })]),
    setup(socket) {
      if (role === 'server') record('connection');
      interleave(socket, record, ['message']);
      socket.on('open', () => {
        process.nextTick(() => record('tick of open'));
        queueMicrotask(() => record('microtask of open'));
      });
      if (role === 'server') {
        process.nextTick(() => record('tick of connection'));
        queueMicrotask(() => record('microtask of connection'));
      }
    }
  });
  if (socket.readyState !== 3) await t.event(socket, 'close');
});

const added = inBothRoles('listeners added and removed amid a segment', async (ws, t, role) => {
  const { socket, peer, record } = await t.connect(role, { watch: false });
  const second = (data) => record('second', data);
  socket.on('message', (data) => {
    record('first', data);
    if (data.equals(Buffer.from('1'))) socket.on('message', second);
    if (data.equals(Buffer.from('3'))) socket.off('message', second);
    if (data.equals(Buffer.from('4'))) socket.removeAllListeners('message');
  });
  peer.write(...['1', '2', '3', '4', '5'].map((text) => peer.frame(TEXT, text)));
  socket.on('ping', () => record('ping'));
  const ping = t.event(socket, 'ping');
  peer.send(PING, '');
  await ping;
  record('listeners', socket.listenerCount('message'));
});

const swapped = inBothRoles('emit of the WebSocket replaced', async (ws, t, role) => {
  const { socket, peer, record } = await t.connect(role, { watch: false });
  const emit = socket.emit;
  socket.emit = function (...args) {
    record('emit', args[0], args.length);
    return emit.apply(this, args);
  };
  peer.write(peer.frame(TEXT, 'text'), peer.frame(PING, 'ping'), peer.frame(PONG, 'pong'));
  peer.close(1000);
  finish(peer, role);
  await t.event(socket, 'close');
});

const iterated = inBothRoles('messages iterated with events.on()', async (ws, t, role) => {
  const { socket, peer, record } = await t.connect(role, { watch: false });
  const controller = new AbortController();
  const iterator = on(socket, 'message', { signal: controller.signal });
  peer.write(...['one', 'two', 'three'].map((text) => peer.frame(TEXT, text)));
  try {
    for await (const [data, isBinary] of iterator) {
      record('message', data, isBinary);
      if (String(data) === 'three') controller.abort();
    }
  } catch (error) {
    record('ended', error.name);
  }
  record('listeners', socket.listenerCount('message'));
});

const awaited = inBothRoles('messages awaited with events.once()', async (ws, t, role) => {
  const { socket, peer, record } = await t.connect(role, { watch: false });
  for (const text of ['one', 'two']) {
    const message = once(socket, 'message');
    peer.text(text);
    record('message', ...(await message));
  }
  const failed = once(socket, 'message').catch((error) => record('rejected', error));
  peer.send(7, '');
  await failed;
});

export default [
  ...queues,
  ...turns,
  ...other,
  ...deferredError,
  ...deferredMuch,
  ...deferredEnd,
  ...deferredTerminate,
  ...late,
  ...opening,
  ...added,
  ...swapped,
  ...iterated,
  ...awaited
];
