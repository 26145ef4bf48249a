import { setImmediate as turn } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import type { Codec, Masking } from '../../src/endpoint/contract.js';
import { Outgoing } from '../../src/endpoint/outgoing.js';
import { words } from '../../src/endpoint/portable/words.js';
import { BINARY, CLOSE, PING, PONG, TEXT, readFrames } from '../contract/wire.js';
import { MemoryOutlet } from './memory-outlet.js';

class WithWords extends Outgoing {
  protected override get masking(): Masking {
    return words;
  }
}

/** Compresses by turning letters to upper case, when the test says so. */
class UpperCodec implements Codec {
  params: Codec['params'] = {};
  _threshold = 0;
  _isServer = true;
  readonly jobs: (() => void)[] = [];

  compress(data: Buffer | string, _fin: boolean, done: (error: null, data: Buffer) => void): void {
    this.jobs.push(() => done(null, Buffer.from(String(data).toUpperCase())));
  }

  decompress(): void {
    throw new Error('not part of the outgoing half');
  }

  cleanup(): void {}

  /** Works off all jobs, also those that follow from them. */
  work(): void {
    for (let job = this.jobs.shift(); job !== undefined; job = this.jobs.shift()) job();
  }
}

function start(generateMask?: (mask: Buffer) => void) {
  const outlet = new MemoryOutlet();
  return { outlet, outgoing: new WithWords(outlet, undefined, generateMask) };
}

function startDeflating(params: Codec['params'] = {}, threshold = 0) {
  const codec = new UpperCodec();
  codec.params = params;
  codec._threshold = threshold;
  const outlet = new MemoryOutlet();
  const outgoing = new WithWords(outlet, { 'permessage-deflate': codec });
  return { codec, outlet, outgoing };
}

const texts = (outlet: MemoryOutlet) => readFrames(outlet.bytes).map((f) => String(f.payload));
const whole = { fin: true };

describe('send', () => {
  it('frames text with FIN set — RFC 6455 §5.2', () => {
    const { outgoing, outlet } = start();
    outgoing.send('hello', whole);
    expect(outlet.bytes).toEqual(Buffer.from('\x81\x05hello', 'latin1'));
  });

  it('frames binary data — RFC 6455 §5.2', () => {
    const { outgoing, outlet } = start();
    outgoing.send(Buffer.from([1, 2]), { fin: true, binary: true });
    expect(outlet.bytes).toEqual(Buffer.from([0x82, 2, 1, 2]));
  });

  it.each([0, 1, 63, 64, 65, 125, 126, 127, 8191, 8192, 65535, 65536])(
    'announces a length of %d with the fewest bytes — RFC 6455 §5.2',
    (length) => {
      const { outgoing, outlet } = start();
      outgoing.send('x'.repeat(length), whole);
      outgoing.send(Buffer.alloc(length, 'y'), { fin: true, binary: true });

      const header = length < 126 ? 2 : length < 65536 ? 4 : 10;
      const frames = readFrames(outlet.bytes);
      expect(frames.map(({ size }) => size)).toEqual([header + length, header + length]);
      expect(frames.map(({ payload }) => String(payload))).toEqual([
        'x'.repeat(length),
        'y'.repeat(length)
      ]);
    }
  );

  it('counts bytes, not UTF-16 units', () => {
    const { outgoing, outlet } = start();
    const text = 'ä€😀'.repeat(40);
    outgoing.send(text, whole);
    outgoing.send(text, whole);
    expect(texts(outlet)).toEqual([text, text]);
  });

  it('sends a lone surrogate as U+FFFD, as Buffer.from does', () => {
    const { outgoing, outlet } = start();
    outgoing.send('a\ud800b', whole);
    expect(texts(outlet)).toEqual(['a\ufffdb']);
  });

  it('names the opcode in the first fragment only — RFC 6455 §5.4', () => {
    const { outgoing, outlet } = start();
    outgoing.send('a', { fin: false });
    outgoing.send('b', { fin: false });
    outgoing.send('c', { fin: true });
    outgoing.send('d', { fin: true, binary: true });

    const frames = readFrames(outlet.bytes);
    expect(frames.map(({ opcode }) => opcode)).toEqual([TEXT, 0, 0, BINARY]);
    expect(frames.map(({ fin }) => fin)).toEqual([false, false, true, true]);
  });

  it.each([
    ['an ArrayBuffer', Uint8Array.from([1, 2, 3, 4]).buffer],
    ['a typed array', Uint16Array.from([0x0201, 0x0403])],
    ['a view of a part', new Uint8Array([9, 1, 2, 3, 4, 9]).subarray(1, 5)],
    ['a DataView', new DataView(Uint8Array.from([0, 1, 2, 3, 4]).buffer, 1)],
    ['an array', [1, 2, 3, 4]]
  ])('takes the bytes of %s', (_name, data) => {
    const { outgoing, outlet } = start();
    outgoing.send(data, { fin: true, binary: true });
    expect(readFrames(outlet.bytes)[0].payload).toEqual(Buffer.from([1, 2, 3, 4]));
  });

  it('throws what Buffer.from throws, and sends nothing', () => {
    const { outgoing, outlet } = start();
    expect(() => outgoing.send(5, whole)).toThrow(TypeError);
    outgoing.send('a', whole);
    expect(texts(outlet)).toEqual(['a']);
  });

  it('copies a small payload', () => {
    const { outgoing, outlet } = start();
    const data = Buffer.from('before');
    outgoing.send(data, { fin: true, binary: true });
    data.write('after!');
    expect(texts(outlet)).toEqual(['before']);
  });

  it('hands a large payload on as it is', () => {
    const { outgoing, outlet } = start();
    const data = Buffer.alloc(8192);
    outgoing.send(data, { fin: true, binary: true });
    expect(outlet.lists[0][1]).toBe(data);
  });
});

