import { setImmediate as turn } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import type { IncomingOptions } from '../../../src/endpoint/contract.js';
import { Parser } from '../../../src/endpoint/portable/parser.js';
import { conversation } from '../../contract/conversation.js';
import { Random } from '../../contract/random.js';
import { BINARY, CLOSE, PING, TEXT, closeBody, frame } from '../../contract/wire.js';
import { IncomingRecorder } from '../incoming-recorder.js';

const key = Buffer.from([0x11, 0x22, 0x33, 0xf4]);

function start(options: IncomingOptions = {}) {
  const recorder = new IncomingRecorder();
  return { recorder, parser: new Parser(options, recorder) };
}

async function eventsOf(options: IncomingOptions, chunks: Buffer[]): Promise<unknown[][]> {
  const { recorder, parser } = start(options);
  for (const chunk of chunks) parser.write(chunk);
  await turn();
  return recorder.events;
}

describe('a frame cut in two', () => {
  const shapes = [
    ['a 7-bit length', 3, 0],
    ['a 16-bit length', 300, 2],
    ['a 64-bit length', 20, 8]
  ] as const;

  describe.each(shapes)('with %s', (_name, length, lengthBytes) => {
    it.each([
      ['unmasked — RFC 6455 §5.2', null],
      ['masked — RFC 6455 §5.3', key]
    ])('is the same wherever the cut is, %s', async (_title, key) => {
      const make = () => frame('abcdefg'.repeat(50).slice(0, length), { lengthBytes, key });
      const options = { isServer: key !== null };
      const whole = await eventsOf(options, [make()]);
      expect(whole).toHaveLength(1);
      for (let at = 1; at < make().length; at++) {
        const bytes = make();
        const events = await eventsOf(options, [bytes.subarray(0, at), bytes.subarray(at)]);
        expect(events).toEqual(whole);
      }
    });
  });
});

describe('a conversation', () => {
  it.each([
    ['unmasked', false],
    ['masked', true]
  ])('%s gives the same events in any chunks — RFC 6455 §5.4', async (_name, isServer) => {
    for (let seed = 1; seed <= 12; seed++) {
      const random = new Random(seed);
      const { bytes, events } = conversation(random, isServer);
      for (const longest of [1, 2, 5, 50, 1500, bytes.length]) {
        const recorder = new IncomingRecorder();
        const parser = new Parser({ isServer }, recorder);
        const names: string[] = [];
        recorder.listener = (name) => names.push(name);
        for (const chunk of random.split(bytes, longest)) parser.write(chunk);
        const wanted = [...events.map(([name]) => name), 'conclude'];
        expect(names, `seed ${seed}, chunks of up to ${longest}`).toEqual(wanted);
        expect(recorder.all('message').map(plain)).toEqual(
          events.filter(([name]) => name === 'message').map(([, data]) => data)
        );
      }
    }
  });
});

describe('the length', () => {
  it.each([
    [0, 2],
    [5, 2],
    [5, 8],
    [200, 8]
  ] as const)(
    '%d is taken from more bytes than it needs, as ws does',
    async (length, lengthBytes) => {
      const bytes = frame('z'.repeat(length), { lengthBytes });
      expect(await eventsOf({}, [bytes])).toEqual([['message', 'z'.repeat(length), false]]);
    }
  );

  it('above 2^53 - 1 is refused before any payload', async () => {
    const bytes = frame('', { claimedLength: 2n ** 53n });
    expect((await eventsOf({}, [bytes]))[0][1]).toBe('WS_ERR_UNSUPPORTED_DATA_PAYLOAD_LENGTH');
  });

  it('of 2^53 - 1 is waited for, and costs no memory before it arrives', () => {
    const { recorder, parser } = start();
    const before = process.memoryUsage().arrayBuffers;
    parser.write(frame('x', { claimedLength: 2n ** 53n - 1n }));
    expect(recorder.events).toEqual([]);
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(1024 * 1024);
  });

  it('is refused as soon as it is announced when it is above maxPayload', async () => {
    const bytes = frame('', { claimedLength: 11 });
    expect((await eventsOf({ maxPayload: 10 }, [bytes]))[0][1]).toBe(
      'WS_ERR_UNSUPPORTED_MESSAGE_LENGTH'
    );
  });

  it('counts over the fragments of a message, and begins afresh with the next', async () => {
    const fine = [
      frame('12345', { fin: false }),
      frame('67890', { opcode: 0 }),
      frame('1234567890')
    ];
    const tooLong = [frame('1', { fin: false }), frame('', { opcode: 0, claimedLength: 10 })];
    const events = await eventsOf({ maxPayload: 10 }, [...fine, ...tooLong]);
    expect(events.map(([name]) => name)).toEqual(['message', 'message', 'error']);
  });

  it('of control frames does not count', async () => {
    const ping = frame('x'.repeat(125), { opcode: PING });
    expect(await eventsOf({ maxPayload: 10 }, [ping])).toEqual([['ping', 'x'.repeat(125)]]);
  });
});

