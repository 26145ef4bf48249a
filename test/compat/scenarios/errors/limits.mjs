import { inspect } from 'node:util';
import { BINARY, CONTINUATION, PING, TEXT } from '../../kit/frame.mjs';
import { overDuplex } from '../../kit/duplex.mjs';
import { inBothRoles } from '../../kit/scenario.mjs';

const finish = (peer, role) => role === 'client' && peer.end();

/** Sends `frames` in one segment and records what comes of it, up to the end or a final message. */
function limited(title, options, frames) {
  return inBothRoles(title, async (ws, t, role) => {
    const { socket, peer } = await t.connect(role, { options });
    peer.write(...frames((...args) => peer.frame(...args)));
    peer.close(1000);
    await peer.next();
    finish(peer, role);
    await t.event(socket, 'close');
  });
}

const ten = 'x'.repeat(10);

const payload = [
  limited('a message of exactly maxPayload', { maxPayload: 10 }, (f) => [f(TEXT, ten)]),
  limited('a message longer than maxPayload', { maxPayload: 9 }, (f) => [f(TEXT, ten)]),
  limited('a binary message longer than maxPayload', { maxPayload: 9 }, (f) => [f(BINARY, ten)]),
  limited('fragments of exactly maxPayload together', { maxPayload: 20 }, (f) => [
    f(TEXT, ten, { fin: false }),
    f(CONTINUATION, ten)
  ]),
  limited('fragments longer than maxPayload together', { maxPayload: 19 }, (f) => [
    f(TEXT, ten, { fin: false }),
    f(CONTINUATION, ten)
  ]),
  limited('an unfinished message longer than maxPayload', { maxPayload: 19 }, (f) => [
    f(TEXT, ten, { fin: false }),
    f(CONTINUATION, ten, { fin: false })
  ]),
  limited('control frames do not count towards maxPayload', { maxPayload: 10 }, (f) => [
    f(TEXT, 'x'.repeat(5), { fin: false }),
    f(PING, 'p'.repeat(100)),
    f(CONTINUATION, 'x'.repeat(5))
  ]),
  limited('maxPayload counts each message afresh', { maxPayload: 10 }, (f) => [
    f(TEXT, ten),
    f(TEXT, ten),
    f(BINARY, ten, { fin: false }),
    f(CONTINUATION, '')
  ]),
  limited('a header alone that announces too much', { maxPayload: 1000 }, (f) => [
    f(BINARY, '', { length: 1001 })
  ]),
  limited('a header that announces 1 GiB with the default limit', {}, (f) => [
    f(BINARY, '', { length: 2 ** 30 })
  ]),
  ...[0, -1, NaN, null, undefined, Infinity, '5', 5.9, 2 ** 32, 2 ** 31].map((maxPayload) =>
    limited(`maxPayload ${inspect(maxPayload)}`, { maxPayload }, (f) => [
      f(TEXT, 'five5'),
      f(TEXT, 'six666')
    ])
  )
].flat();

const fragmentsOf = (f, count) =>
  Array.from({ length: count }, (_, i) =>
    f(i === 0 ? TEXT : CONTINUATION, 'x', { fin: i === count - 1 })
  );

const fragments = [
  limited('exactly maxFragments fragments', { maxFragments: 4 }, (f) => fragmentsOf(f, 4)),
  limited('more than maxFragments fragments', { maxFragments: 4 }, (f) => fragmentsOf(f, 5)),
  limited('empty fragments count', { maxFragments: 3 }, (f) => [
    f(BINARY, '', { fin: false }),
    f(CONTINUATION, '', { fin: false }),
    f(CONTINUATION, '', { fin: false }),
    f(CONTINUATION, '')
  ]),
  limited('maxFragments counts each message afresh', { maxFragments: 2 }, (f) => [
    ...fragmentsOf(f, 2),
    ...fragmentsOf(f, 2),
    ...fragmentsOf(f, 1)
  ]),
  limited('pings between fragments do not count', { maxFragments: 2 }, (f) => [
    f(TEXT, 'x', { fin: false }),
    f(PING, '1'),
    f(PING, '2'),
    f(CONTINUATION, 'y')
  ]),
  limited('the default maxFragments is not reached', {}, (f) => fragmentsOf(f, 16384)),
  limited('the default maxFragments', {}, (f) => fragmentsOf(f, 16385)),
  ...[0, -1, NaN, null, undefined, '2', 2.9].map((maxFragments) =>
    limited(`maxFragments ${inspect(maxFragments)}`, { maxFragments }, (f) => [
      ...fragmentsOf(f, 2),
      ...fragmentsOf(f, 3)
    ])
  )
].flat();

const CHUNK_LIMITS = [3, 0, -1, NaN, undefined, '3', 3.9];

const chunks = CHUNK_LIMITS.flatMap((maxBufferedChunks) =>
  inBothRoles(`maxBufferedChunks ${inspect(maxBufferedChunks)}`, async (ws, t, role) => {
    const { push, frame } = overDuplex(t, ws, role, { options: { maxBufferedChunks } });
    const bytes = frame(BINARY, 'abcdef');
    for (let i = 0; i < bytes.length; i++) {
      push(bytes.subarray(i, i + 1));
      await t.settle(1);
    }
    await t.settle();
  })
);

const chunkRecovery = inBothRoles(
  'chunks that were used up no longer count',
  async (ws, t, role) => {
    const { push, frame } = overDuplex(t, ws, role, { options: { maxBufferedChunks: 3 } });
    for (let round = 0; round < 4; round++) {
      const bytes = frame(TEXT, `round ${round}`);
      push(bytes.subarray(0, 8));
      push(bytes.subarray(8, 10));
      push(bytes.subarray(10));
      await t.settle(1);
    }
  }
);

const live = inBothRoles('_receiver._maxPayload changed later', async (ws, t, role) => {
  const { socket, peer, record } = await t.connect(role, { options: { maxPayload: 5 } });
  record('_maxPayload', socket._receiver._maxPayload);
  socket._receiver._maxPayload = 10;
  const message = t.event(socket, 'message');
  peer.text(ten);
  await message;
  socket._receiver._maxPayload = 3;
  peer.text('four');
  await t.event(socket, 'close');
});

export default [...payload, ...fragments, ...chunks, ...chunkRecovery, ...live];