describe('masking', () => {
  it('uses a fresh key for every frame — RFC 6455 §5.3', () => {
    const { outgoing, outlet } = start();
    for (let i = 0; i < 50; i++) outgoing.send('same', { fin: true, mask: true });
    const frames = readFrames(outlet.bytes);
    expect(new Set(frames.map(({ key }) => key!.toString('hex'))).size).toBeGreaterThan(45);
    expect(new Set(texts(outlet))).toEqual(new Set(['same']));
  });

  it.each([0, 1, 3, 4, 5, 125, 126, 1000, 8192, 65536, 100_001])(
    'leaves the memory of a payload of %d bytes alone',
    (length) => {
      const { outgoing, outlet } = start();
      const data = Buffer.alloc(length, 'abc');
      outgoing.send(data, { fin: true, binary: true, mask: true });
      expect(data.equals(Buffer.alloc(length, 'abc'))).toBe(true);
      expect(readFrames(outlet.bytes)[0].payload.equals(data)).toBe(true);
    }
  );

  it('asks the given function for the key', () => {
    const { outgoing, outlet } = start((mask) => mask.set([1, 2, 3, 4]));
    outgoing.send('abc', { fin: true, mask: true });
    expect(outlet.bytes).toEqual(Buffer.from([0x81, 0x83, 1, 2, 3, 4, 0x60, 0x60, 0x60]));
  });

  it('sends nothing of a frame whose key cannot be made', () => {
    let broken = true;
    const { outgoing, outlet } = start(() => {
      if (broken) throw new Error('no randomness');
    });
    expect(() => outgoing.send('secret', { fin: true, mask: true })).toThrow('no randomness');
    expect(outlet.isReserved).toBe(false);

    broken = false;
    outgoing.send('a', { fin: true, mask: true });
    expect(texts(outlet)).toEqual(['a']);
  });

  it('keeps frames whole when the function that makes keys sends itself', () => {
    const { outgoing, outlet } = start((mask) => {
      mask.set([1, 2, 3, 4]);
      if (outlet.pieces.length === 0) outgoing.send('inner', whole);
    });
    outgoing.send('outer', { fin: true, mask: true });
    expect(texts(outlet)).toEqual(['inner', 'outer']);
  });
});

describe('callbacks', () => {
  it('are given to the outlet in the order of the frames', () => {
    const { outgoing, outlet } = start();
    const called: string[] = [];
    outgoing.send('a', whole, () => called.push('a'));
    outgoing.send(Buffer.alloc(9000), { fin: true, binary: true }, () => called.push('b'));
    outgoing.ping('p', false, () => called.push('p'));
    for (const callback of outlet.callbacks) callback();
    expect(called).toEqual(['a', 'b', 'p']);
  });

  it('that are no functions are ignored', () => {
    const { outgoing, outlet } = start();
    outgoing.send('a', whole, null as never);
    outgoing.send('b', whole, 'callback' as never);
    expect(outlet.callbacks).toEqual([]);
    expect(texts(outlet)).toEqual(['a', 'b']);
  });
});