describe('maxFragments', () => {
  const fragments = (count: number) =>
    Array.from({ length: count }, (_, i) =>
      frame('', { opcode: i === 0 ? TEXT : 0, fin: i === count - 1 })
    );

  it('is the number of fragments a message may have, empty ones too', async () => {
    expect(await eventsOf({ maxFragments: 3 }, fragments(3))).toEqual([['message', '', false]]);
    expect((await eventsOf({ maxFragments: 3 }, fragments(4)))[0].slice(1)).toEqual([
      'WS_ERR_TOO_MANY_BUFFERED_PARTS',
      'Too many message fragments'
    ]);
  });

  it('does not count control frames', async () => {
    const [first, second] = fragments(2);
    const pings = Array.from({ length: 5 }, () => frame('', { opcode: PING }));
    const events = await eventsOf({ maxFragments: 2 }, [first, ...pings, second]);
    expect(events.map(([name]) => name)).toEqual([...pings.map(() => 'ping'), 'message']);
  });

  it('begins afresh with every message', async () => {
    const events = await eventsOf(
      { maxFragments: 2 },
      [1, 2, 3, 4].flatMap(() => fragments(2))
    );
    expect(events).toHaveLength(4);
  });
});

describe('maxBufferedChunks', () => {
  const single = (bytes: Buffer) => Array.from(bytes, (byte) => Buffer.of(byte));

  it('is the number of chunks that may wait for the rest of a payload', async () => {
    const bytes = frame('abcde');
    const [head, payload] = [bytes.subarray(0, 2), single(bytes.subarray(2))];
    expect(await eventsOf({ maxBufferedChunks: 5 }, [head, ...payload])).toHaveLength(1);
    const events = await eventsOf({ maxBufferedChunks: 3 }, [Buffer.from(head), ...payload]);
    expect(events[0].slice(1)).toEqual([
      'WS_ERR_TOO_MANY_BUFFERED_PARTS',
      'Too many buffered chunks'
    ]);
  });

  it('counts those of a header too', async () => {
    const head = single(frame('', { claimedLength: 70_000 })).slice(0, 10);
    expect(await eventsOf({ maxBufferedChunks: 8 }, head)).toEqual([]);
    expect((await eventsOf({ maxBufferedChunks: 7 }, head)).map(([name]) => name)).toEqual([
      'error'
    ]);
  });

  it('forgets chunks that have been used up', async () => {
    const chunks = Array.from({ length: 20 }, () => single(frame('ab'))).flat();
    expect(await eventsOf({ maxBufferedChunks: 2 }, chunks)).toHaveLength(20);
  });
});

describe('memory', () => {
  it('of a payload is a view of the chunk when it came in one', () => {
    const { recorder, parser } = start();
    let payload: Buffer | undefined;
    recorder.onMessage = (data) => (payload = data as Buffer);
    const chunk = Buffer.concat([frame(Buffer.from('ab')), frame(Buffer.from('cd'))]);
    parser.write(chunk);
    expect(payload!.buffer).toBe(chunk.buffer);
  });

  it('of a masked payload is unmasked where it is', () => {
    const { parser } = start({ isServer: true });
    const chunk = frame('abcd', { key });
    parser.write(chunk);
    expect(chunk.subarray(-4).toString()).toBe('abcd');
  });

  it('of an incomplete payload is not that of its read chunk', () => {
    const { recorder, parser } = start();
    let payload: Buffer | undefined;
    recorder.onMessage = (data) => (payload = data as Buffer);
    const bytes = frame(Buffer.alloc(20, 'a'));
    const chunk = Buffer.allocUnsafeSlow(64 * 1024);
    bytes.copy(chunk);
    parser.write(chunk.subarray(0, 10));
    // Whoever reads next may use the memory again.
    chunk.fill(0);
    parser.write(Buffer.from(bytes.subarray(10)));
    expect(payload!.toString()).toBe('a'.repeat(20));
  });
});

describe('the close frame', () => {
  it('ends it all: what follows is discarded — RFC 6455 §5.5.1', async () => {
    const close = frame(closeBody(1001, 'bye'), { opcode: CLOSE });
    const events = await eventsOf({}, [Buffer.concat([close, frame('late')]), frame('later')]);
    expect(events).toEqual([['conclude', 1001, 'bye'], ['finish']]);
  });

  it('has the code 1005 when it says none — RFC 6455 §7.1.5', async () => {
    expect((await eventsOf({}, [frame('', { opcode: CLOSE })]))[0]).toEqual(['conclude', 1005, '']);
  });
});

describe('UTF-8', () => {
  it('is checked in whole messages: a character may be split — RFC 6455 §8.1', async () => {
    const euro = Buffer.from('€');
    const chunks = [
      frame(euro.subarray(0, 1), { opcode: TEXT, fin: false }),
      frame(euro.subarray(1), { opcode: 0 })
    ];
    expect(await eventsOf({}, chunks)).toEqual([['message', '€', false]]);
  });

  it.each([
    ['a text', () => frame(Buffer.from([0xff]), { opcode: TEXT })],
    ['a close reason', () => frame(closeBody(1000, Buffer.from([0xff])), { opcode: CLOSE })]
  ])('is not checked in %s where it is skipped', async (_name, make) => {
    expect((await eventsOf({}, [make()]))[0][0]).toBe('error');
    expect((await eventsOf({ skipUTF8Validation: true }, [make()]))[0][0]).not.toBe('error');
  });

  it('is not checked in binary messages', async () => {
    const bytes = frame(Buffer.from([0xff]), { opcode: BINARY });
    expect(await eventsOf({}, [bytes])).toEqual([['message', Buffer.from([0xff]), true]]);
  });
});

function plain(data: unknown): string {
  return typeof data === 'string' ? data : (data as Buffer).toString('hex');
}
