import { inspect } from 'node:util';
import { PING, PONG, TEXT } from '../../kit/frame.mjs';
import { overDuplex } from '../../kit/duplex.mjs';
import { inBothRoles } from '../../kit/scenario.mjs';

const DATA = {
  nothing: [],
  undefined: [undefined],
  null: [null],
  'an empty string': [''],
  'a string': ['data'],
  'a string beyond ASCII': ['€'],
  zero: [0],
  'a number': [12.5],
  'a Buffer': [Buffer.from('buffer')],
  'a Uint16Array': [Uint16Array.of(0x4142)],
  'an ArrayBuffer': [Uint8Array.of(1, 2).buffer],
  'a DataView': [new DataView(Uint8Array.of(1, 2, 3).buffer, 1)],
  'an array': [[65, 66]],
  'a Blob': [new Blob(['blob'])],
  '125 bytes': ['x'.repeat(125)],
  '126 bytes': ['x'.repeat(126)],
  '125 bytes in 63 characters': [`${'é'.repeat(62)}x`],
  '126 bytes in 63 characters': ['é'.repeat(63)],
  'a Blob of 126 bytes': [new Blob(['x'.repeat(126)])],
  'a Buffer of 126 bytes': [Buffer.alloc(126)],
  'an object': [{}],
  true: [true],
  'a string, mask false': ['data', false],
  'a string, mask true': ['data', true],
  'a string, mask undefined': ['data', undefined],
  'a string, mask null': ['data', null]
};

const sent = ['ping', 'pong'].flatMap((method) =>
  inBothRoles(`${method}() with every type of data`, async (ws, t, role) => {
    const { socket, peer, record } = await t.connect(role);
    for (const [name, args] of Object.entries(DATA)) {
      const outcome = new Promise((resolve) => {
        const callback = (error) => resolve(['called back', error instanceof Error]);
        try {
          socket[method](...args, callback);
        } catch (error) {
          resolve(['threw', error]);
        }
      });
      const [what, value] = await outcome;
      record(`${name} ${what}`, value);
      if (what === 'called back') record('masked', (await peer.next()).mask !== null);
    }
  })
);

const withoutCallback = inBothRoles('ping() and pong() without callbacks', async (ws, t, role) => {
  const { socket, peer } = await t.connect(role);
  t.attempt(role, 'ping', () => socket.ping());
  t.attempt(role, 'pong', () => socket.pong());
  t.attempt(role, 'ping', () => socket.ping('data', undefined, undefined));
  t.attempt(role, 'pong', () => socket.pong('data', undefined, null));
  await peer.take(4);
});

const noFunction = inBothRoles(
  'a callback that is no function',
  async (ws, t, role) => {
    const { socket } = await t.connect(role);
    t.attempt(role, 'ping', () => socket.ping('data', undefined, 'not a function'));
    await t.settle();
  },
  (role) => [
    {
      row: 'callback-type',
      ws: ['ping threw TypeError [ERR_UNKNOWN_ENCODING] "Unknown encoding: not a function"'],
      ferrows: [
        'ping returned undefined',
        'wire:',
        `ping [89${role === 'client' ? '8' : '0'}4] "data"`
      ]
    }
  ]
);

const answers = inBothRoles('a ping is answered before its event', async (ws, t, role) => {
  const { socket, peer } = await t.connect(role, {
    setup: (socket) => socket.on('ping', () => socket.send('from the listener'))
  });
  peer.send(PING, 'are you there');
  await peer.take(2);
  peer.send(PING, '');
  await peer.take(2);
  peer.send(PING, Buffer.alloc(125, 0xff));
  await peer.take(2);
  socket.close();
  await peer.next();
});

const burst = inBothRoles('pings among messages are answered in order', async (ws, t, role) => {
  const { socket, peer } = await t.connect(role, {
    setup: (socket) => socket.on('message', (data) => socket.send(`echo ${data}`))
  });
  peer.write(
    peer.frame(PING, '1'),
    peer.frame(TEXT, '2'),
    peer.frame(PING, '3'),
    peer.frame(PONG, 'unsolicited'),
    peer.frame(TEXT, '4')
  );
  await peer.take(4);
  socket.close();
  await peer.next();
});

