import { CLOSE, PING, PONG, RSV2, TEXT, closePayload, frame } from '../../kit/frame.mjs';
import { inBothRoles } from '../../kit/scenario.mjs';

const finish = (peer, role) => role === 'client' && peer.end();

/** A listener that throws, and a promise for it having been called. */
function thrower(what) {
  let called;
  const threw = new Promise((resolve) => (called = resolve));
  const fail = () => {
    called();
    throw new Error(`from the listener of ${what}`);
  };
  return { fail, threw };
}

/** The lines only ferrows records, by role: it goes on where ws takes nothing more from that peer. */
const goesOn =
  (ferrows, ws = []) =>
  (role) => [{ row: 'throwing-listener', ws, ferrows: ferrows(role) }];

const uncaught = (event) => `uncaught exception Error "from the listener of ${event}"`;
const event = (name, text) => `${name} Buffer "${text}"${name === 'message' ? ' false' : ''} "@1"`;
const maskBit = (role) => (role === 'client' ? '8' : '0');

const alone = ['message', 'ping', 'pong'].flatMap((name) =>
  inBothRoles(
    `a listener of ${name} throws`,
    async (ws, t, role) => {
      const opcode = { message: TEXT, ping: PING, pong: PONG }[name];
      const { fail, threw } = thrower(name);
      const { socket, peer, record } = await t.connect(role, {
        setup: (socket) => socket.on(name, fail)
      });
      peer.send(opcode, 'one');
      await threw;
      await t.settle();
      record('readyState', socket.readyState);
      peer.send(opcode, 'two');
      await t.settle();
      socket.send('sending still works');
      await peer.next();
    },
    goesOn((role) => [
      uncaught(name),
      event(name, 'two'),
      ...(name === 'ping' ? [`pong [8a${maskBit(role)}3] "two"`] : [])
    ])
  )
);

const segment = inBothRoles(
  'a listener throws amid a segment',
  async (ws, t, role) => {
    const { fail, threw } = thrower('message');
    const { socket, peer } = await t.connect(role, {
      setup: (socket) => socket.once('message', fail)
    });
    peer.write(...['one', 'two', 'three'].map((text) => peer.frame(TEXT, text)));
    await threw;
    await t.settle();
    peer.text('four');
    await t.settle();
  },
  goesOn(() => ['two', 'three', 'four'].map((text) => event('message', text)))
);

const closing = inBothRoles(
  'the peer closes after a listener threw',
  async (ws, t, role) => {
    const { fail, threw } = thrower('message');
    const { socket, peer, record } = await t.connect(role, {
      setup: (socket) => socket.once('message', fail)
    });
    peer.text('one');
    await threw;
    await t.settle();
    peer.close(1000, 'bye');
    await t.settle();
    record('readyState', socket.readyState);
  },
  goesOn(
    (role) => [
      'close 1000 Buffer "bye" "@3"',
      'readyState 3',
      'wire:',
      `close [88${maskBit(role)}5] 1000 "bye"`,
      'FIN'
    ],
    ['readyState 1']
  )
);

const terminating = inBothRoles(
  'terminate() after a listener threw',
  async (ws, t, role) => {
    const { fail, threw } = thrower('message');
    const { socket, peer, record } = await t.connect(role, {
      setup: (socket) => socket.once('message', fail)
    });
    peer.text('one');
    await threw;
    await t.settle();
    socket.terminate();
    await t.settle();
    record('readyState', socket.readyState);
  },
  goesOn(() => ['close 1006 Buffer empty "@3"', 'readyState 3'], ['readyState 2'])
);

const deferred = inBothRoles(
  'a listener throws without synchronous events',
  async (ws, t, role) => {
    const { fail, threw } = thrower('message');
    const { socket, peer } = await t.connect(role, {
      options: { allowSynchronousEvents: false },
      setup: (socket) => socket.once('message', fail)
    });
    peer.write(...['one', 'two'].map((text) => peer.frame(TEXT, text)));
    await threw;
    await t.settle();
  },
  goesOn(() => [event('message', 'two')])
);

const onClose = inBothRoles('a listener of close throws', async (ws, t, role) => {
  const { fail, threw } = thrower('close');
  const { socket, peer, record } = await t.connect(role, {
    setup: (socket) => socket.once('close', fail)
  });
  peer.send(CLOSE, closePayload(1000));
  finish(peer, role);
  await threw;
  await t.settle();
  record('readyState', socket.readyState);
});

const onError = inBothRoles('a listener of error throws', async (ws, t, role) => {
  const { fail, threw } = thrower('error');
  const { socket, peer, record } = await t.connect(role, {
    setup: (socket) => socket.once('error', fail)
  });
  peer.send(TEXT, '', { rsv: RSV2 });
  await t.event(socket, 'close');
  record('readyState', socket.readyState);
});

const others = [
  {
    title: 'client: a listener of open throws',
    async run(ws, t) {
      const { fail, threw } = thrower('open');
      const record = t.lane('client');
      let socket;
      t.connect('client', {
        early: frame(TEXT, 'early'),
        setup(made) {
          socket = made;
          socket.on('open', fail);
        }
      });
      await threw;
      await t.settle();
      record('readyState', socket.readyState);
    }
  },
  {
    title: 'client: a listener of upgrade throws',
    async run(ws, t) {
      const { fail, threw } = thrower('upgrade');
      const record = t.lane('client');
      let socket;
      t.connect('client', {
        setup(made) {
          socket = made;
          socket.on('upgrade', fail);
        }
      });
      await threw;
      await t.settle();
      record('readyState', socket.readyState);
    }
  },
  {
    title: 'server: the other connections after a listener threw',
    async run(ws, t) {
      const { fail, threw } = thrower('message');
      const { socket, peer, server } = await t.connect('server', {
        setup: (socket) => socket.on('message', fail)
      });
      const other = new ws.WebSocket(server.url);
      t.defer(() => other.terminate());
      t.watch('other', other);
      server.once('connection', (one) => one.on('message', (data) => one.send(`echo ${data}`)));
      await t.event(other, 'open');
      peer.text('one');
      await threw;
      const echo = t.event(other, 'message');
      other.send('hello');
      await echo;
    }
  }
];

export default [
  ...alone,
  ...segment,
  ...closing,
  ...terminating,
  ...deferred,
  ...onClose,
  ...onError,
  ...others
];
