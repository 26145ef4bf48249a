import { inBothRoles } from '../../kit/scenario.mjs';

const bytes = (...list) => Uint8Array.from(list);

/** Everything a program may hand to `send`; what the library refuses is recorded as thrown. */
const DATA = {
  'a string': () => 'hello',
  'an empty string': () => '',
  'a string beyond ASCII': () => 'zwölf €1 😀',
  'a string with lone surrogates': () => 'a\ud800b\udc00',
  'a string with NUL': () => 'a\0b',
  'a positive number': () => 42,
  'a negative fraction': () => -1.5,
  zero: () => 0,
  NaN: () => NaN,
  'a Buffer': () => Buffer.from('buffer'),
  'an empty Buffer': () => Buffer.alloc(0),
  'a slice of a Buffer': () => Buffer.from('abcdefgh').subarray(2, 5),
  'a Uint8Array': () => bytes(1, 2, 3),
  'an empty Uint8Array': () => bytes(),
  'a part of a Uint8Array': () => bytes(1, 2, 3, 4, 5).subarray(1, 4),
  'an Int8Array': () => Int8Array.of(-1, 1),
  'a Uint8ClampedArray': () => Uint8ClampedArray.of(300, 1),
  'a Uint16Array': () => Uint16Array.of(0x0102, 0x0304),
  'a Float32Array': () => Float32Array.of(1.5),
  'a BigUint64Array': () => BigUint64Array.of(1n),
  'a DataView with an offset': () => new DataView(bytes(9, 8, 7, 6).buffer, 1, 2),
  'an ArrayBuffer': () => bytes(4, 5, 6).buffer,
  'an empty ArrayBuffer': () => new ArrayBuffer(0),
  'a SharedArrayBuffer': () => new Uint8Array(new SharedArrayBuffer(2)).fill(7).buffer,
  'an array of numbers': () => [1, 2, 257],
  'an empty array': () => [],
  'an array-like object': () => ({ length: 2, 0: 65, 1: 66 }),
  'a serialised Buffer': () => Buffer.from('json').toJSON(),
  'a String object': () => new String('wrapped'),
  'an object with valueOf': () => ({ valueOf: () => 'primitive' }),
  'a Blob': () => new Blob(['blob ', 'parts']),
  'an empty Blob': () => new Blob([]),
  undefined: () => undefined,
  null: () => null,
  false: () => false,
  true: () => true,
  'a plain object': () => ({ key: 'value' }),
  'a bigint': () => 1n,
  'a symbol': () => Symbol('data'),
  'a function': () => function named() {},
  'a Date': () => new Date(0),
  'a URL': () => new URL('ws://localhost/')
};

const types = inBothRoles('send() with every type of data', async (ws, t, role) => {
  const { socket, peer, record } = await t.connect(role);
  for (const [name, make] of Object.entries(DATA)) {
    const sent = new Promise((resolve) => {
      try {
        socket.send(make(), (error) => resolve(['called back', error instanceof Error]));
      } catch (error) {
        resolve(['threw', error]);
      }
    });
    record(name, ...(await sent));
  }
  socket.close();
  await t.wait('the close frame', lastOf(peer));
});

async function lastOf(peer) {
  while ((await peer.next()).name !== 'close');
}

const OPTIONS = {
  'a string with binary': ['text', { binary: true }],
  'a string with binary undefined': ['text', { binary: undefined }],
  'a Buffer with binary false': [Buffer.from('buffer'), { binary: false }],
  'a Buffer with binary undefined': [Buffer.from('buffer'), { binary: undefined }],
  'a number with binary': [7, { binary: true }],
  'mask false': ['text', { mask: false }],
  'mask true': ['text', { mask: true }],
  'mask undefined': ['text', { mask: undefined }],
  'compress without the extension': ['text'.repeat(999), { compress: true }],
  'empty options': ['text', {}],
  'undefined options': ['text', undefined],
  'null options': ['text', null],
  'options of another type': ['text', 'binary'],
  'fin false, first': ['one', { fin: false }],
  'fin false, second': [Buffer.from('two'), { fin: false }],
  'fin undefined, third': ['three', { fin: undefined }],
  'fin true, last': ['', { fin: true }],
  'a new message': ['next', {}]
};

const options = inBothRoles('send() with every option', async (ws, t, role) => {
  const { socket, peer, record } = await t.connect(role);
  for (const [name, [data, given]] of Object.entries(OPTIONS)) {
    await new Promise((resolve) => socket.send(data, given, () => resolve()));
    record(name);
    const { mask } = await peer.next();
    record('masked', mask !== null);
  }
});

const lengths = inBothRoles('send() of every length encoding', async (ws, t, role) => {
  const { socket, peer } = await t.connect(role);
  for (const length of [1, 125, 126, 127, 65535, 65536, 300_000]) {
    socket.send('s'.repeat(length));
    socket.send(Buffer.alloc(length, 0x62));
    socket.send('é'.repeat(length));
    await peer.take(3);
  }
});

const fragments = inBothRoles('control frames between the fragments sent', async (ws, t, role) => {
  const { socket, peer } = await t.connect(role);
  socket.send('first ', { fin: false });
  socket.ping('between');
  socket.send('second', { fin: false });
  socket.pong('again');
  socket.send('third', { fin: true });
  socket.send('another');
  await peer.take(6);
});