const off = inBothRoles('autoPong false leaves pings unanswered', async (ws, t, role) => {
  const { socket, peer } = await t.connect(role, { options: { autoPong: false } });
  const pinged = t.events(socket, 'ping', 2);
  peer.write(peer.frame(PING, '1'), peer.frame(PING, '2'));
  await pinged;
  socket.send('marker');
  await peer.next();
});

const closing = inBothRoles('a ping after close() is not answered', async (ws, t, role) => {
  const { socket, peer } = await t.connect(role);
  socket.close();
  await peer.next();
  const pinged = t.event(socket, 'ping');
  peer.send(PING, 'late');
  await pinged;
  peer.close();
  if (role === 'client') peer.end();
  await t.event(socket, 'close');
});

const inListener = inBothRoles('close() in the listener of a ping', async (ws, t, role) => {
  const { socket, peer } = await t.connect(role, {
    setup: (socket) => socket.on('ping', () => socket.close(1000, 'pinged'))
  });
  peer.write(peer.frame(PING, '1'), peer.frame(PING, '2'));
  await peer.take(2);
  await t.settle();
  peer.close(1000);
  if (role === 'client') peer.end();
  await t.event(socket, 'close');
});

const masked = inBothRoles('the data of a ping belongs to its listener', async (ws, t, role) => {
  const { socket, peer, record } = await t.connect(role, {
    watch: false,
    setup: (socket) => socket.on('ping', (data) => data.fill(0x21))
  });
  peer.write(peer.frame(PING, 'abc'), peer.frame(PING, 'def'));
  const frames = await peer.take(2);
  record('answered', frames.length);
  socket.terminate();
});

/** What `maxPendingAutoPongs` may be, with the pings sent in one chunk to a socket that takes nothing. */
const LIMITS = [
  [undefined, 100],
  [3, 3],
  [3, 4],
  [3, 6],
  [1, 2],
  [0, 200],
  [-1, 200],
  [2.9, 4],
  ['2', 4],
  [NaN, 100],
  [Infinity, 100],
  [null, 100]
];

const limits = LIMITS.flatMap(([limit, pings]) =>
  inBothRoles(
    `${pings} pings while no pong is taken, maxPendingAutoPongs ${inspect(limit)}`,
    async (ws, t, role) => {
      const { socket, push, frame, line, record } = overDuplex(t, ws, role, {
        line: 'nothing',
        options: { autoPong: true, maxPendingAutoPongs: limit }
      });
      line.holding = true;
      socket.removeAllListeners('ping');
      let count = 0;
      socket.on('ping', () => count++);
      push(...Array.from({ length: pings }, () => frame(PING, 'p')));
      await t.settle();
      record('pings seen', count, `@${socket.readyState}`, line.destroyed);
    }
  )
);

const recovery = inBothRoles('pongs that were taken no longer count', async (ws, t, role) => {
  const { socket, push, frame, record } = overDuplex(t, ws, role, {
    options: { autoPong: true, maxPendingAutoPongs: 2 }
  });
  for (let i = 0; i < 6; i++) {
    push(frame(PING, `${i} a`), frame(PING, `${i} b`));
    await t.settle(2);
    record('round', i, `@${socket.readyState}`);
  }
});

const segments = [60, 61, 75].flatMap((pings) =>
  inBothRoles(`${pings} pings in one segment with the default limit`, async (ws, t, role) => {
    const { socket, peer, record } = await t.connect(role, { watch: false });
    let count = 0;
    socket.on('ping', () => count++);
    socket.on('close', (code, reason) => record('close', code, reason, count));
    const answered = peer.take(60);
    peer.write(...Array.from({ length: pings }, (_, i) => peer.frame(PING, `${i}`)));
    await answered;
    if (pings > 60) await peer.closed;
    await t.settle();
    record('pings seen', count, `@${socket.readyState}`);
  })
);

export default [
  ...sent,
  ...withoutCallback,
  ...noFunction,
  ...answers,
  ...burst,
  ...off,
  ...closing,
  ...inListener,
  ...masked,
  ...limits,
  ...recovery,
  ...segments
];
