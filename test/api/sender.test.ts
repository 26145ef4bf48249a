import { setImmediate as turn } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { Sender } from '../../src/api/sender.js';
import { PerMessageDeflate } from '../../src/endpoint/permessage-deflate.js';
import { duplexPair, type DuplexEnd } from '../contract/duplex-pair.js';
import { StockSender } from '../contract/stock.js';
import { readFrames } from '../contract/wire.js';

const generateMask = (mask: Buffer) => void mask.set([0xf1, 0x22, 0x33, 0x44]);
const booleans = [true, false];

function ends(mask = generateMask): {
  own: Sender;
  stock: any;
  ownEnd: DuplexEnd;
  stockEnd: DuplexEnd;
} {
  const [[ownEnd, a], [stockEnd, b]] = [duplexPair(), duplexPair()];
  for (const peer of [a, b]) peer.resume();
  return {
    own: new Sender(ownEnd, {}, mask),
    stock: new StockSender(stockEnd, {}, mask),
    ownEnd,
    stockEnd
  };
}

/** Does the same with both and compares the bytes on the wire. */
function expectSameBytes(use: (sender: any) => void): Buffer {
  const { own, stock, ownEnd, stockEnd } = ends();
  use(own);
  use(stock);
  expect(ownEnd.written.equals(stockEnd.written)).toBe(true);
  return ownEnd.written;
}

describe('Sender.frame', () => {
  it('is what ws makes of the same options', () => {
    for (const data of [Buffer.from('data'), 'text', '', Buffer.alloc(70_000, 'x')]) {
      for (const [mask, readOnly, fin, rsv1] of sixteen()) {
        const options = {
          fin,
          generateMask,
          mask,
          opcode: 2,
          readOnly: readOnly || data.length > 9,
          rsv1
        };
        const own = Sender.frame(data, options);
        const stock = StockSender.frame(data, options);
        expect(own.map(String)).toEqual(stock.map(String));
      }
    }
  });
});

describe('on the wire', () => {
  const payloads: [string, unknown][] = [
    ['nothing', ''],
    ['text', 'text'],
    ['text of many bytes', 'ä€😀'.repeat(30)],
    ['long text', 'x'.repeat(70_000)],
    ['a Buffer', Buffer.from('bytes')],
    ['a large Buffer', Buffer.alloc(70_000, 'bytes')],
    ['an ArrayBuffer', new Uint8Array([1, 2, 3]).buffer],
    ['a view', new Float32Array([1.5, 2.5])],
    ['an array', [1, 2, 3]]
  ];

  it.each(payloads)('send does what ws does with %s', (_name, data) => {
    for (const [binary, mask, fin] of sixteen()) {
      expectSameBytes((sender) => {
        sender.send(data, { binary, compress: false, fin, mask });
        sender.send(data, { binary, compress: false, fin: true, mask });
      });
    }
  });

  it.each(['ping', 'pong'] as const)('%s does what ws does', (method) => {
    for (const data of ['', 'text', Buffer.alloc(125, 'x'), new Uint16Array([1, 2])]) {
      for (const mask of booleans) expectSameBytes((sender) => sender[method](data, mask));
    }
  });

  it.each<[string, unknown[]]>([
    ['nothing', []],
    ['a code', [1000]],
    ['an empty reason', [1001, '']],
    ['a reason', [3000, 'reason']],
    ['a reason as bytes', [4999, Buffer.from('reason')]],
    ['the longest reason', [1011, `${'ü'.repeat(61)}.`]]
  ])('close does what ws does with %s', (_name, [code, reason]) => {
    for (const mask of booleans) {
      expectSameBytes((sender) => sender.close(code, reason, mask));
    }
  });
});

describe('errors', () => {
  it.each<[string, (sender: any) => void]>([
    ['an invalid code', (sender) => sender.close(1005)],
    ['a code that is no number', (sender) => sender.close('1000')],
    ['a long reason', (sender) => sender.close(1000, 'x'.repeat(124))],
    ['a reason that is an array', (sender) => sender.close(1000, [1, 2])],
    ['a reason in another view', (sender) => sender.close(1000, new Uint16Array(2))],
    ['a long ping', (sender) => sender.ping(Buffer.alloc(126))],
    ['a long pong', (sender) => sender.pong('x'.repeat(126))],
    ['a number', (sender) => sender.send(5, { fin: true })],
    ['a boolean', (sender) => sender.send(true, { fin: true })]
  ])('are those of ws for %s', (_name, use) => {
    const { own, stock, ownEnd } = ends();
    const of = (sender: unknown): unknown => {
      try {
        use(sender);
      } catch (error) {
        const { name, message, code } = error as NodeJS.ErrnoException;
        return { name, message, code };
      }
      return 'nothing thrown';
    };
    expect(of(own)).toEqual(of(stock));
    expect(of(own)).not.toBe('nothing thrown');
    expect(ownEnd.writes).toEqual([]);
  });
});

describe('a Sender of its own', () => {
  it('writes every frame at once', () => {
    const { own, ownEnd } = ends();
    own.send('a', { fin: true });
    own.send('b', { fin: true });
    expect(ownEnd.writes).toHaveLength(2);
  });

  it('knows its socket', () => {
    const { own, ownEnd } = ends();
    expect(own._socket).toBe(ownEnd);
  });

  it('calls back when the socket has taken the frame', async () => {
    const { own } = ends();
    await new Promise<void>((resolve) => own.send('a', { fin: true }, () => resolve()));
    await new Promise<void>((resolve) => {
      own.send(Buffer.alloc(10_000), { fin: true, mask: true }, () => resolve());
    });
  });

  it('calls back with the error when the socket is gone', async () => {
    const { own, ownEnd } = ends();
    ownEnd.destroy();
    const error = await new Promise((resolve) => own.send('a', { fin: true }, resolve));
    expect(error).toMatchObject({ code: 'ERR_STREAM_DESTROYED' });
  });

  it('compresses, and keeps the order of what follows — RFC 7692 §7.2.1', async () => {
    const codec = new PerMessageDeflate({ isServer: true });
    codec.accept([{}]);
    const [socket, peer] = duplexPair();
    peer.resume();
    const sender = new Sender(socket, { 'permessage-deflate': codec });
    sender.send('hello '.repeat(100), { compress: true, fin: true });
    sender.send('plain', { fin: true });
    while (sender._bufferedBytes > 0) await turn();
    codec.cleanup();

    const [first, second] = readFrames(socket.written);
    expect([first.rsv1, second.rsv1]).toEqual([true, false]);
    expect(first.payload.length).toBeLessThan(100);
    expect(second.payload.toString()).toBe('plain');
  });
});

/** All combinations of four booleans. */
function sixteen(): boolean[][] {
  return Array.from({ length: 16 }, (_, i) => [8, 4, 2, 1].map((bit) => (i & bit) !== 0));
}
