import { constants, deflateRawSync } from 'node:zlib';
import { BINARY, CONTINUATION, PING, RSV1, TEXT } from '../../kit/frame.mjs';
import { inBothRoles } from '../../kit/scenario.mjs';

/** The data of one compressed message; `history` is what the receiver inflated before. */
function deflated(data, history, options) {
  const dictionary = history?.length ? Buffer.from(history) : undefined;
  const flushed = deflateRawSync(Buffer.from(data), {
    finishFlush: constants.Z_SYNC_FLUSH,
    dictionary,
    ...options
  });
  return flushed.subarray(0, -4);
}

/** What a sender strips from the end of a message (RFC 7692 §7.2.1). */
const TAIL = Buffer.from('0000ffff', 'hex');

const finish = (peer, role) => role === 'client' && peer.end();

/** Connects with permessage-deflate negotiated with these parameters. */
function compressed(t, role, { params = '', options = {}, pmd = {}, ...more } = {}) {
  const noContext =
    params.includes(`${role}_no_context_takeover`) || pmd[`${role}NoContextTakeover`];
  return t.connect(role, {
    headers: { 'Sec-WebSocket-Extensions': `permessage-deflate${params}` },
    options: { perMessageDeflate: pmd, ...options },
    peer: { deflate: noContext ? 'no context' : 'context' },
    ...more
  });
}

const noContext = '; server_no_context_takeover; client_no_context_takeover';
const repetitive = 'a text that can be compressed '.repeat(50);

const PARAMETERS = {
  'with context takeover': {},
  'without context takeover': { params: noContext },
  'without context takeover, threshold 0': { params: noContext, pmd: { threshold: 0 } },
  'without context takeover, threshold 100': { params: noContext, pmd: { threshold: 100 } },
  'with context takeover, threshold 100': { pmd: { threshold: 100 } },
  'with small windows': {
    params: '; server_max_window_bits=9; client_max_window_bits=9',
    pmd: { serverMaxWindowBits: 9, clientMaxWindowBits: 9 }
  },
  'at level 1': { pmd: { zlibDeflateOptions: { level: 1 } } },
  'with level 0': { pmd: { zlibDeflateOptions: { level: 0 } } }
};

const sent = Object.entries(PARAMETERS).flatMap(([name, settings]) =>
  inBothRoles(`messages sent ${name}`, async (ws, t, role) => {
    const { socket, peer } = await compressed(t, role, settings);
    socket.send('short');
    socket.send('x'.repeat(99));
    socket.send('x'.repeat(100));
    socket.send('x'.repeat(1023));
    socket.send('x'.repeat(1024));
    socket.send('é'.repeat(512));
    socket.send(repetitive);
    socket.send(Buffer.from(repetitive));
    socket.send('');
    socket.send(Buffer.alloc(0));
    socket.send(repetitive, { compress: false });
    socket.send(repetitive, { compress: undefined });
    socket.send(Buffer.alloc(200_000, 'abc'));
    await peer.take(13);
  })
);

const types = inBothRoles('every type of data, compressed', async (ws, t, role) => {
  const { socket, peer, record } = await compressed(t, role);
  const data = [
    'text',
    5,
    Buffer.from('buffer'),
    Uint16Array.of(0x4142, 0x4344),
    new DataView(Uint8Array.of(1, 2, 3).buffer, 1),
    new Uint8Array([7, 8]).buffer,
    new Blob(['blob']),
    [65, 66]
  ];
  for (const one of data) {
    const called = new Promise((resolve) => socket.send(one, resolve));
    record('called back', (await called) instanceof Error);
  }
  await peer.take(data.length);
});

const fragments = inBothRoles('fragments sent', async (ws, t, role) => {
  const { socket, peer } = await compressed(t, role);
  socket.send('first ', { fin: false });
  socket.send('second ', { fin: false });
  socket.ping('between');
  socket.send('third', { fin: true });
  await peer.take(4);
});

const fragmentsApart = inBothRoles('fragments of which the first decides', async (ws, t, role) => {
  const { socket, peer } = await compressed(t, role, { params: noContext });
  socket.send('small', { fin: false });
  socket.send('x'.repeat(2000), { fin: true });
  await peer.take(2);
  socket.send('x'.repeat(2000), { fin: false, compress: false });
  socket.send('y'.repeat(2000), { fin: true, compress: true });
  await peer.take(2);
});