describe('ping and pong', () => {
  it.each([
    ['ping', PING],
    ['pong', PONG]
  ] as const)('%s sends a control frame — RFC 6455 §5.5', (name, opcode) => {
    const { outgoing, outlet } = start();
    outgoing[name](Buffer.from('data'));
    outgoing[name]('text');
    expect(readFrames(outlet.bytes).map((f) => [f.opcode, f.fin, String(f.payload)])).toEqual([
      [opcode, true, 'data'],
      [opcode, true, 'text']
    ]);
  });

  it.each(['ping', 'pong'] as const)('%s refuses more than 125 bytes — RFC 6455 §5.5', (name) => {
    const { outgoing, outlet } = start();
    const error = new RangeError('The data size must not be greater than 125 bytes');
    expect(() => outgoing[name](Buffer.alloc(126))).toThrow(error);
    expect(() => outgoing[name]('€'.repeat(42))).toThrow(error);
    outgoing[name](Buffer.alloc(125));
    expect(readFrames(outlet.bytes)).toHaveLength(1);
  });

  it('may stand between the fragments of a message — RFC 6455 §5.4', () => {
    const { outgoing, outlet } = start();
    outgoing.send('a', { fin: false });
    outgoing.ping('p');
    outgoing.send('b', { fin: true });
    expect(readFrames(outlet.bytes).map(({ opcode }) => opcode)).toEqual([TEXT, PING, 0]);
  });
});

describe('close', () => {
  const sent = (...args: [code?: number, data?: string | Buffer]) => {
    const { outgoing, outlet } = start();
    outgoing.close(args[0], args[1]);
    const [{ opcode, payload }] = readFrames(outlet.bytes);
    expect(opcode).toBe(CLOSE);
    return payload;
  };

  it('has no body without a code — RFC 6455 §5.5.1', () => {
    expect(sent()).toEqual(Buffer.alloc(0));
  });

  it('has the code as two bytes — RFC 6455 §5.5.1', () => {
    expect(sent(1000)).toEqual(Buffer.from([0x03, 0xe8]));
    expect(sent(1001, '')).toEqual(Buffer.from([0x03, 0xe9]));
  });

  it.each(['gründe', Buffer.from('gründe')])('has the reason behind the code', (reason) => {
    expect(sent(1000, reason)).toEqual(Buffer.from('\x03\xe8gr\xc3\xbcnde', 'latin1'));
  });

  it.each([0, 999, 1004, 1005, 1006, 1015, 2999, 5000, '1000', null, {}])(
    'refuses the code %s — RFC 6455 §7.4',
    (code) => {
      expect(() => start().outgoing.close(code as number, undefined)).toThrow(
        new TypeError('First argument must be a valid error code number')
      );
    }
  );

  it('refuses a reason of more than 123 bytes — RFC 6455 §5.5', () => {
    const { outgoing } = start();
    expect(() => outgoing.close(1000, 'x'.repeat(124))).toThrow(
      new RangeError('The message must not be greater than 123 bytes')
    );
  });

  it.each([
    ['an array', [1, 2, 3]],
    ['another view', new Uint16Array(3)],
    ['an object with a length', { length: 5, byteLength: 5 }]
  ])('refuses %s as a reason', (_name, reason) => {
    expect(() => start().outgoing.close(1000, reason as never)).toThrow(TypeError);
  });
});

describe('with permessage-deflate', () => {
  it('sets RSV1 in the first fragment of a compressed message — RFC 7692 §6.1', () => {
    const { codec, outgoing, outlet } = startDeflating();
    outgoing.send('a', { compress: true, fin: false });
    outgoing.send('b', { fin: true });
    outgoing.send('c', { fin: true });
    codec.work();

    expect(readFrames(outlet.bytes).map((f) => [f.rsv1, String(f.payload)])).toEqual([
      [true, 'A'],
      [false, 'B'],
      [false, 'c']
    ]);
  });

  it('keeps the order of everything behind a message that is being compressed', () => {
    const { codec, outgoing, outlet } = startDeflating();
    outgoing.send('a', { compress: true, fin: true });
    outgoing.send('b', whole);
    outgoing.ping('p');
    outgoing.send('c', { compress: true, fin: true });
    outgoing.close(1000, 'bye');
    codec.work();

    expect(texts(outlet)).toEqual(['A', 'b', 'p', 'C', '\x03\ufffdbye']);
  });

  it('captures a small payload that has to wait', () => {
    const { codec, outgoing, outlet } = startDeflating();
    const data = Buffer.from('before');
    outgoing.send(data, { compress: true, fin: true });
    outgoing.send(data, whole);
    data.write('after!');
    codec.work();

    expect(texts(outlet)).toEqual(['BEFORE', 'before']);
  });

  it('counts the bytes that wait', () => {
    const { codec, outgoing } = startDeflating();
    outgoing.send('abc', { compress: true, fin: true });
    outgoing.send('ä', whole);
    expect(outgoing._bufferedBytes).toBe(5);
    codec.work();
    expect(outgoing._bufferedBytes).toBe(0);
  });

  it('compresses below the threshold when the context is taken over', () => {
    const { codec, outgoing, outlet } = startDeflating({}, 100);
    outgoing.send('a', { compress: true, fin: true });
    codec.work();
    expect(texts(outlet)).toEqual(['A']);
  });

  it('does not compress below the threshold when it is not', () => {
    const { outgoing, outlet } = startDeflating({ server_no_context_takeover: true }, 4);
    outgoing.send('abc', { compress: true, fin: true });
    expect(readFrames(outlet.bytes)[0].rsv1).toBe(false);
  });

  it('compresses from the threshold on', () => {
    const { codec, outgoing, outlet } = startDeflating({ server_no_context_takeover: true }, 4);
    outgoing.send('ääb', { compress: true, fin: true });
    codec.work();
    expect(readFrames(outlet.bytes)[0].rsv1).toBe(true);
  });

  it('tells everyone who waits when the socket is gone', () => {
    const { codec, outgoing, outlet } = startDeflating();
    const errors: unknown[] = [];
    const note = (error?: Error | null) => errors.push(error?.message);
    outgoing.send('a', { compress: true, fin: true }, note);
    outgoing.send('b', whole, note);
    outgoing.send('c', whole);
    outlet.destroyed = true;
    codec.work();

    const message = 'The socket was closed while data was being compressed';
    expect(errors).toEqual([message, message]);
    expect(outlet.bytes).toHaveLength(0);
  });
});

