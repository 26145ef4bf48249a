import { parse, TEXT, frame } from '../../kit/frame.mjs';
import { overDuplex } from '../../kit/duplex.mjs';
import { inBothRoles } from '../../kit/scenario.mjs';

const FIELDS = [
  '_isServer',
  '_socket',
  '_sender',
  '_receiver',
  '_extensions',
  '_protocol',
  '_readyState',
  '_url',
  '_binaryType',
  '_paused',
  '_closeCode',
  '_closeFrameReceived',
  '_closeFrameSent',
  '_closeMessage',
  '_closeTimer',
  '_closeTimeout',
  '_autoPong',
  '_errorEmitted',
  '_req',
  '_redirects',
  '_bufferedAmount'
];

const kind = (value) =>
  value !== null && typeof value === 'object' && !Buffer.isBuffer(value) ? 'object' : value;

/** Fields of ws that ferrows has no use for. */
const absent = () => [
  {
    row: 'internal-fields',
    ws: ['false', 'false', 'false']
      .map((value) => `_paused ${value}`)
      .concat(['null', '"object"', '"object"'].map((value) => `_closeTimer ${value}`)),
    ferrows: Array(3).fill(['_paused undefined', '_closeTimer undefined']).flat()
  }
];

const fields = inBothRoles(
  'underscored fields while open and once closed',
  async (ws, t, role) => {
    const { socket, peer, record } = await t.connect(role, { options: { closeTimeout: 5000 } });
    const show = (label) => {
      record(label);
      for (const name of FIELDS) record(`  ${name}`, kind(socket[name]));
    };
    show('open');
    socket.close(1000, 'x');
    await peer.next();
    show('closing');
    peer.close(4000, 'reason');
    if (role === 'client') peer.end();
    await t.event(socket, 'close');
    show('closed');
  },
  absent
);

const socketMembers = inBothRoles('_socket is the socket', async (ws, t, role) => {
  const { socket, request, peer, record } = await t.connect(role);
  const { _socket } = socket;
  record('class', _socket.constructor.name, request ? _socket === request.socket : undefined);
  record('address', _socket.remoteAddress, typeof _socket.remotePort, _socket.address().address);
  record('state', _socket.destroyed, _socket.writableLength, _socket.readable, _socket.writable);
  record('calls', _socket.setNoDelay() === _socket, _socket.setKeepAlive(true) === _socket);
  record('timeout', _socket.timeout, _socket.listenerCount('timeout'));
  const message = t.event(socket, 'message');
  const { bytesRead, bytesWritten } = _socket;
  peer.text('12345');
  await message;
  socket.send('123');
  await peer.next();
  await t.settle();
  record('counted', _socket.bytesRead - bytesRead, _socket.bytesWritten - bytesWritten);
  _socket.on('close', (hadError) => record('close of the socket', hadError, socket.readyState));
  peer.close();
  if (role === 'client') peer.end();
  await t.event(socket, 'close');
  record('destroyed', _socket.destroyed, socket._socket === _socket);
});

const socketEvents = inBothRoles('events of _socket', async (ws, t, role) => {
  const { socket, peer, record } = await t.connect(role);
  for (const event of ['end', 'finish', 'close', 'error']) {
    socket._socket.on(event, () => record(`socket ${event}`, socket.readyState));
  }
  socket.close(1000);
  await peer.next();
  peer.close(1000);
  if (role === 'client') peer.end();
  await t.event(socket, 'close');
});

const raw = inBothRoles('bytes written to _socket by the program', async (ws, t, role) => {
  const { socket, peer } = await t.connect(role);
  socket.send('before');
  socket._socket.write(frame(TEXT, 'by hand', { mask: role === 'client' }));
  socket.send('after');
  await peer.take(3);
});

const corked = inBothRoles('_socket corked by the program', async (ws, t, role) => {
  const { socket, peer, record } = await t.connect(role);
  socket._socket.cork();
  for (let i = 0; i < 5; i++) socket.send(`message ${i}`, () => record('called back', i));
  process.nextTick(() => socket._socket.uncork());
  await peer.take(5);
});

const sendFrame = inBothRoles('_sender.sendFrame() of a frame made before', async (ws, t, role) => {
  const { socket, peer, record } = await t.connect(role);
  const list = ws.Sender.frame(Buffer.from('prepared'), {
    readOnly: false,
    mask: role === 'client',
    rsv1: false,
    opcode: 1,
    fin: true
  });
  socket.send('before');
  const called = new Promise((resolve) => {
    t.attempt(role, 'sendFrame', () =>
      socket._sender.sendFrame(list, (error) => {
        record('called back', error instanceof Error);
        resolve();
      })
    );
  });
  socket.send('after');
  socket._sender.sendFrame(list);
  await called;
  await peer.take(4);
});