const order = inBothRoles('compressed and other frames leave in order', async (ws, t, role) => {
  const { socket, peer, record } = await compressed(t, role);
  const done = [];
  const callback = (name) => () => done.push(name);
  socket.send('compressed 1', callback('compressed 1'));
  socket.send('plain 2', { compress: false }, callback('plain 2'));
  socket.ping('ping 3', callback('ping 3'));
  socket.send(new Blob(['blob 4']), callback('blob 4'));
  socket.pong('pong 5', callback('pong 5'));
  socket.send('compressed 6', callback('compressed 6'));
  socket.close(1000, 'last');
  await peer.take(7);
  record('callbacks', done);
});

const received = inBothRoles('compressed messages received', async (ws, t, role) => {
  const { socket, peer } = await compressed(t, role);
  let history = '';
  for (const text of ['hello', repetitive, repetitive, '', 'zwölf']) {
    const message = t.event(socket, 'message');
    peer.text(deflated(text, history), { rsv: RSV1 });
    history += text;
    await message;
  }
  const binary = t.event(socket, 'message');
  peer.binary(deflated(Buffer.alloc(100_000, 7)), { rsv: RSV1 });
  await binary;
});

const receivedApart = inBothRoles(
  'messages received without context takeover',
  async (ws, t, role) => {
    const { socket, peer } = await compressed(t, role, { params: noContext });
    const messages = t.events(socket, 'message', 3);
    for (let i = 0; i < 3; i++) peer.text(deflated(`${i} ${repetitive}`), { rsv: RSV1 });
    await messages;
  }
);

const forgotten = inBothRoles('context used although it was ruled out', async (ws, t, role) => {
  const { socket, peer } = await compressed(t, role, { params: noContext });
  const first = t.event(socket, 'message');
  peer.text(deflated(repetitive), { rsv: RSV1 });
  await first;
  peer.text(deflated(repetitive, repetitive), { rsv: RSV1 });
  await t.event(socket, 'close');
});

const mixed = inBothRoles('compressed and plain messages in one segment', async (ws, t, role) => {
  const { socket, peer } = await compressed(t, role);
  const messages = t.events(socket, 'message', 4);
  const pong = t.event(socket, 'pong');
  peer.write(
    peer.frame(TEXT, 'plain 1'),
    peer.frame(TEXT, deflated('compressed 2'), { rsv: RSV1 }),
    peer.frame(PING, 'ping 3'),
    peer.frame(0xa, 'pong 4'),
    peer.frame(TEXT, 'plain 5'),
    peer.frame(BINARY, deflated('compressed 6'), { rsv: RSV1 })
  );
  await Promise.all([messages, pong, peer.next()]);
});

const deferred = inBothRoles(
  'compressed messages without synchronous events',
  async (ws, t, role) => {
    const { socket, peer, record } = await compressed(t, role, {
      options: { allowSynchronousEvents: false }
    });
    for (const event of ['message', 'ping']) {
      socket.on(event, (data) => queueMicrotask(() => record('microtask', data)));
    }
    const messages = t.events(socket, 'message', 3);
    peer.write(
      peer.frame(TEXT, deflated('1'), { rsv: RSV1 }),
      peer.frame(PING, '2'),
      peer.frame(TEXT, '3'),
      peer.frame(BINARY, deflated('4'), { rsv: RSV1 })
    );
    await messages;
    await t.settle(2);
  }
);

const receivedFragments = inBothRoles('compressed fragments received', async (ws, t, role) => {
  const { socket, peer } = await compressed(t, role);
  const bytes = deflated(repetitive);
  const third = Math.ceil(bytes.length / 3);
  const message = t.event(socket, 'message');
  const pong = peer.take(1);
  peer.write(
    peer.frame(TEXT, bytes.subarray(0, third), { fin: false, rsv: RSV1 }),
    peer.frame(PING, 'between'),
    peer.frame(CONTINUATION, bytes.subarray(third, 2 * third), { fin: false }),
    peer.frame(CONTINUATION, '', { fin: false }),
    peer.frame(CONTINUATION, bytes.subarray(2 * third))
  );
  await message;
  await pong;
});

