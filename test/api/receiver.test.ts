import { once } from 'node:events';
import { Writable } from 'node:stream';
import { setImmediate as turn } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { Receiver } from '../../src/api/receiver.js';
import type { IncomingOptions } from '../../src/endpoint/contract.js';
import { PerMessageDeflate } from '../../src/endpoint/permessage-deflate.js';
import { conversation } from '../contract/conversation.js';
import { Random } from '../contract/random.js';
import { StockReceiver } from '../contract/stock.js';
import { CLOSE, PING, TEXT, closeBody, frame, readFrame } from '../contract/wire.js';
import { deflateFrames } from './deflated.js';

type Event = [name: string, ...values: unknown[]];

/** Notes every event with the order in which it came. */
function record(receiver: Writable): Event[] {
  const events: Event[] = [];
  receiver.on('message', (data, isBinary) => events.push(['message', shown(data), isBinary]));
  receiver.on('ping', (data) => events.push(['ping', shown(data)]));
  receiver.on('pong', (data) => events.push(['pong', shown(data)]));
  receiver.on('conclude', (code, reason) => events.push(['conclude', code, shown(reason)]));
  receiver.on('error', (error: NodeJS.ErrnoException) =>
    events.push(['error', error.name, error.code, error.message])
  );
  for (const name of ['finish', 'close'] as const) receiver.on(name, () => events.push([name]));
  return events;
}

function shown(data: unknown): unknown {
  if (Array.isArray(data)) return data.map(shown);
  if (data instanceof ArrayBuffer) return { arrayBuffer: Buffer.from(data).toString('hex') };
  return data instanceof Blob ? { blob: data.size } : (data as Buffer).toString('hex');
}

/** What comes of the chunks, in ferrows and in ws. Both get memory of their own. */
async function both(options: IncomingOptions, chunks: Buffer[]): Promise<[Event[], Event[]]> {
  const receivers = [new Receiver(options), new StockReceiver(options)];
  const events = receivers.map(record);
  for (const receiver of receivers) {
    for (const chunk of chunks) {
      if (!receiver.destroyed && !receiver.writableEnded) receiver.write(Buffer.from(chunk));
    }
    if (!receiver.destroyed && !receiver.writableEnded) receiver.end();
    while (!receiver.closed) await turn();
  }
  return events as [Event[], Event[]];
}

async function expectSame(options: IncomingOptions, chunks: Buffer[]): Promise<Event[]> {
  const [own, stock] = await both(options, chunks);
  expect(own).toEqual(stock);
  return own;
}

it('is a Writable', () => {
  expect(new Receiver()).toBeInstanceOf(Writable);
});

describe('emits what the Receiver of ws emits', () => {
  it.each([
    ['in the role of a client', false],
    ['in the role of a server', true]
  ])('%s, for conversations in any chunks — RFC 6455 §5.4', async (_role, isServer) => {
    for (let seed = 1; seed <= 15; seed++) {
      const random = new Random(seed);
      const { bytes, events } = conversation(random, isServer);
      const own = await expectSame({ isServer }, random.split(bytes, random.pick([1, 30, 4000])));
      expect(own.map(([name]) => name)).toEqual([
        ...events.map(([name]) => name),
        'conclude',
        'finish',
        'close'
      ]);
    }
  });

  it.each(['nodebuffer', 'arraybuffer', 'fragments', 'blob'] as const)(
    'with the binary type %s',
    async (binaryType) => {
      const { bytes } = conversation(new Random(99), false);
      await expectSame({ binaryType }, [bytes]);
      await expectSame({ binaryType }, new Random(98).split(bytes, 100));
    }
  );

  it('without synchronous events', async () => {
    const { bytes } = conversation(new Random(5), false);
    await expectSame({ allowSynchronousEvents: false }, [bytes]);
    await expectSame({ allowSynchronousEvents: false }, new Random(6).split(bytes, 500));
  });

  it('for damaged bytes, where it is an error or the end of them', async () => {
    const names = new Set<unknown>();
    for (let seed = 1; seed <= 150; seed++) {
      const random = new Random(seed);
      const isServer = seed % 2 === 0;
      const { bytes } = conversation(random, isServer, 4);
      let at = 0;
      for (let i = random.below(4); i > 0; i--) at += readFrame(bytes.subarray(at))!.size;
      bytes[at + random.below(2)] ^= 1 << random.below(8);
      const options = { isServer, maxPayload: 20_000, maxFragments: 20 };
      for (const [name, , code] of await expectSame(options, random.split(bytes, 300))) {
        if (name === 'error') names.add(code);
      }
    }
    expect(names.size).toBeGreaterThan(6);
  });

  it.each([
    { maxPayload: 600 },
    { maxFragments: 2 },
    { maxBufferedChunks: 3 },
    { maxPayload: 600, maxFragments: 3, maxBufferedChunks: 5 }
  ])('with the limits %o', async (limits) => {
    for (let seed = 1; seed <= 30; seed++) {
      const random = new Random(seed);
      const { bytes } = conversation(random, false, 5);
      await expectSame(limits, random.split(bytes, random.pick([20, 200, 2000])));
    }
  });

  it('with permessage-deflate — RFC 7692 §7.2.2', async () => {
    const chunks = await deflateFrames(['one', 'two '.repeat(500), '', 'three']);
    const negotiated = () => {
      const codec = new PerMessageDeflate();
      codec.accept([{}]);
      return { extensions: { 'permessage-deflate': codec } };
    };
    const [own] = await both(negotiated(), chunks);
    expect(own.map(([name]) => name)).toEqual([
      'message',
      'message',
      'message',
      'message',
      'finish',
      'close'
    ]);
    expect(Buffer.from(own[1][1] as string, 'hex').toString()).toBe('two '.repeat(500));
  });
});