const broadcast = {
  title: 'server: one prepared frame for several clients',
  async run(ws, t) {
    const { server, client } = await t.pair();
    const second = new ws.WebSocket(server.url);
    t.watch('second', second);
    t.defer(() => second.terminate());
    await t.event(second, 'open');
    const list = ws.Sender.frame(Buffer.from('to all'), {
      readOnly: false,
      mask: false,
      rsv1: false,
      opcode: 1,
      fin: true
    });
    const messages = [t.events(client, 'message', 3), t.events(second, 'message', 3)];
    for (let i = 0; i < 3; i++) {
      for (const socket of server.clients) socket._sender.sendFrame(list, () => {});
    }
    await Promise.all(messages);
  }
};

const senderMembers = inBothRoles(
  '_sender and _receiver',
  async (ws, t, role) => {
    const { socket, peer, record } = await t.connect(role, { options: { maxPayload: 77 } });
    const { _sender, _receiver } = socket;
    record('_sender', _sender instanceof ws.Sender, _sender._socket === socket._socket);
    record('_bufferedBytes', _sender._bufferedBytes);
    record('_receiver', _receiver._maxPayload, _receiver._binaryType);
    record('a Receiver', _receiver instanceof ws.Receiver, typeof _receiver.on);
    _sender._bufferedBytes = 5;
    record('bufferedAmount', socket.bufferedAmount);
    _sender._bufferedBytes = 0;
    t.attempt(role, '_sender.send', () =>
      _sender.send('direct', { binary: false, fin: true, mask: role === 'client' })
    );
    t.attempt(role, '_sender.ping', () => _sender.ping('direct', role === 'client'));
    await peer.take(2);
  },
  () => [
    {
      row: 'receiver',
      ws: ['a Receiver true "function"'],
      ferrows: ['a Receiver false "undefined"']
    }
  ]
);

const inject = {
  title: 'client: setSocket() as a test helper of a web framework does',
  async run(ws, t) {
    const { Duplex } = await import('node:stream');
    const record = t.lane('client');
    const socket = new ws.WebSocket(null, undefined, { isServer: false });
    socket._isServer = false;
    t.watch('client', socket);
    const out = [];
    const stream = new Duplex({
      read() {},
      write(chunk, encoding, callback) {
        out.push(chunk);
        callback();
      }
    });
    t.defer(() => stream.destroy());
    const head = frame(TEXT, 'in the head');
    t.attempt('client', 'setSocket', () => socket.setSocket(stream, head, { maxPayload: 0 }));
    record('state', socket.readyState, socket._socket === stream, socket._isServer);
    await t.event(socket, 'message');
    socket.send('masked');
    socket._socket.write('raw');
    await t.settle();
    const bytes = Buffer.concat(out);
    const { payload, mask, rest } = parse(bytes);
    record('wrote', payload, mask !== null, rest);
    stream.push(null);
    await t.event(socket, 'close');
  }
};

const overrides = inBothRoles('emitClose() called by a subclass', async (ws, t, role) => {
  const { socket, record, line } = overDuplex(t, ws, role);
  const { emitClose } = socket;
  socket.emitClose = function () {
    record('emitClose', this.readyState);
    return emitClose.call(this);
  };
  line.push(null);
  await t.event(socket, 'close');
});

const timeout = inBothRoles('setTimeout() on _socket', async (ws, t, role) => {
  const { socket, peer, record } = await t.connect(role);
  socket._socket.setTimeout(20);
  socket._socket.on('timeout', () => {
    record('timeout', socket.readyState);
    socket.terminate();
  });
  await t.event(socket, 'close');
  await peer.closed;
});

const listened = inBothRoles('a data listener on _socket', async (ws, t, role) => {
  const { socket, peer, record } = await t.connect(role);
  let bytes = Buffer.alloc(0);
  socket._socket.on('data', (chunk) => (bytes = Buffer.concat([bytes, chunk])));
  const messages = t.events(socket, 'message', 2);
  const sent = [peer.frame(TEXT, 'one', { mask: false }), peer.frame(TEXT, 'two', { mask: false })];
  if (role === 'client') {
    peer.write(...sent);
    await messages;
    record('seen', bytes);
  } else {
    peer.text('one');
    peer.text('two');
    await messages;
    record('seen', bytes.length);
  }
});

const paused = inBothRoles('pause() and resume() on _socket', async (ws, t, role) => {
  const { socket, peer, record } = await t.connect(role);
  socket._socket.pause();
  peer.text('held back');
  await t.settle();
  record('settled', socket.isPaused, socket._socket.isPaused());
  const message = t.event(socket, 'message');
  socket._socket.resume();
  await message;
});

export default [
  ...fields,
  ...socketMembers,
  ...socketEvents,
  ...raw,
  ...corked,
  ...sendFrame,
  broadcast,
  ...senderMembers,
  inject,
  ...overrides,
  ...timeout,
  ...listened,
  ...paused
];
