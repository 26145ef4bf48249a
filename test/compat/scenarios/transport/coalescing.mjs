import { TEXT } from '../../kit/frame.mjs';
import { overDuplex } from '../../kit/duplex.mjs';
import { inBothRoles } from '../../kit/scenario.mjs';

/** Writes seen at the stream under the connection, with `coalesce` as given. */
const lineWith = (t, ws, role, coalesce) =>
  overDuplex(t, ws, role, { line: 'writes', options: { coalesce, autoPong: true } });

const write = (...frames) => `write [${frames.map((one) => JSON.stringify(one)).join(', ')}] 0`;
const text = (payload) => `text "${payload}"`;

/** What ws writes one by one, ferrows writes as one. */
const together =
  (...frames) =>
  () => [
    {
      row: 'coalesced-writes',
      ws: frames.map((one) => write(one)),
      ferrows: [write(...frames)]
    }
  ];

/** Every scenario with coalescing on, where it shows, and off, where nothing may differ. */
function bothWays(title, run, differs) {
  return [
    ...inBothRoles(title, (ws, t, role) => run(ws, t, role, undefined), differs),
    ...inBothRoles(`${title}, coalesce false`, (ws, t, role) => run(ws, t, role, false))
  ];
}

const tick = bothWays(
  'sends of one tick',
  async (ws, t, role, coalesce) => {
    const { socket, record } = lineWith(t, ws, role, coalesce);
    socket.send('one');
    socket.send('two');
    socket.ping('three');
    record('sent');
    await t.settle();
  },
  together(text('one'), text('two'), 'ping "three"')
);

const ticks = bothWays('sends of different ticks', async (ws, t, role, coalesce) => {
  const { socket } = lineWith(t, ws, role, coalesce);
  socket.send('one');
  await t.settle(1);
  socket.send('two');
  await t.settle(1);
});

const answers = bothWays(
  'answers to the messages of one chunk',
  async (ws, t, role, coalesce) => {
    const { socket, push, frame } = lineWith(t, ws, role, coalesce);
    socket.on('message', (data) => socket.send(`echo ${data}`));
    push(frame(TEXT, '1'), frame(TEXT, '2'), frame(0x9, '3'), frame(TEXT, '4'));
    await t.settle();
  },
  together(text('echo 1'), text('echo 2'), 'pong "3"', text('echo 4'))
);

const closing = bothWays(
  'close() behind sends of the same tick',
  async (ws, t, role, coalesce) => {
    const { socket } = lineWith(t, ws, role, coalesce);
    socket.send('one');
    socket.send('two');
    socket.close(1000);
    await t.settle();
  },
  together(text('one'), text('two'), 'close 0x03e8')
);

const amount = bothWays(
  'bufferedAmount in the tick of a send()',
  async (ws, t, role, coalesce) => {
    const { socket, record } = overDuplex(t, ws, role, { options: { coalesce } });
    record('before', socket.bufferedAmount);
    socket.send('12345');
    record('in the tick', socket.bufferedAmount);
    socket.send('');
    record('in the tick', socket.bufferedAmount);
    await t.settle(1);
    record('later', socket.bufferedAmount);
  },
  (role) => {
    const header = role === 'client' ? 6 : 2;
    return [
      {
        row: 'buffered-amount',
        ws: ['in the tick 0', 'in the tick 0'],
        ferrows: [`in the tick ${header + 5}`, `in the tick ${2 * header + 5}`]
      }
    ];
  }
);

export default [...tick, ...ticks, ...answers, ...closing, ...amount];
