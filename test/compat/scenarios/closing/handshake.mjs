import { CLOSE, PING, TEXT, closePayload } from '../../kit/frame.mjs';
import { inBothRoles } from '../../kit/scenario.mjs';

/** Ends the connection the way a peer of that role does after both close frames. */
const finish = (peer, role) => role === 'client' && peer.end();

const CODES = [1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 1012, 1013, 1014, 3000, 4999];

const received = [undefined, ...CODES].flatMap((code) =>
  inBothRoles(`the peer closes with ${code ?? 'no code'}`, async (ws, t, role) => {
    const { socket, peer, record } = await t.connect(role);
    peer.close(code, code === 1001 ? 'going äway' : '');
    await peer.next();
    finish(peer, role);
    await t.event(socket, 'close');
    await peer.closed;
    record('readyState', socket.readyState);
  })
);

const longest = inBothRoles('the peer closes with the longest reason', async (ws, t, role) => {
  const { socket, peer } = await t.connect(role);
  peer.close(1000, 'r'.repeat(123));
  await peer.next();
  finish(peer, role);
  await t.event(socket, 'close');
});

const CLOSE_CALLS = {
  'no arguments': [],
  'undefined and a reason': [undefined, 'ignored'],
  'a code': [1000],
  'a code and a reason': [1001, 'bye'],
  'a code and an empty reason': [1000, ''],
  'a code and a reason beyond ASCII': [3000, 'ädieu €'],
  'a code and a Buffer': [4999, Buffer.from('buffer')],
  'a code and a Uint8Array': [1000, Uint8Array.of(0x61, 0x62)],
  'a code and an empty Buffer': [1000, Buffer.alloc(0)],
  'a code and undefined': [1000, undefined],
  '123 bytes of reason': [1000, 'r'.repeat(123)],
  ...Object.fromEntries(CODES.map((code) => [`code ${code}`, [code]]))
};

const sent = Object.entries(CLOSE_CALLS).flatMap(([name, args]) =>
  inBothRoles(`close() with ${name}`, async (ws, t, role) => {
    const { socket, peer, record } = await t.connect(role);
    t.attempt(role, 'close', () => socket.close(...args));
    record('readyState', socket.readyState);
    const { payload } = await peer.next();
    peer.send(CLOSE, payload);
    finish(peer, role);
    await t.event(socket, 'close');
    await peer.closed;
  })
);

const REFUSED = {
  'code 0': [0],
  'code 999': [999],
  'code 1004': [1004],
  'code 1005': [1005],
  'code 1006': [1006],
  'code 1015': [1015],
  'code 2999': [2999],
  'code 5000': [5000],
  'code NaN': [NaN],
  'a fractional code': [1000.5],
  'a code that is a string': ['1000'],
  'a null code': [null],
  'a reason of 124 bytes': [1000, 'r'.repeat(124)],
  'a reason of 124 bytes in 62 characters': [1000, 'é'.repeat(62)],
  'a Buffer of 124 bytes': [1000, Buffer.alloc(124)],
  'a reason that is null': [1000, null],
  'a reason that is a number': [1000, 5],
  'a reason that is an object': [1000, {}],
  'a reason that is an object with a length': [1000, { length: 3 }],
  'a reason that is an array': [1000, [1, 2]],
  'a reason that is an ArrayBuffer': [1000, new ArrayBuffer(2)],
  'a reason that is a DataView': [1000, new DataView(new ArrayBuffer(2))],
  'a reason that is a Uint16Array': [1000, Uint16Array.of(1)]
};

const refused = inBothRoles('close() with arguments that are refused', async (ws, t, role) => {
  for (const [name, args] of Object.entries(REFUSED)) {
    const { socket, peer, record } = await t.connect(role, { watch: false });
    record(name);
    t.attempt(role, 'close', () => socket.close(...args));
    record('readyState', socket.readyState);
    if (socket.readyState === 1) socket.close(1000, name);
    const { payload } = await peer.next();
    record('sent', payload);
    peer.reset();
    await t.event(socket, 'close');
  }
});

