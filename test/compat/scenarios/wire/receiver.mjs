import { deflateRawSync } from 'node:zlib';
import {
  BINARY,
  CLOSE,
  CONTINUATION,
  PING,
  PONG,
  RSV1,
  TEXT,
  closePayload,
  frame
} from '../../kit/frame.mjs';

const EVENTS = ['message', 'ping', 'pong', 'conclude', 'error', 'drain', 'finish', 'close'];

function receiver(ws, t, options) {
  const record = t.lane('receiver');
  const made = new ws.Receiver(options);
  for (const event of EVENTS) made.on(event, (...values) => record(event, ...values));
  return { made, record };
}

/** Writes `chunks`, each with a callback, to a Receiver. */
function written(title, options, chunks, after) {
  return {
    title: `Receiver: ${title}`,
    async run(ws, t) {
      const { made, record } = receiver(ws, t, options);
      for (const chunk of chunks) {
        const taken = made.write(chunk, (error) => record('written', error?.code));
        record('write returned', taken);
      }
      await t.settle();
      await after?.(made, record, t);
    }
  };
}

const masked = { mask: true };
const deflated = (data) => deflateRawSync(data, { finishFlush: 2 }).subarray(0, -4);

function codec(ws) {
  const made = new ws.PerMessageDeflate({ isServer: false });
  made.accept([{}]);
  return { 'permessage-deflate': made };
}

export default [
  written('a message', undefined, [frame(TEXT, 'hello')]),
  written('a masked message for a server', { isServer: true }, [frame(TEXT, 'hello', masked)]),
  written('several frames in a chunk', {}, [
    Buffer.concat([frame(TEXT, '1'), frame(PING, '2'), frame(PONG, '3'), frame(BINARY, '4')])
  ]),
  written(
    'a frame in many chunks',
    {},
    [...frame(TEXT, 'in pieces')].map((byte) => Buffer.from([byte]))
  ),
  written('fragments', {}, [
    frame(TEXT, 'a', { fin: false }),
    frame(CONTINUATION, 'b', { fin: false }),
    frame(CONTINUATION, 'c')
  ]),
  written('a close frame', {}, [frame(CLOSE, closePayload(1000, 'bye'))]),
  written('a close frame without a payload', {}, [frame(CLOSE)]),
  written('writes after the close frame', {}, [frame(CLOSE), frame(TEXT, 'late')]),
  written('an error', {}, [frame(TEXT, 'x', { rsv: 0x20 }), frame(TEXT, 'later')]),
  written('an error behind a message', {}, [Buffer.concat([frame(TEXT, 'x'), frame(3, '')])]),
  written('maxPayload', { maxPayload: 3 }, [frame(TEXT, 'four')]),
  written('maxFragments', { maxFragments: 1 }, [
    frame(TEXT, 'a', { fin: false }),
    frame(CONTINUATION, 'b')
  ]),
  written(
    'maxBufferedChunks',
    { maxBufferedChunks: 2 },
    [...frame(TEXT, 'abc')].map((byte) => Buffer.from([byte]))
  ),
  written('binaryType arraybuffer', { binaryType: 'arraybuffer' }, [frame(BINARY, 'abc')]),
  written('binaryType fragments', { binaryType: 'fragments' }, [
    frame(BINARY, 'abc', { fin: false }),
    frame(CONTINUATION, 'd')
  ]),
  written('_binaryType changed', {}, [frame(BINARY, 'abc')], async (made, record, t) => {
    made._binaryType = 'arraybuffer';
    made.write(frame(BINARY, 'def'));
    await t.settle();
  }),
  written('skipUTF8Validation', { skipUTF8Validation: true }, [frame(TEXT, Buffer.from([0xff]))]),
  written('invalid UTF-8', {}, [frame(TEXT, Buffer.from([0xff]))]),
  written('allowSynchronousEvents false', { allowSynchronousEvents: false }, [
    Buffer.concat([frame(TEXT, '1'), frame(PING, '2'), frame(TEXT, '3')]),
    frame(TEXT, '4')
  ]),
  written('end()', {}, [frame(TEXT, 'a')], async (made, record, t) => {
    made.end(() => record('ended'));
    await t.settle();
  }),
  written(
    'end() amid a frame',
    {},
    [frame(TEXT, 'whole').subarray(0, 4)],
    async (made, record, t) => {
      made.end();
      await t.settle();
    }
  ),
  written('destroy()', {}, [frame(TEXT, 'a')], async (made, record, t) => {
    made.destroy();
    await t.settle();
    record('destroyed', made.destroyed);
  }),
  written('a chunk that is a Uint8Array or a string', {}, [
    new Uint8Array(frame(TEXT, 'array')),
    frame(TEXT, 'string').toString('latin1')
  ]),
  {
    title: 'Receiver: compressed messages',
    async run(ws, t) {
      const { made, record } = receiver(ws, t, { extensions: codec(ws) });
      const all = t.events(made, 'message', 3);
      made.write(
        Buffer.concat([
          frame(TEXT, deflated('one'), { rsv: RSV1 }),
          frame(TEXT, 'two'),
          frame(BINARY, deflated('three'), { rsv: RSV1 })
        ]),
        () => record('written')
      );
      await all;
      await t.settle();
    }
  },
  {
    title: 'Receiver: what it is',
    async run(ws, t) {
      const { Writable } = await import('node:stream');
      const record = t.lane('receiver');
      const made = new ws.Receiver({ maxPayload: 5, binaryType: 'arraybuffer', isServer: true });
      record(
        'Writable',
        made instanceof Writable,
        made.writableHighWaterMark,
        made.writableObjectMode
      );
      record('fields', made._maxPayload, made._binaryType, made._isServer);
      const plain = new ws.Receiver();
      record('fields', plain._maxPayload, plain._binaryType, plain._isServer);
    }
  },
  {
    title: 'Receiver: a stream piped into it',
    async run(ws, t) {
      const { Readable } = await import('node:stream');
      const { made } = receiver(ws, t);
      const chunks = [
        frame(TEXT, 'one'),
        frame(BINARY, Buffer.alloc(100_000, 1)),
        frame(TEXT, 'two')
      ];
      Readable.from(chunks).pipe(made);
      await t.event(made, 'close');
    }
  }
];
