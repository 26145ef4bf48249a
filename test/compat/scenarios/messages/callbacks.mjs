import { inBothRoles } from '../../kit/scenario.mjs';
import { overDuplex } from '../../kit/duplex.mjs';

const order = inBothRoles('callbacks come in the order of the calls', async (ws, t, role) => {
  const { socket, record } = await t.connect(role);
  const done = new Promise((resolve) => {
    socket.send('one', (error) => record('one', error instanceof Error));
    socket.send(Buffer.from('two'), {}, (error) => record('two', error instanceof Error));
    socket.ping('three', (error) => record('three', error instanceof Error));
    socket.pong(undefined, undefined, (error) => record('four', error instanceof Error));
    socket.send('', (error) => record('five', error instanceof Error));
    socket.send('x'.repeat(200_000), (error) => record('six', error instanceof Error));
    socket.send('last', () => resolve());
  });
  record('returned');
  await done;
});

const later = inBothRoles('no callback runs before send() has returned', async (ws, t, role) => {
  const { socket, record } = await t.connect(role);
  for (const data of ['', 'text', Buffer.alloc(5), 'x'.repeat(100_000)]) {
    let returned = false;
    const called = new Promise((resolve) => {
      socket.send(data, () => {
        record('returned before', returned);
        resolve();
      });
    });
    returned = true;
    await called;
  }
});

const nested = inBothRoles('a callback that sends', async (ws, t, role) => {
  const { socket, peer, record } = await t.connect(role);
  socket.send('one', () => {
    record('called back');
    socket.send('two', () => {
      record('called back again');
      socket.close(1000, 'from a callback');
    });
  });
  await peer.take(3);
});

const throwing = inBothRoles('a callback that throws', async (ws, t, role) => {
  const { socket, peer, record } = await t.connect(role);
  socket.send('one', () => {
    throw new Error('from the callback');
  });
  socket.send('two', () => record('two'));
  await peer.take(2);
  await t.settle();
  socket.send('three', () => record('three'));
  await peer.next();
  await t.settle();
});

/** What is called before the state, and what then calls `send`, `ping` and `pong`. */
const STATES = {
  'after close()': (socket) => socket.close(),
  'after terminate()': (socket) => socket.terminate()
};

const CALLS = {
  'send text': (socket, callback) => socket.send('text', callback),
  'send with options': (socket, callback) => socket.send(Buffer.alloc(10), {}, callback),
  'send a number': (socket, callback) => socket.send(123, callback),
  'send beyond ASCII': (socket, callback) => socket.send('€', callback),
  'send nothing': (socket, callback) => socket.send(undefined, callback),
  'send a Blob': (socket, callback) => socket.send(new Blob(['1234567']), callback),
  'send an ArrayBuffer': (socket, callback) => socket.send(new ArrayBuffer(3), callback),
  'send an object': (socket, callback) => socket.send({}, callback),
  ping: (socket, callback) => socket.ping(callback),
  'ping data': (socket, callback) => socket.ping('data', callback),
  'ping data, mask': (socket, callback) => socket.ping('data', true, callback),
  'ping too much': (socket, callback) => socket.ping('x'.repeat(200), callback),
  pong: (socket, callback) => socket.pong(callback),
  'pong data': (socket, callback) => socket.pong('data', callback),
  'pong a number': (socket, callback) => socket.pong(12, callback)
};

async function callAll(t, socket, lane) {
  const record = t.lane(lane);
  for (const [name, call] of Object.entries(CALLS)) {
    let returned = false;
    t.attempt(lane, name, () =>
      call(socket, (error) => record(`${name} called back`, error, returned))
    );
    returned = true;
    await t.settle(1);
    record('bufferedAmount', socket.bufferedAmount);
  }
}

const closing = Object.entries(STATES).flatMap(([state, enter]) =>
  inBothRoles(`send(), ping() and pong() ${state}`, async (ws, t, role) => {
    const { socket } = overDuplex(t, ws, role);
    enter(socket);
    await callAll(t, socket, role);
  })
);

const closed = inBothRoles('send(), ping() and pong() once closed', async (ws, t, role) => {
  const { socket, peer } = await t.connect(role);
  peer.close(1000);
  if (role === 'client') peer.end();
  await t.event(socket, 'close');
  await callAll(t, socket, role);
});

const connecting = [
  {
    title: 'client: send(), ping() and pong() while connecting',
    async run(ws, t) {
      const socket = new ws.WebSocket('ws://127.0.0.1:1/');
      socket.on('error', () => {});
      await callAll(t, socket, 'client');
      await callAll(t, socket, 'client once failed');
    }
  },
  {
    title: 'a WebSocket that was never connected',
    async run(ws, t) {
      const socket = new ws.WebSocket(null, undefined, {});
      t.watch('socket', socket);
      const record = t.lane('socket');
      record('readyState', socket.readyState, socket.bufferedAmount, socket.url, socket.protocol);
      await callAll(t, socket, 'socket');
      t.attempt('socket', 'pause', () => socket.pause());
      t.attempt('socket', 'resume', () => socket.resume());
      record('isPaused', socket.isPaused);
    }
  }
];

const held = inBothRoles('terminate() while writes are pending', async (ws, t, role) => {
  const { socket, line, record } = overDuplex(t, ws, role, { line: 'nothing' });
  line.holding = true;
  for (const name of ['one', 'two', 'three']) {
    socket.send(name, (error) => record(`${name} called back`, error));
    await t.settle(1);
  }
  socket.terminate();
  await t.event(socket, 'close');
  await t.settle();
});

const unwritten = inBothRoles('terminate() in the tick of a send()', async (ws, t, role) => {
  const { socket, record } = await t.connect(role);
  const called = new Promise((resolve) => {
    socket.send('text', (error) => {
      record('called back', error instanceof Error);
      resolve();
    });
  });
  socket.terminate();
  await called;
  await t.settle();
});

const backlog = inBothRoles(
  'bufferedAmount while the socket takes nothing',
  async (ws, t, role) => {
    const { socket, line, record } = overDuplex(t, ws, role);
    line.holding = true;
    for (const data of ['12345', Buffer.alloc(200), '', 'é'.repeat(70_000)]) {
      socket.send(data, () => record('called back', socket.bufferedAmount));
      await t.settle(1);
      record('bufferedAmount', socket.bufferedAmount);
    }
    for (let i = 0; i < 5; i++) {
      line.release();
      await t.settle(1);
      record('bufferedAmount', socket.bufferedAmount);
    }
  }
);

export default [
  ...order,
  ...later,
  ...nested,
  ...throwing,
  ...closing,
  ...closed,
  ...connecting,
  ...held,
  ...unwritten,
  ...backlog
];