const binaryTypes = ['arraybuffer', 'fragments', 'blob'].flatMap((binaryType) =>
  inBothRoles(`compressed binary messages with binaryType ${binaryType}`, async (ws, t, role) => {
    const { socket, peer, record } = await compressed(t, role, { watch: false });
    socket.binaryType = binaryType;
    const show = async ([data, isBinary]) => {
      const shown = data instanceof Blob ? await data.arrayBuffer() : data;
      record('message', Array.isArray(shown) ? Buffer.concat(shown) : shown, isBinary);
    };
    for (const data of ['binary', '', Buffer.alloc(40_000, 1)]) {
      const message = t.event(socket, 'message');
      peer.binary(deflated(data), { rsv: RSV1 });
      await show(await message);
    }
  })
);

const final = inBothRoles('messages whose last block is marked as final', async (ws, t, role) => {
  const { socket, peer } = await compressed(t, role);
  for (const text of ['first', 'second']) {
    const message = t.event(socket, 'message');
    peer.text(Buffer.concat([deflateRawSync(text), Buffer.from([0])]), { rsv: RSV1 });
    await message;
  }
  const last = t.event(socket, 'message');
  peer.text(deflated('third'), { rsv: RSV1 });
  await last;
});

const tailed = inBothRoles('a message that keeps the tail of its flush', async (ws, t, role) => {
  const { socket, peer } = await compressed(t, role);
  const message = t.event(socket, 'message');
  peer.text(Buffer.concat([deflated('tail'), TAIL]), { rsv: RSV1 });
  await message;
});

const CORRUPT = {
  'bytes that are no deflate data': Buffer.from('ffffffff', 'hex'),
  'a stored block of wrong length': Buffer.from('0001000000', 'hex'),
  'an invalid distance': Buffer.from('4b04e26200', 'hex'),
  'half of the data': deflated(repetitive).subarray(0, 20),
  'no data at all': Buffer.alloc(0),
  'text that is not UTF-8': deflated(Buffer.from([0x61, 0xff]))
};

const corrupt = Object.entries(CORRUPT).flatMap(([name, bytes]) =>
  inBothRoles(`a compressed message of ${name}`, async (ws, t, role) => {
    const { socket, peer } = await compressed(t, role);
    peer.write(peer.frame(TEXT, bytes, { rsv: RSV1 }), peer.frame(TEXT, 'behind it'));
    peer.close(1000);
    await peer.next();
    finish(peer, role);
    await t.event(socket, 'close');
  })
);

const LIMITS = {
  'exactly maxPayload': [100, [100]],
  'more than maxPayload': [100, [101]],
  'much more than maxPayload': [1000, [10_000_000]],
  'fragments of maxPayload together': [100, [60, 40]],
  'fragments of more than maxPayload together': [100, [60, 41]],
  'maxPayload 0': [0, [200_000]]
};

const limits = Object.entries(LIMITS).flatMap(([name, [maxPayload, sizes]]) =>
  inBothRoles(`a compressed message of ${name}`, async (ws, t, role) => {
    const { socket, peer } = await compressed(t, role, { options: { maxPayload } });
    let history = '';
    sizes.forEach((size, i) => {
      const data = 'x'.repeat(size);
      const last = i === sizes.length - 1;
      const bytes = deflated(data, history);
      peer.send(i === 0 ? BINARY : CONTINUATION, last ? bytes : Buffer.concat([bytes, TAIL]), {
        rsv: i === 0 ? RSV1 : 0,
        fin: last
      });
      history += data;
    });
    peer.close(1000);
    await peer.next();
    finish(peer, role);
    await t.event(socket, 'close');
  })
);

const fragmentLimits = inBothRoles('compressed fragments over maxPayload', async (ws, t, role) => {
  const { socket, peer } = await compressed(t, role, { options: { maxPayload: 100 } });
  const data = 'x'.repeat(150);
  const bytes = deflated(data);
  peer.write(
    peer.frame(BINARY, bytes.subarray(0, 3), { rsv: RSV1, fin: false }),
    peer.frame(CONTINUATION, bytes.subarray(3))
  );
  await t.event(socket, 'close');
});

export default [
  ...sent,
  ...types,
  ...fragments,
  ...fragmentsApart,
  ...order,
  ...received,
  ...receivedApart,
  ...forgotten,
  ...mixed,
  ...deferred,
  ...receivedFragments,
  ...binaryTypes,
  ...final,
  ...tailed,
  ...corrupt,
  ...limits,
  ...fragmentLimits
];
