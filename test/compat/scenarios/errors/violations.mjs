import {
  BINARY,
  CLOSE,
  CONTINUATION,
  PING,
  PONG,
  RSV1,
  RSV2,
  RSV3,
  TEXT,
  closePayload
} from '../../kit/frame.mjs';
import { inBothRoles } from '../../kit/scenario.mjs';

const BAD_UTF8 = {
  'a lone continuation byte': '80',
  'an unfinished sequence': 'e282',
  'an overlong slash': 'c0af',
  'an overlong NUL in three bytes': 'e08080',
  'an overlong NUL in four bytes': 'f0808080',
  'a surrogate': 'eda080',
  'a character beyond U+10FFFF': 'f4908080',
  'a byte that never occurs': 'ff',
  'a bad byte after 40 good ones': `${'61'.repeat(40)}fe`
};

const INVALID_CODES = [0, 999, 1004, 1005, 1006, 1015, 1016, 2999, 5000, 65535];

/** What a peer may do wrong, as the frames it sends (in its own role). */
export const VIOLATIONS = {
  'RSV2 set': (f) => [f(TEXT, 'x', { rsv: RSV2 })],
  'RSV3 set': (f) => [f(BINARY, 'x', { rsv: RSV3 })],
  'all RSV bits set': (f) => [f(TEXT, 'x', { rsv: RSV1 | RSV2 | RSV3 })],
  'RSV2 set on a ping': (f) => [f(PING, 'x', { rsv: RSV2 })],
  'RSV1 set without the extension': (f) => [f(TEXT, 'x', { rsv: RSV1 })],
  'RSV1 set on a binary message without the extension': (f) => [f(BINARY, 'x', { rsv: RSV1 })],
  'RSV1 set on a ping': (f) => [f(PING, 'x', { rsv: RSV1 })],
  'RSV1 set on a close frame': (f) => [f(CLOSE, '', { rsv: RSV1 })],
  'RSV1 set on a continuation': (f) => [
    f(TEXT, 'x', { fin: false }),
    f(CONTINUATION, 'y', { rsv: RSV1 })
  ],
  ...Object.fromEntries(
    [3, 4, 5, 6, 7, 11, 12, 13, 14, 15].map((opcode) => [
      `opcode ${opcode}`,
      (f) => [f(opcode, '')]
    ])
  ),
  'an unfragmented continuation': (f) => [f(CONTINUATION, 'x')],
  'a continuation that begins a message': (f) => [f(CONTINUATION, 'x', { fin: false })],
  'a continuation after a whole message': (f) => [f(TEXT, 'whole'), f(CONTINUATION, 'x')],
  'text within a fragmented message': (f) => [f(BINARY, 'x', { fin: false }), f(TEXT, 'y')],
  'binary within a fragmented message': (f) => [f(TEXT, 'x', { fin: false }), f(BINARY, 'y')],
  'a fragmented text within a fragmented message': (f) => [
    f(TEXT, 'x', { fin: false }),
    f(TEXT, 'y', { fin: false })
  ],
  'a fragmented ping': (f) => [f(PING, 'x', { fin: false })],
  'a fragmented pong': (f) => [f(PONG, 'x', { fin: false })],
  'a fragmented close frame': (f) => [f(CLOSE, '', { fin: false })],
  'a ping of 126 bytes': (f) => [f(PING, 'x'.repeat(126))],
  'a pong of 126 bytes': (f) => [f(PONG, 'x'.repeat(126))],
  'a ping of 70000 bytes': (f) => [f(PING, 'x'.repeat(70_000))],
  'a close frame of 126 bytes': (f) => [f(CLOSE, closePayload(1000, 'x'.repeat(124)))],
  'a close frame of one byte': (f) => [f(CLOSE, 'x')],
  'a ping whose header says 127 and no more came': (f) => [f(PING, '', { lengthBytes: 8 })],
  'the wrong masking': (f, masks) => [f(TEXT, 'x', { mask: !masks })],
  'the wrong masking of an empty frame': (f, masks) => [f(TEXT, '', { mask: !masks })],
  'the wrong masking of a close frame': (f, masks) => [f(CLOSE, '', { mask: !masks })],
  'the wrong masking of a ping': (f, masks) => [f(PING, 'x', { mask: !masks })],
  'a length of 2^53': (f) => [f(TEXT, '', { length: 2 ** 53, lengthBytes: 8 })],
  'a length of 2^63': (f) => [f(BINARY, '', { length: 2 ** 63, lengthBytes: 8 })],
  'text that breaks off in a character': (f) => [
    f(TEXT, Buffer.from('e2', 'hex'), { fin: false }),
    f(CONTINUATION, 'x')
  ],
  ...Object.fromEntries(
    Object.entries(BAD_UTF8).flatMap(([name, hex]) => [
      [`text with ${name}`, (f) => [f(TEXT, Buffer.from(hex, 'hex'))]],
      [
        `a close reason with ${name}`,
        (f) => [f(CLOSE, Buffer.concat([closePayload(1000), Buffer.from(hex, 'hex')]))]
      ]
    ])
  ),
  ...Object.fromEntries(
    INVALID_CODES.map((code) => [
      `a close frame with code ${code}`,
      (f) => [f(CLOSE, closePayload(code))]
    ])
  )
};