describe('with a Blob', () => {
  const blob = (text: string) => new Blob([text]);

  it('sends its bytes, and keeps the order of what follows', async () => {
    const { outgoing, outlet } = start();
    outgoing.send(blob('a'), { fin: true, binary: true });
    outgoing.send('b', whole);
    outgoing.pong(blob('c'));
    outgoing.send('d', whole);
    expect(outgoing._bufferedBytes).toBe(4);
    for (let i = 0; i < 1000 && outgoing._bufferedBytes > 0; i++) await turn();

    expect(texts(outlet)).toEqual(['a', 'b', 'c', 'd']);
  });

  it('compresses what it has read', async () => {
    const { codec, outgoing, outlet } = startDeflating();
    outgoing.send(blob('a'), { fin: true, compress: true });
    for (let i = 0; i < 1000 && codec.jobs.length === 0; i++) await turn();
    codec.work();
    expect(texts(outlet)).toEqual(['A']);
    expect(outgoing._bufferedBytes).toBe(0);
  });

  it('tells everyone who waits, and onerror, when it cannot be read', async () => {
    const { outgoing, outlet } = start();
    const unreadable = blob('a');
    unreadable.arrayBuffer = () => Promise.reject(new Error('unreadable'));
    const errors: unknown[] = [];
    const reported = new Promise((resolve) => (outgoing.onerror = resolve));
    outgoing.send(unreadable, whole, (error) => errors.push(error?.message));
    outgoing.send('b', whole, (error) => errors.push(error?.message));

    expect(await reported).toEqual(new Error('unreadable'));
    expect(errors).toEqual(['unreadable', 'unreadable']);
    expect(outlet.bytes).toHaveLength(0);
  });

  it('reports to onerror that it cannot be compressed', async () => {
    const { codec, outgoing } = startDeflating();
    codec.compress = () => {
      throw new Error('bad options');
    };
    const reported = new Promise((resolve) => (outgoing.onerror = resolve));
    outgoing.send(blob('a'), { fin: true, compress: true });
    expect(await reported).toEqual(new Error('bad options'));
  });

  it('tells everyone who waits when the socket is gone', async () => {
    const { outgoing, outlet } = start();
    const failed = new Promise((resolve) => outgoing.send(blob('a'), whole, resolve));
    outlet.destroyed = true;
    expect(await failed).toEqual(new Error('The socket was closed while the blob was being read'));
  });
});

describe('sendFrame', () => {
  it('sends the pieces one behind the other', () => {
    const { outgoing, outlet } = start();
    outgoing.sendFrame([Buffer.from([0x81, 4]), 'ä', Buffer.from('bc')]);
    expect(texts(outlet)).toEqual(['äbc']);
  });

  it('copies small pieces and hands large ones on', () => {
    const { outgoing, outlet } = start();
    const small = [Buffer.from([0x82, 1]), Buffer.from('s')];
    const large = [Buffer.from([0x82, 126, 0x20, 0x00]), Buffer.alloc(8192)];
    outgoing.sendFrame(small);
    outgoing.sendFrame(large);
    small[1].write('x');

    expect(outlet.lists).toEqual([large]);
    expect(readFrames(outlet.bytes)[0].payload.toString()).toBe('s');
  });

  it('calls back although there is nothing to send', () => {
    const { outgoing, outlet } = start();
    const callback = () => {};
    outgoing.sendFrame([Buffer.alloc(0)], callback);
    expect(outlet.lists).toHaveLength(1);
    expect(outlet.callbacks).toEqual([callback]);
  });
});
