import { BINARY, CONTINUATION, TEXT, frame } from '../../kit/frame.mjs';
import { inBothRoles } from '../../kit/scenario.mjs';

const UTF8 = 'zwölf Boxkämpfer €1 😀';

/** What can be sent in frames, by the opcode of the first and the payloads. */
const MESSAGES = {
  'a text message': [TEXT, 'hello'],
  'an empty text message': [TEXT, ''],
  'a text message beyond ASCII': [TEXT, UTF8],
  'a binary message': [BINARY, Buffer.from([0, 1, 254, 255])],
  'an empty binary message': [BINARY, ''],
  'a text message in three fragments': [TEXT, 'fo', '', 'o'],
  'a binary message in three fragments': [BINARY, Buffer.from([1]), Buffer.from([2, 3]), ''],
  'a binary message in empty fragments': [BINARY, '', '', ''],
  'a text message whose characters are split between fragments': [
    TEXT,
    Buffer.from(UTF8).subarray(0, 4),
    Buffer.from(UTF8).subarray(4)
  ]
};

const framesOf = (peer, [opcode, ...payloads]) =>
  payloads.map((payload, i) =>
    peer.frame(i === 0 ? opcode : CONTINUATION, payload, { fin: i === payloads.length - 1 })
  );

async function showMessage(record, data, isBinary) {
  if (data instanceof Blob) {
    record(`Blob ${data.size} ${JSON.stringify(data.type)}`, await data.arrayBuffer(), isBinary);
  } else {
    record('message', data, isBinary);
  }
}

const byType = ['nodebuffer', 'arraybuffer', 'fragments', 'blob'].flatMap((binaryType) =>
  inBothRoles(`every kind of message with binaryType ${binaryType}`, async (ws, t, role) => {
    const shown = [];
    const { socket, peer, record } = await t.connect(role, {
      setup(socket) {
        socket.binaryType = binaryType;
        socket.removeAllListeners('message');
        socket.on('message', (data, isBinary) => {
          shown.push(showMessage(t.lane(role), data, isBinary));
        });
      }
    });
    for (const [name, message] of Object.entries(MESSAGES)) {
      record(name);
      peer.write(...framesOf(peer, message));
      await t.event(socket, 'message');
      await Promise.all(shown);
    }
    record('binaryType', socket.binaryType);
  })
);

const lengths = inBothRoles('messages of every length encoding', async (ws, t, role) => {
  const { socket, peer } = await t.connect(role);
  for (const length of [125, 126, 127, 65535, 65536, 200_000]) {
    peer.binary(Buffer.alloc(length, length & 0xff));
    await t.event(socket, 'message');
  }
});

const wasteful = inBothRoles('lengths encoded in more bytes than needed', async (ws, t, role) => {
  const { socket, peer } = await t.connect(role);
  peer.text('sixteen bits', { lengthBytes: 2 });
  await t.event(socket, 'message');
  peer.text('sixty-four bits', { lengthBytes: 8 });
  await t.event(socket, 'message');
  peer.binary('', { lengthBytes: 8 });
  await t.event(socket, 'message');
});

const bytewise = inBothRoles('a frame that arrives byte by byte', async (ws, t, role) => {
  const { socket, peer } = await t.connect(role);
  const message = t.event(socket, 'message');
  for (const byte of peer.frame(BINARY, Buffer.alloc(130, 7))) {
    peer.write(Buffer.from([byte]));
    await t.settle(1);
  }
  await message;
});

const many = inBothRoles('many messages in one segment stay in order', async (ws, t, role) => {
  const { socket, peer } = await t.connect(role);
  const frames = Array.from({ length: 40 }, (_, i) => peer.frame(TEXT, `message ${i}`));
  peer.write(...frames);
  await t.events(socket, 'message', 40);
});

const between = inBothRoles('control frames between fragments', async (ws, t, role) => {
  const { socket, peer } = await t.connect(role);
  peer.write(
    peer.frame(TEXT, 'one ', { fin: false }),
    peer.frame(0x9, 'ping'),
    peer.frame(CONTINUATION, 'two ', { fin: false }),
    peer.frame(0xa, 'pong'),
    peer.frame(CONTINUATION, 'three')
  );
  await t.event(socket, 'message');
  await peer.next();
});

const early = inBothRoles('frames in the segment of the opening handshake', async (ws, t, role) => {
  const mask = role === 'server';
  let socket;
  const got = new Promise((resolve) => {
    t.connect(role, {
      early: Buffer.concat([frame(TEXT, 'first', { mask }), frame(TEXT, 'second', { mask })]),
      setup(made) {
        socket = made;
        let count = 0;
        socket.on('message', () => ++count === 2 && resolve());
      }
    });
  });
  await got;
});

const live = inBothRoles('binaryType changed while messages arrive', async (ws, t, role) => {
  const types = ['arraybuffer', 'fragments', 'bogus', 'nodebuffer', undefined, 'ARRAYBUFFER'];
  const { socket, peer, record } = await t.connect(role, {
    setup(socket) {
      socket.on('message', () => {
        socket.binaryType = types.shift();
        t.lane(role)('binaryType', socket.binaryType);
      });
    }
  });
  record('binaryType', socket.binaryType);
  peer.write(...types.map((_, i) => peer.frame(BINARY, Buffer.from([i]))));
  await t.events(socket, 'message', 6);
});

const classes = inBothRoles('what a delivered buffer is', async (ws, t, role) => {
  const { socket, peer, record } = await t.connect(role, { watch: false });
  const prototypes = (data) => {
    record('Buffer', Buffer.isBuffer(data), data instanceof Uint8Array, data.constructor.name);
    record('its own', data.length, data.byteLength, data.buffer instanceof ArrayBuffer);
    data.fill(0);
  };
  peer.binary('abcdef');
  prototypes((await t.event(socket, 'message'))[0]);
  peer.write(peer.frame(TEXT, 'abcdef'), peer.frame(TEXT, 'ghijkl'));
  const [[first], [second]] = await t.events(socket, 'message', 2);
  prototypes(first);
  record('the next one is untouched', second);
});

const kept = inBothRoles('a buffer kept is not overwritten later', async (ws, t, role) => {
  const { socket, peer, record } = await t.connect(role, { watch: false });
  const kept = [];
  socket.on('message', (data) => kept.push(data));
  for (let round = 0; round < 5; round++) {
    const frames = Array.from({ length: 20 }, (_, i) => peer.frame(BINARY, `${round} and ${i}`));
    peer.write(...frames);
    await t.events(socket, 'message', 20);
  }
  record('kept', kept);
});

const cutOff = inBothRoles('a message that the connection ends within', async (ws, t, role) => {
  const { socket, peer } = await t.connect(role);
  peer.write(peer.frame(TEXT, 'whole'), peer.frame(TEXT, 'not whole').subarray(0, 8));
  peer.end();
  await t.event(socket, 'close');
});

export default [
  ...byType,
  ...lengths,
  ...wasteful,
  ...bytewise,
  ...many,
  ...between,
  ...early,
  ...live,
  ...classes,
  ...kept,
  ...cutOff
];