const each = Object.entries(VIOLATIONS).flatMap(([name, make]) =>
  inBothRoles(`fails on ${name}`, async (ws, t, role) => {
    const { socket, peer, record } = await t.connect(role);
    socket.on('error', (error) => record('own keys', Object.keys(error)));
    peer.write(
      peer.frame(TEXT, 'a message before'),
      ...make((...args) => peer.frame(...args), peer.masks),
      peer.frame(TEXT, 'a message after'),
      peer.frame(CLOSE, closePayload(1000, 'too late'))
    );
    await t.event(socket, 'close');
    await peer.closed;
    record('readyState', socket.readyState);
  })
);

const skipped = inBothRoles('skipUTF8Validation delivers any text', async (ws, t, role) => {
  const { socket, peer } = await t.connect(role, { options: { skipUTF8Validation: true } });
  for (const hex of Object.values(BAD_UTF8)) {
    const message = t.event(socket, 'message');
    peer.text(Buffer.from(hex, 'hex'));
    await message;
  }
  peer.send(CLOSE, Buffer.concat([closePayload(1000), Buffer.from('ff', 'hex')]));
  if (role === 'client') peer.end();
  await t.event(socket, 'close');
});

const unheard = inBothRoles('an error nobody listens for', async (ws, t, role) => {
  const { socket, peer, record } = await t.connect(role, { watch: false });
  socket.on('close', (code, reason) => record('close', code, reason));
  peer.send(TEXT, '', { rsv: RSV2 });
  await t.event(socket, 'close');
  await peer.closed;
});

const attribute = inBothRoles('an error heard through onerror', async (ws, t, role) => {
  const { socket, peer, record } = await t.connect(role, { watch: false });
  socket.onerror = (event) => record('error', event.type, event.message, event.error);
  socket.onclose = (event) => record('close', event.code, event.reason, event.wasClean);
  peer.send(TEXT, Buffer.from([0xff]));
  await t.event(socket, 'close');
});

const during = inBothRoles('state and calls in the listener of an error', async (ws, t, role) => {
  const { socket, peer, record } = await t.connect(role);
  socket.on('error', () => {
    record('readyState', socket.readyState);
    t.attempt(role, 'send', () => socket.send('x', (error) => record('send', error)));
    t.attempt(role, 'close', () => socket.close(1000));
    t.attempt(role, 'ping', () => socket.ping());
  });
  peer.send(BINARY, '', { rsv: RSV3 });
  await t.event(socket, 'close');
  await peer.closed;
});

const terminates = inBothRoles('terminate() in the listener of an error', async (ws, t, role) => {
  const { socket, peer } = await t.connect(role);
  socket.on('error', () => socket.terminate());
  peer.send(BINARY, '', { rsv: RSV3 });
  await t.event(socket, 'close');
});

const closing = inBothRoles('a violation after close()', async (ws, t, role) => {
  const { socket, peer } = await t.connect(role);
  socket.close(1000);
  await peer.next();
  peer.send(TEXT, '', { rsv: RSV2 });
  await t.event(socket, 'close');
  await peer.closed;
});

const pending = inBothRoles('a violation behind what was sent', async (ws, t, role) => {
  const { socket, peer } = await t.connect(role, {
    setup: (socket) => socket.on('message', () => socket.send('an answer'))
  });
  peer.write(peer.frame(TEXT, 'question'), peer.frame(TEXT, '', { rsv: RSV2 }));
  await t.event(socket, 'close');
  await peer.closed;
});

const others = [
  {
    title: 'server: a violation on one connection leaves the others alone',
    async run(ws, t) {
      const { socket, peer, server } = await t.connect('server');
      const other = new ws.WebSocket(server.url);
      t.watch('client', other);
      server.once('connection', (socket) => socket.on('message', (data) => socket.send(data)));
      await t.event(other, 'open');
      peer.send(3, 'bad');
      await t.event(socket, 'close');
      const echoed = t.event(other, 'message');
      other.send('still here');
      await echoed;
      t.lane('server')('clients', server.clients.size);
    }
  }
];

export default [
  ...each,
  ...skipped,
  ...unheard,
  ...attribute,
  ...during,
  ...terminates,
  ...closing,
  ...pending,
  ...others
];
