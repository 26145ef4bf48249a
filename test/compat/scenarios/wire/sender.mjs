import { Duplex } from 'node:stream';
import { inspect } from 'node:util';
import { parse } from '../../kit/frame.mjs';

const brief = (value) => inspect(value, { breakLength: Infinity });

const key = () => Buffer.from('37fa213d', 'hex');

const DATA = {
  'an empty Buffer': () => Buffer.alloc(0),
  'a Buffer': () => Buffer.from('buffer'),
  'an empty string': () => '',
  'a string': () => 'zwölf',
  'a Uint8Array': () => Uint8Array.of(1, 2, 3),
  '125 bytes': () => Buffer.alloc(125, 1),
  '126 bytes': () => Buffer.alloc(126, 1),
  '65535 bytes': () => Buffer.alloc(65535, 1),
  '65536 bytes': () => Buffer.alloc(65536, 1),
  'a string of 126 bytes': () => 'é'.repeat(63)
};

const OPTIONS = [
  { opcode: 1 },
  { opcode: 2, fin: true },
  { opcode: 0, fin: false, mask: false },
  { opcode: 1, fin: true, rsv1: true },
  { opcode: 8, fin: true, rsv1: false, readOnly: true },
  { opcode: 1, fin: true, mask: true, generateMask: (mask) => key().copy(mask) },
  { opcode: 1, fin: true, mask: true, readOnly: true, generateMask: (mask) => key().copy(mask) },
  { opcode: 2, fin: true, mask: true, generateMask: (mask) => mask.fill(0) },
  { opcode: 2, fin: true, mask: true, readOnly: true, generateMask: (mask) => mask.fill(0) },
  { opcode: 2, mask: true, maskBuffer: Buffer.alloc(4), generateMask: (mask) => key().copy(mask) },
  { opcode: 15, fin: 1, rsv1: 'yes', mask: 0 }
];

const frames = OPTIONS.map((options) => ({
  title: `Sender.frame() with ${brief(options)}`,
  async run(ws, t) {
    const record = t.lane('frame');
    for (const [name, make] of Object.entries(DATA)) {
      const data = make();
      const list = ws.Sender.frame(data, { ...options });
      record(name, list.length, Array.isArray(list));
      for (const part of list) record('  part', part, part === data);
      record('  data', data);
    }
  }
}));

/** A Sender over a stream that keeps what is written. */
function sender(ws, t, extensions, generateMask) {
  const record = t.lane('sender');
  const chunks = [];
  const socket = new Duplex({
    read() {},
    write(chunk, encoding, callback) {
      chunks.push(chunk);
      callback();
    }
  });
  const made = new ws.Sender(socket, extensions, generateMask);
  const flush = async () => {
    await t.settle(3);
    let rest = Buffer.concat(chunks.splice(0));
    for (let found; !(found = parse(rest)).needed; rest = found.rest) {
      record(`frame ${found.name} ${found.header.toString('hex')}`, found.mask, found.payload);
    }
    if (rest.length) record('rest', rest);
  };
  return { made, record, flush, socket };
}

const CALLS = {
  'send text': (s, cb) => s.send('text', { fin: true }, cb),
  'send binary': (s, cb) => s.send(Buffer.from('b'), { binary: true, fin: true }, cb),
  'send a fragment': (s, cb) => s.send('frag', { fin: false }, cb),
  'send the last': (s, cb) => s.send('ment', { fin: true, binary: true }, cb),
  'send masked': (s, cb) => s.send('masked', { fin: true, mask: true }, cb),
  'send compress without extension': (s, cb) => s.send('x', { fin: true, compress: false }, cb),
  'send an array': (s, cb) => s.send([1, 2], { binary: true, fin: true }, cb),
  ping: (s, cb) => s.ping('ping', false, cb),
  'ping masked': (s, cb) => s.ping('ping', true, cb),
  pong: (s, cb) => s.pong(Buffer.from('pong'), false, cb),
  close: (s, cb) => s.close(1000, 'bye', false, cb),
  'close masked': (s, cb) => s.close(undefined, undefined, true, cb),
  sendFrame: (s, cb) => s.sendFrame([Buffer.from('8102', 'hex'), Buffer.from('hi')], cb),
  'sendFrame of one part': (s, cb) => s.sendFrame([Buffer.from('81026869', 'hex')], cb),
  'sendFrame of a string': (s, cb) => s.sendFrame([Buffer.from('8102', 'hex'), 'hi'], cb),
  'ping too much': (s, cb) => s.ping('x'.repeat(126), false, cb),
  'pong too much': (s, cb) => s.pong('x'.repeat(126), false, cb),
  'close with a bad code': (s, cb) => s.close(1, '', false, cb),
  'close with a long reason': (s, cb) => s.close(1000, 'x'.repeat(124), false, cb)
};

export default [
  ...frames,
  {
    title: 'Sender: every method',
    async run(ws, t) {
      const { made, record, flush } = sender(ws, t, undefined, (mask) => key().copy(mask));
      for (const [name, call] of Object.entries(CALLS)) {
        t.attempt('sender', name, () =>
          call(made, (error) => record('called back', error instanceof Error))
        );
        await flush();
      }
    }
  },
  {
    title: 'Sender: what it holds',
    async run(ws, t) {
      const generateMask = () => {};
      const { made, record, socket } = sender(ws, t, undefined, generateMask);
      record('_socket', made._socket === socket, made._bufferedBytes, made._extensions);
      record('_generateMask', made._generateMask === generateMask);
      record('onerror', typeof made.onerror);
    }
  },
  {
    title: 'Sender: with permessage-deflate',
    differs: [
      {
        row: 'compressed-at-once',
        endpoint: 'native',
        ws: ['_bufferedBytes 15'],
        ferrows: ['_bufferedBytes 0']
      }
    ],
    async run(ws, t) {
      const codec = new ws.PerMessageDeflate({ threshold: 0 });
      codec.accept([{}]);
      const { made, record } = sender(ws, t, { 'permessage-deflate': codec });
      const done = new Promise((resolve) => {
        made.send('compressed', { compress: true, fin: true }, () => record('compressed'));
        made.send('plain', { compress: false, fin: true }, () => {
          record('plain');
          resolve();
        });
      });
      record('_bufferedBytes', made._bufferedBytes);
      await done;
      record('_bufferedBytes', made._bufferedBytes);
    }
  }
];
