import { setImmediate as turn } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import type {
  BinaryType,
  IncomingHandler,
  IncomingOptions
} from '../../../src/endpoint/contract.js';
import { NativeParsers } from '../../../src/endpoint/native/parser.js';
import { Parser } from '../../../src/endpoint/portable/parser.js';
import { loadNative } from '../../../src/load-native.js';
import { conversation } from '../../contract/conversation.js';
import { Random } from '../../contract/random.js';
import { frame } from '../../contract/wire.js';
import { IncomingRecorder } from '../incoming-recorder.js';

const { binding, reason } = loadNative({});
const types: BinaryType[] = ['nodebuffer', 'arraybuffer', 'fragments'];

// Without a Rust toolchain there is no addon to compare; CI always has one.
describe.skipIf(binding === null)(`the native endpoint (${reason})`, () => {
  const parsers = new NativeParsers(binding!);
  const native = (options: IncomingOptions, handler: IncomingHandler) =>
    parsers.create(options, handler);
  const portable = (options: IncomingOptions, handler: IncomingHandler) =>
    new Parser(options, handler);

  async function eventsOf(
    make: typeof native | typeof portable,
    options: IncomingOptions,
    chunks: Buffer[]
  ) {
    const recorder = new IncomingRecorder();
    const incoming = make(options, recorder);
    for (const chunk of chunks) incoming.write(Buffer.from(chunk));
    incoming.end();
    // Deferred events have a turn each.
    for (let i = 0; i < 400 && !recorder.events.some(([name]) => name === 'finish'); i++) {
      await turn();
      if (recorder.events.at(-1)?.[0] === 'error') break;
    }
    return recorder.events;
  }

  /** Random frames of which about one in thirty breaks a rule. */
  function anyFrames(random: Random, isServer: boolean): Buffer {
    const frames = Array.from({ length: 40 }, () =>
      frame(random.below(2) ? random.bytes(random.pick([0, 1, 20, 125])) : 'aß€😀'.repeat(5), {
        opcode: random.pick([
          0,
          0,
          1,
          1,
          2,
          2,
          2,
          9,
          10,
          random.below(60) === 0 ? random.below(16) : 2
        ]),
        fin: random.below(3) > 0,
        rsv1: random.below(90) === 0,
        rsv2: random.below(90) === 0,
        key: isServer !== (random.below(90) === 0) ? random.bytes(4) : null
      })
    );
    return Buffer.concat(frames);
  }

  it.each([true, false])(
    'reports what the portable one reports of valid conversations, isServer %s — RFC 6455 §5',
    async (isServer) => {
      for (let seed = 1; seed <= 60; seed++) {
        const random = new Random(seed);
        const { bytes } = conversation(random, isServer);
        const options = {
          isServer,
          binaryType: random.pick(types),
          allowSynchronousEvents: seed % 5 > 0
        };
        const chunks = random.split(bytes, random.pick([3, 50, 2000, 70_000]));
        const expected = await eventsOf(portable, options, [bytes]);
        expect(await eventsOf(native, options, chunks), `seed ${seed}`).toEqual(expected);
      }
    }
  );

  it.each([true, false])(
    'reports what the portable one reports of random frames, isServer %s — RFC 6455 §5',
    async (isServer) => {
      for (let seed = 1; seed <= 300; seed++) {
        const random = new Random(seed);
        const bytes = anyFrames(random, isServer);
        const options = {
          isServer,
          binaryType: random.pick(types),
          maxPayload: 300,
          maxFragments: 6
        };
        const chunks = random.split(bytes, random.pick([1, 10, 400, 10_000]));
        const expected = await eventsOf(portable, options, chunks);
        expect(await eventsOf(native, options, chunks), `seed ${seed}`).toEqual(expected);
      }
    }
  );

  it('loses no byte of a message in whose middle the binary type is changed', () => {
    for (let seed = 1; seed <= 60; seed++) {
      const { bytes } = conversation(new Random(seed), true);
      const contents = (make: typeof native | typeof portable) => {
        const random = new Random(seed);
        const recorder = new IncomingRecorder();
        const incoming = make({ isServer: true }, recorder);
        for (const chunk of random.split(bytes, 50)) {
          incoming._binaryType = random.pick(types);
          incoming.write(Buffer.from(chunk));
        }
        return recorder.all('message').map((data) => {
          return Array.isArray(data) ? String(Buffer.concat(data)) : String(data);
        });
      };
      const expected = contents(portable);
      expect(contents(native), `seed ${seed}`).toEqual(expected);
    }
  });

  it('frees what it holds when it concludes, fails or is ended', async () => {
    const before = parsers.endpoints.openCount;
    const valid = conversation(new Random(7), true).bytes;
    await eventsOf(native, { isServer: true }, [valid]);
    await eventsOf(native, { isServer: true }, [
      Buffer.from('f0', 'hex'),
      Buffer.from('80', 'hex')
    ]);
    await eventsOf(native, { isServer: true }, [valid.subarray(0, 9)]);
    expect(parsers.endpoints.openCount).toBe(before);
  });

  it('delivers the rest of a chunk after a listener has thrown', async () => {
    const recorder = new IncomingRecorder();
    const incoming = native({}, recorder);
    recorder.listener = (_name, index) => {
      if (index === 1) throw new Error('listener');
    };
    const chunk = Buffer.concat(
      ['one', 'two', 'three', 'x'.repeat(9000)].map((text) => frame(text))
    );
    expect(() => incoming.write(chunk)).toThrow('listener');
    await turn();
    expect(recorder.all('message')).toEqual(['one', 'two', 'three', 'x'.repeat(9000)]);
  });

  it('keeps its rows while a listener makes another connection parse', () => {
    const outer = new IncomingRecorder();
    const inner = new IncomingRecorder();
    const other = native({}, inner);
    const large = 'y'.repeat(6000);
    outer.listener = (_name, index) => {
      if (index === 0) {
        // In two pieces, so that the addon owns the message.
        const bytes = frame(large);
        other.write(Buffer.from(bytes.subarray(0, 3000)));
        other.write(Buffer.from(bytes.subarray(3000)));
      }
    };
    native({}, outer).write(Buffer.concat(['one', 'two', 'three'].map((text) => frame(text))));
    expect(outer.all('message')).toEqual(['one', 'two', 'three']);
    expect(inner.all('message')).toEqual([large]);
  });

  it('does not keep a read chunk alive for a small message', () => {
    const messages: Buffer[] = [];
    const handler = new IncomingRecorder();
    handler.onMessage = (data) => messages.push(data as Buffer);
    const chunk = Buffer.concat(Array.from({ length: 3000 }, () => frame(Buffer.alloc(20, 1))));
    native({}, handler).write(chunk);
    expect(messages).toHaveLength(3000);
    for (const message of messages) expect(message.buffer).not.toBe(chunk.buffer);
  });

  it('masks, unmasks and validates like bufferutil and utf-8-validate, on any argument', () => {
    const { mask, unmask, isValidUTF8 } = binding!;
    const key = Buffer.from([1, 2, 3, 4]);
    const data = Buffer.from('some data of no particular length, but longer than one block');
    const output = Buffer.alloc(data.length + 3);
    mask(data, key, output, 3, data.length);
    unmask(output.subarray(3), key);
    expect(output.subarray(3)).toEqual(data);
    expect(isValidUTF8(Buffer.from('ß€😀'))).toBe(true);
    expect(isValidUTF8(Buffer.from([0xc0, 0x80]))).toBe(false);

    // Overlapping memory is masked as if it did not overlap.
    const overlapping = Buffer.from(data);
    mask(overlapping.subarray(0, 40), key, overlapping, 5, 40);
    expect(overlapping.subarray(5, 45)).toEqual(
      Buffer.from(data.subarray(0, 40).map((byte, i) => byte ^ key[i % 4]))
    );

    const refused: unknown[][] = [
      [],
      [null, key, output, 0, 1],
      [data, Buffer.alloc(3), output, 0, 1],
      [data, key, output, 4, data.length],
      [data, key, output, 0, data.length + 1],
      [data, key, output, 0xffffffff, 2],
      ['text', key, output, 0, 1],
      [data, key, {}, 0, 1]
    ];
    for (const args of refused) {
      expect(() => (mask as (...a: unknown[]) => void)(...args)).toThrow();
    }
    expect(() => unmask(data, Buffer.alloc(2))).toThrow();
    expect(() => (unmask as (...a: unknown[]) => void)(1, key)).toThrow();
    expect(() => (isValidUTF8 as (...a: unknown[]) => void)('text')).toThrow();
  });
});