const twice = inBothRoles('close() called again and again', async (ws, t, role) => {
  const { socket, peer, record } = await t.connect(role);
  socket.close(1000, 'first');
  t.attempt(role, 'close', () => socket.close(1001, 'second'));
  t.attempt(role, 'close', () => socket.close(9999, 'invalid'));
  await peer.next();
  t.attempt(role, 'close', () => socket.close());
  peer.close(1000, 'answer');
  finish(peer, role);
  await t.event(socket, 'close');
  t.attempt(role, 'close', () => socket.close());
  t.attempt(role, 'terminate', () => socket.terminate());
  record('readyState', socket.readyState);
});

const simultaneous = inBothRoles('both close at the same time', async (ws, t, role) => {
  const { socket, peer } = await t.connect(role);
  socket.close(1000, 'ours');
  peer.close(1001, 'theirs');
  await peer.next();
  finish(peer, role);
  await t.event(socket, 'close');
  await peer.closed;
});

const inMessage = inBothRoles('close() in the listener of a message', async (ws, t, role) => {
  const { socket, peer } = await t.connect(role, {
    setup: (socket) => socket.on('message', (data) => data.length === 3 && socket.close(1000))
  });
  peer.write(peer.frame(TEXT, 'one'), peer.frame(TEXT, 'after'), peer.frame(PING, 'after'));
  await peer.next();
  peer.text('later');
  peer.close(1000);
  finish(peer, role);
  await t.event(socket, 'close');
});

const afterClose = inBothRoles('frames after the close frame are ignored', async (ws, t, role) => {
  const { socket, peer } = await t.connect(role);
  peer.write(
    peer.frame(TEXT, 'before'),
    peer.frame(CLOSE, closePayload(1000, 'bye')),
    peer.frame(TEXT, 'same segment'),
    peer.frame(PING, 'ping'),
    Buffer.from('ffffffff', 'hex')
  );
  await peer.next();
  peer.text('next segment');
  peer.write(Buffer.from('not a frame at all'));
  finish(peer, role);
  await t.event(socket, 'close');
  await peer.closed;
});

const sends = inBothRoles('what was sent before close() arrives first', async (ws, t, role) => {
  const { socket, peer } = await t.connect(role);
  for (let i = 0; i < 20; i++) socket.send(`message ${i}`);
  socket.send('x'.repeat(500_000));
  socket.close(1000, 'after them');
  await peer.take(22);
  peer.close(1000);
  finish(peer, role);
  await t.event(socket, 'close');
});

const replies = inBothRoles('what a message listener sends before a close', async (ws, t, role) => {
  const { socket, peer } = await t.connect(role, {
    setup: (socket) => socket.on('message', (data) => socket.send(`echo ${data}`))
  });
  peer.write(
    peer.frame(TEXT, 'one'),
    peer.frame(TEXT, 'two'),
    peer.frame(CLOSE, closePayload(1000))
  );
  await peer.take(3);
  finish(peer, role);
  await t.event(socket, 'close');
});

const both = [
  {
    title: 'the client closes and ws is at both ends',
    async run(ws, t) {
      const { client, accepted } = await t.pair();
      const closed = t.event(accepted, 'close');
      client.close(4000, 'from the client');
      await Promise.all([closed, t.event(client, 'close')]);
    }
  },
  {
    title: 'the server closes and ws is at both ends',
    async run(ws, t) {
      const { client, accepted } = await t.pair();
      const closed = t.event(client, 'close');
      accepted.close();
      await Promise.all([closed, t.event(accepted, 'close')]);
    }
  },
  {
    title: 'both close in one tick and ws is at both ends',
    async run(ws, t) {
      const { client, accepted } = await t.pair();
      const closed = [t.event(client, 'close'), t.event(accepted, 'close')];
      accepted.close(1001, 'server');
      client.close(1000, 'client');
      await Promise.all(closed);
    }
  },
  {
    title: 'a close event tells whether it was clean',
    async run(ws, t) {
      const { client, accepted } = await t.pair({ watch: false });
      for (const [name, socket] of Object.entries({ client, accepted })) {
        socket.onclose = (event) => {
          t.lane(name)('close', event.type, event.code, event.reason, event.wasClean);
        };
      }
      const closed = [t.event(client, 'close'), t.event(accepted, 'close')];
      accepted.close(1001, 'server');
      await Promise.all(closed);
    }
  }
];

export default [
  ...received,
  ...longest,
  ...sent,
  ...refused,
  ...twice,
  ...simultaneous,
  ...inMessage,
  ...afterClose,
  ...sends,
  ...replies,
  ...both
];
