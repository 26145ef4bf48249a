import { TEXT, frame } from '../../kit/frame.mjs';
import { overDuplex } from '../../kit/duplex.mjs';
import { inBothRoles } from '../../kit/scenario.mjs';

const fin = inBothRoles('the peer ends without a close frame', async (ws, t, role) => {
  const { socket, peer } = await t.connect(role);
  peer.end();
  await t.event(socket, 'close');
  await peer.closed;
});

const finAfterMessage = inBothRoles('the peer ends right after messages', async (ws, t, role) => {
  const { socket, peer } = await t.connect(role);
  peer.write(peer.frame(TEXT, 'one'), peer.frame(TEXT, 'two'));
  peer.end();
  await t.event(socket, 'close');
});

const finWhileSending = inBothRoles(
  'send() in the tick of the peer ending',
  async (ws, t, role) => {
    const { socket, peer, record } = await t.connect(role);
    peer.end();
    await t.event(socket._socket, 'end');
    t.attempt(role, 'send', () =>
      socket.send('late', (error) => record('called back', error?.message))
    );
    await t.event(socket, 'close');
  }
);

const reset = inBothRoles('the peer resets the connection', async (ws, t, role) => {
  const { socket, peer } = await t.connect(role);
  peer.reset();
  await t.event(socket, 'close');
});

const resetLater = inBothRoles('the peer resets after a message', async (ws, t, role) => {
  const { socket, peer } = await t.connect(role);
  peer.text('hello');
  await t.event(socket, 'message');
  peer.reset();
  await t.event(socket, 'close');
});

const resetClosing = inBothRoles(
  'the peer resets instead of answering a close',
  async (ws, t, role) => {
    const { socket, peer } = await t.connect(role);
    socket.close(1000);
    await peer.next();
    peer.reset();
    await t.event(socket, 'close');
  }
);

const finClosing = inBothRoles(
  'the peer ends instead of answering a close',
  async (ws, t, role) => {
    const { socket, peer } = await t.connect(role);
    socket.close(1001, 'bye');
    await peer.next();
    peer.end();
    await t.event(socket, 'close');
  }
);

const silent = inBothRoles('the peer never answers a close', async (ws, t, role) => {
  const { socket, peer } = await t.connect(role, { options: { closeTimeout: 20 } });
  socket.close(1000, 'hello?');
  await peer.next();
  await t.event(socket, 'close');
  await peer.closed;
});

const stubborn = inBothRoles('the peer answers a close and does not end', async (ws, t, role) => {
  const { socket, peer, record } = await t.connect(role, {
    options: { closeTimeout: 20 },
    peer: { answersFin: false }
  });
  socket.close(1000);
  await peer.next();
  peer.close(1000);
  await t.event(socket, 'close');
  record('readyState', socket.readyState);
});

const timeouts = [0, -1, 1.5, '15', NaN, null].flatMap((closeTimeout) =>
  inBothRoles(
    `closeTimeout ${JSON.stringify(closeTimeout)} ${closeTimeout}`,
    async (ws, t, role) => {
      const { socket, peer } = await t.connect(role, { options: { closeTimeout } });
      socket.close();
      await t.event(socket, 'close');
      await peer.closed;
    }
  )
);

const terminated = inBothRoles('terminate() on an open connection', async (ws, t, role) => {
  const { socket, peer, record } = await t.connect(role);
  t.attempt(role, 'terminate', () => socket.terminate());
  record('readyState', socket.readyState);
  await t.event(socket, 'close');
  t.attempt(role, 'terminate', () => socket.terminate());
  await peer.closed;
});

const terminatedClosing = inBothRoles('terminate() after close()', async (ws, t, role) => {
  const { socket, peer } = await t.connect(role);
  socket.close(1000, 'first');
  socket.terminate();
  await t.event(socket, 'close');
  await peer.closed;
});

const terminatedInListener = inBothRoles(
  'terminate() in a message listener',
  async (ws, t, role) => {
    const { socket, peer } = await t.connect(role, {
      setup: (socket) => socket.once('message', () => socket.terminate())
    });
    peer.write(...['one', 'two', 'three'].map((text) => peer.frame(TEXT, text)));
    await t.event(socket, 'close');
  }
);

const destroyed = inBothRoles('the socket is destroyed by the program', async (ws, t, role) => {
  const { socket, peer } = await t.connect(role);
  socket._socket.destroy();
  await t.event(socket, 'close');
  await peer.closed;
});

const destroyedWithError = inBothRoles(
  'the socket is destroyed with an error',
  async (ws, t, role) => {
    const { socket, record } = await t.connect(role);
    socket._socket.on('error', (error) => record('socket error', error));
    socket._socket.destroy(new Error('by the program'));
    await t.event(socket, 'close');
  }
);

const ended = inBothRoles('the socket is ended by the program', async (ws, t, role) => {
  const { socket, peer } = await t.connect(role);
  socket._socket.end();
  await t.event(socket, 'close');
  await peer.closed;
});

const destroyedClosing = inBothRoles(
  'the socket is destroyed amid a close',
  async (ws, t, role) => {
    const { socket, peer } = await t.connect(role);
    socket.close(1000);
    await peer.next();
    socket._socket.destroy();
    await t.event(socket, 'close');
  }
);

const unread = inBothRoles('what was read before the socket is destroyed', async (ws, t, role) => {
  const { socket, push, frame, line } = overDuplex(t, ws, role);
  socket.pause();
  push(frame(TEXT, 'one'), frame(TEXT, 'two'));
  push(frame(TEXT, 'three'));
  line.destroy();
  await t.event(socket, 'close');
});

const writeError = inBothRoles('a write that fails', async (ws, t, role) => {
  const { socket, line, record } = overDuplex(t, ws, role);
  line._write = (chunk, encoding, callback) => callback(new Error('cannot write'));
  line._writev = (chunks, callback) => callback(new Error('cannot write'));
  socket.send('one', (error) => record('one', error));
  socket.send('two', (error) => record('two', error?.message));
  await t.event(socket, 'close');
  socket.send('three', (error) => record('three', error));
  await t.settle();
});

const messageThenGone = inBothRoles('a message before the peer is gone', async (ws, t, role) => {
  const { socket, peer, record } = await t.connect(role, {
    setup: (socket) => socket.on('message', () => socket.send('x'.repeat(100)))
  });
  peer.text('hello');
  await peer.next();
  peer.destroy();
  await t.event(socket, 'close');
  record('bufferedAmount', socket.bufferedAmount);
});

const endsAtOnce = inBothRoles(
  'the peer ends with its half of the handshake',
  async (ws, t, role) => {
    let socket;
    const mask = role === 'server';
    const closed = new Promise((resolve) => {
      t.connect(role, {
        early: frame(TEXT, 'only', { mask }),
        setup(made) {
          socket = made;
          socket.on('close', resolve);
        }
      }).then(({ peer }) => peer.end());
    });
    await t.wait('close', closed);
    t.lane(role)('readyState', socket.readyState);
  }
);

export default [
  ...fin,
  ...finAfterMessage,
  ...finWhileSending,
  ...reset,
  ...resetLater,
  ...resetClosing,
  ...finClosing,
  ...silent,
  ...stubborn,
  ...timeouts,
  ...terminated,
  ...terminatedClosing,
  ...terminatedInListener,
  ...destroyed,
  ...destroyedWithError,
  ...ended,
  ...destroyedClosing,
  ...unread,
  ...writeError,
  ...messageThenGone,
  ...endsAtOnce
];