const order = inBothRoles('all kinds of sends leave in order', async (ws, t, role) => {
  const { socket, peer } = await t.connect(role);
  for (let round = 0; round < 4; round++) {
    socket.send(`text ${round}`);
    socket.send(Buffer.from(`binary ${round}`));
    socket.send(new Blob([`blob ${round}`]));
    socket.ping(`ping ${round}`);
    socket.send('x'.repeat(70_000));
    socket.pong(`pong ${round}`);
    socket.send(Buffer.alloc(100_000, round));
    if (round & 1) await t.settle(1);
  }
  socket.close(1000, 'done');
  await peer.take(29);
});

const memory = inBothRoles("the caller's memory stays as it was", async (ws, t, role) => {
  const { socket, peer, record } = await t.connect(role);
  const sent = {
    small: Buffer.from('small'),
    view: bytes(1, 2, 3, 4),
    arrayBuffer: bytes(5, 6, 7).buffer,
    large: Buffer.alloc(100_000, 0x6c)
  };
  for (const data of Object.values(sent)) socket.send(data);
  socket.ping(sent.small);
  socket.pong(sent.view);
  record('at once', Object.values(sent));
  await peer.take(6);
  record('later', Object.values(sent));
});

const reuse = inBothRoles('small data may be overwritten once sent', async (ws, t, role) => {
  const { socket, peer } = await t.connect(role);
  const scratch = Buffer.alloc(8);
  for (let i = 0; i < 5; i++) {
    scratch.fill(0x61 + i);
    socket.send(scratch);
    socket.ping(scratch);
  }
  scratch.fill(0);
  await peer.take(10);
});

const mask = [
  {
    title: 'client: generateMask makes every masking key',
    async run(ws, t) {
      const record = t.lane('mask');
      let calls = 0;
      const { socket, peer } = await t.connect('client', {
        options: {
          perMessageDeflate: false,
          generateMask(key) {
            record('called with', Buffer.isBuffer(key), key.length);
            key.fill(++calls);
          }
        }
      });
      const shown = async () => record('key', (await peer.next()).mask);
      for (const data of ['text', '', Buffer.from('buffer'), new Blob(['blob']), 'x'.repeat(200)]) {
        socket.send(data);
        await shown();
      }
      socket.ping('ping');
      await shown();
      socket.pong();
      await shown();
      socket.send('unmasked', { mask: false });
      record('key', (await peer.next()).mask);
      socket.close(1000);
      await shown();
    }
  },
  {
    title: 'client: a masking key of zeros',
    async run(ws, t) {
      const { socket, peer, record } = await t.connect('client', {
        options: { generateMask: (key) => key.fill(0) }
      });
      const text = 'zwölf';
      const data = Buffer.from('buffer');
      socket.send(text);
      socket.send(data);
      socket.send('');
      socket.ping('ping');
      socket.close(1000, 'zeros');
      for (const { mask } of await peer.take(5)) record('key', mask);
      record('data', data);
    }
  },
  {
    title: 'client: the same generateMask for all messages of a tick',
    async run(ws, t) {
      let next = 0;
      const { socket, peer, record } = await t.connect('client', {
        options: { generateMask: (key) => key.writeUInt32BE(0x01020304 * ++next) }
      });
      for (let i = 0; i < 5; i++) socket.send(`message ${i}`);
      for (const { mask } of await peer.take(5)) record('key', mask);
    }
  },
  {
    title: 'client: two frames are not masked with the same random key',
    async run(ws, t) {
      const { socket, peer, record } = await t.connect('client');
      for (let i = 0; i < 8; i++) socket.send('same');
      const keys = (await peer.take(8)).map((frame) => frame.mask.toString('hex'));
      record('different keys', new Set(keys).size);
    }
  }
];

const again = inBothRoles('one string sent again in other ways', async (ws, t, role) => {
  const { socket, peer } = await t.connect(role);
  const text = 'the same zwölf';
  const data = Buffer.from(text);
  socket.send(text);
  socket.send(text);
  socket.send(text, { binary: true });
  socket.send(text, { fin: false });
  socket.send(text, { fin: true });
  socket.ping(text);
  socket.send(text, { mask: false });
  socket.send(text, { mask: true });
  socket.send(data);
  data.fill(0x21);
  socket.send(data);
  socket.send(text);
  socket.send(`${text}!`);
  socket.send(text);
  socket.close(1000, text);
  await peer.take(14);
});

const broadcast = {
  title: 'server: one string and one buffer sent to many clients',
  async run(ws, t) {
    const { server, client } = await t.pair({ watch: false });
    const clients = [client];
    for (let i = 0; i < 9; i++) {
      const more = new ws.WebSocket(server.url);
      t.defer(() => more.terminate());
      await t.event(more, 'open');
      clients.push(more);
    }
    const received = clients.map((one) => t.events(one, 'message', 6));
    const buffer = Buffer.from('buffer 0');
    for (let round = 0; round < 3; round++) {
      buffer[7] = 0x30 + round;
      const text = `round ${round}`;
      for (const one of server.clients) {
        one.send(text);
        one.send(buffer);
      }
      if (round === 1) await t.settle(1);
    }
    const [first, ...others] = (await Promise.all(received)).map((messages) =>
      messages.map(([data, isBinary]) => `${data} ${isBinary}`)
    );
    t.lane('clients')('received', first);
    t.lane('clients')(
      'alike',
      others.every((one) => one.join() === first.join())
    );
  }
};

export default [
  ...types,
  ...options,
  ...lengths,
  ...fragments,
  ...order,
  ...memory,
  ...reuse,
  ...mask,
  ...again,
  broadcast
];