describe('write', () => {
  it('calls back when the bytes have been worked off', async () => {
    const receiver = new Receiver({ allowSynchronousEvents: false });
    const events = record(receiver);
    await new Promise<void>((resolve) => {
      receiver.write(Buffer.concat([frame('a'), frame('b')]), () => resolve());
      expect(events).toEqual([]);
    });
    expect(events.map(([name]) => name)).toEqual(['message', 'message']);
  });

  it('calls back with the error', async () => {
    const receiver = new Receiver();
    record(receiver);
    const error = await new Promise<unknown>((resolve) => {
      receiver.write(frame('', { opcode: 3 }), resolve);
    });
    expect(error).toMatchObject({ code: 'WS_ERR_INVALID_OPCODE' });
    expect(receiver.errored).toBe(error);
  });

  it('goes on after a listener has thrown', async () => {
    const receiver = new Receiver();
    const events = record(receiver);
    receiver.once('message', () => {
      throw new Error('listener');
    });
    const chunk = Buffer.concat([frame('a'), frame('b')]);
    expect(() => receiver.write(chunk)).toThrow('listener');
    receiver.write(frame('c'));
    receiver.end();
    await once(receiver, 'finish');
    expect(events.filter(([name]) => name === 'message').map(([, data]) => data)).toEqual(
      ['a', 'b', 'c'].map((text) => Buffer.from(text).toString('hex'))
    );
  });
});

describe('members that programs change while it runs', () => {
  it('_binaryType holds for the next message', () => {
    const receiver = new Receiver();
    const events = record(receiver);
    expect(receiver._binaryType).toBe('nodebuffer');
    receiver._binaryType = 'arraybuffer';
    receiver.write(frame(Buffer.from([1])));
    expect(events).toEqual([['message', { arrayBuffer: '01' }, true]]);
  });

  it('_maxPayload holds for the next frame', async () => {
    const receiver = new Receiver({ maxPayload: 1 });
    const events = record(receiver);
    expect(receiver._maxPayload).toBe(1);
    receiver._maxPayload = 2;
    receiver.write(frame('ab'));
    receiver.write(frame('abc'));
    while (!receiver.closed) await turn();
    expect(events.map(([name]) => name)).toEqual(['message', 'error', 'close']);
  });
});

it('ends itself after a close frame — RFC 6455 §5.5.1', async () => {
  const receiver = new Receiver();
  const events = record(receiver);
  const close = frame(closeBody(1000, 'bye'), { opcode: CLOSE });
  receiver.write(Buffer.concat([frame('a'), close, frame('late')]));
  expect(receiver.writableEnded).toBe(true);
  await once(receiver, 'close');
  expect(events.map(([name]) => name)).toEqual(['message', 'conclude', 'finish', 'close']);
});

it('takes a string as its bytes, as any Writable', async () => {
  const receiver = new Receiver();
  const events = record(receiver);
  receiver.write('\x81\x01a\x89\x00', 'latin1');
  receiver.end();
  await once(receiver, 'finish');
  expect(events.slice(0, 2)).toEqual([
    ['message', '61', false],
    ['ping', '']
  ]);
  expect([TEXT, PING]).toEqual([1, 9]);
});
