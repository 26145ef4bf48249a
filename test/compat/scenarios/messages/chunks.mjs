import {
  BINARY,
  CLOSE,
  CONTINUATION,
  PING,
  PONG,
  TEXT,
  closePayload,
  frame
} from '../../kit/frame.mjs';
import { overDuplex } from '../../kit/duplex.mjs';
import { inBothRoles } from '../../kit/scenario.mjs';
import { show } from '../../kit/show.mjs';
import { VIOLATIONS } from '../errors/violations.mjs';

const EVENTS = ['message', 'ping', 'pong', 'error'];

const SEQUENCES = {
  text: (f) => [f(TEXT, 'zwölf €1 😀')],
  'control frames among fragments': (f) => [
    f(TEXT, 'ä', { fin: false }),
    f(PING, 'p'),
    f(CONTINUATION, '€', { fin: false }),
    f(CONTINUATION, '')
  ],
  'a message of 130 bytes between others': (f) => [
    f(BINARY, 'b'),
    f(BINARY, Buffer.alloc(130, 7)),
    f(PONG, 'q'),
    f(TEXT, 't')
  ],
  'empty frames': (f) => [f(TEXT, ''), f(BINARY, ''), f(PING, ''), f(PONG, ''), f(TEXT, 'end')],
  'a close frame': (f) => [f(TEXT, 'x'), f(CLOSE, closePayload(1000, 'ädieu')), f(TEXT, 'y')]
};

const maskedFor = (role) => (opcode, payload, options) =>
  frame(opcode, payload, { mask: role === 'server', ...options });

/** What a connection makes of these chunks, as one line. */
async function heard(t, ws, role, chunksOf, options) {
  const { socket, push } = overDuplex(t, ws, role, {
    line: 'nothing',
    watch: false,
    options
  });
  const events = [];
  for (const event of EVENTS) {
    socket.on(event, (...values) => events.push(`${event} ${values.map(show).join(' ')}`));
  }
  for (const chunk of chunksOf(maskedFor(role))) push(chunk);
  await t.settle(2);
  events.push(`@${socket.readyState}`);
  socket.terminate();
  return events.join(', ');
}

/** Records the outcome for the bytes in one chunk, and every split whose outcome is another. */
const splits = Object.entries(SEQUENCES).flatMap(([name, make]) =>
  inBothRoles(`every split in two and three of ${name}`, async (ws, t, role) => {
    const record = t.lane(role);
    const whole = await heard(t, ws, role, (f) => [Buffer.concat(make(f))]);
    record('in one chunk', whole);
    const cut = (...at) =>
      heard(t, ws, role, (f) => {
        const bytes = Buffer.concat(make(f));
        const points = [0, ...at, bytes.length];
        return points.slice(1).map((end, i) => bytes.subarray(points[i], end));
      });
    const { length } = Buffer.concat(make(maskedFor(role)));
    for (let i = 1; i < length; i++) {
      const outcome = await cut(i);
      if (outcome !== whole) record(`split at ${i}`, outcome);
      const other = Math.min(length - 1, i + 1 + (i % 7));
      if (other > i) {
        const three = await cut(i, other);
        if (three !== whole) record(`split at ${i} and ${other}`, three);
      }
    }
  })
);

const bytewise = inBothRoles('every violation byte by byte', async (ws, t, role) => {
  const record = t.lane(role);
  for (const [name, make] of Object.entries(VIOLATIONS)) {
    const outcome = await heard(t, ws, role, (f) => {
      const bytes = Buffer.concat([f(TEXT, 'before'), ...make(f, role === 'server')]);
      return [...bytes].map((byte) => Buffer.from([byte]));
    });
    record(name, outcome);
  }
});

const large = inBothRoles(
  'a large message in chunks of every kind of size',
  async (ws, t, role) => {
    const { socket, push } = overDuplex(t, ws, role);
    const f = maskedFor(role);
    const bytes = Buffer.concat([
      f(BINARY, Buffer.alloc(150_000, 'abcdefg')),
      f(TEXT, 'é'.repeat(40_000)),
      f(TEXT, 'end')
    ]);
    const messages = t.events(socket, 'message', 3);
    for (let at = 0, size = 1; at < bytes.length; at += size, size = (size * 3 + 1) % 70_001) {
      push(bytes.subarray(at, at + size));
    }
    await messages;
  }
);

export default [...splits, ...bytewise, ...large];
