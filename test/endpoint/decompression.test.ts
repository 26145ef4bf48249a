import { constants, deflateRawSync } from 'node:zlib';
import { expect, it } from 'vitest';
import { kStatusCode } from '../../src/endpoint/errors.js';
import { PerMessageDeflate } from '../../src/endpoint/permessage-deflate.js';
import { Stock, compress, decompress, errorOf, text } from './codec-calls.js';
import { withEveryEngine } from './engines.js';

const fresh = { client_no_context_takeover: true };
const modes = [
  ['with context', {}],
  ['without context', fresh]
] as const;

function receivers(params: object, maxPayload = 0) {
  const options = { isServer: true, maxPayload };
  const pair = [new PerMessageDeflate(options), new Stock(options)] as const;
  pair[0].params = pair[1].params = params;
  return pair;
}

/** What a decompression came to, and how the connection would be closed. */
async function outcome(codec: Parameters<typeof decompress>[0], data: Buffer, fin = true) {
  try {
    return { data: await decompress(codec, data, fin) };
  } catch (thrown) {
    const error = thrown as Error & { code?: string; errno?: number };
    const status = Object.getOwnPropertySymbols(error)
      .filter((symbol) => symbol.description === 'status-code')
      .map((symbol) => (error as unknown as Record<symbol, number>)[symbol]);
    const { constructor, message, code, errno } = error;
    return { name: constructor.name, message, code, errno, status };
  }
}

/** A message as a sender makes it that cannot flush but only finish (RFC 7692 §7.2.3.4). */
function finished(message: Buffer): Buffer {
  return Buffer.concat([deflateRawSync(message), Buffer.from([0])]);
}

function flushed(message: Buffer): Buffer {
  return deflateRawSync(message, { finishFlush: constants.Z_SYNC_FLUSH }).subarray(0, -4);
}

const message = text(900);
const inputs: [string, Buffer[]][] = [
  ['a reserved block type', [Buffer.from([0x06])]],
  ['an invalid stored length', [Buffer.from([0x00, 0x05, 0x00, 0x00, 0x00])]],
  ['random bytes', [Buffer.from('5d8e1f0c33a9e7b2c4d6', 'hex')]],
  ['a distance before the beginning', [Buffer.from([0x4b, 0x04, 0x72, 0x00])]],
  ['nothing at all', [Buffer.alloc(0)]],
  ['an empty block', [Buffer.from([0])]],
  ['a truncated message', [flushed(message).subarray(0, 100)]],
  ['a message with one byte less', [flushed(message).subarray(0, -1)]],
  ['a truncated message and a whole one', [flushed(message).subarray(0, 100), flushed(message)]],
  [
    'a flipped bit',
    [Buffer.from(flushed(message).map((byte, i) => (i === 60 ? byte ^ 0x10 : byte)))]
  ],
  ['garbage after a flushed message', [Buffer.concat([flushed(message), Buffer.from('garbage')])]],
  ['BFINAL set', [finished(message)]],
  ['BFINAL set without what follows it', [deflateRawSync(message)]],
  ['BFINAL set, then garbage', [Buffer.concat([deflateRawSync(message), Buffer.from('garbage')])]],
  ['BFINAL set, then other messages', [finished(message), flushed(message), finished(text(9))]],
  ['BFINAL set in a long message', [finished(text(200_000)), flushed(text(10))]],
  ['long random bytes', [Buffer.alloc(80_000, '5d8e1f0c33a9e7b2c4d6', 'hex')]]
];

withEveryEngine(() => {
  for (const [mode, params] of modes) {
    it.each(inputs)(
      `makes of %s ${mode} what stock ws makes of it — RFC 7692 §7.2.2`,
      async (_, messages) => {
        const [ours, stock] = receivers(params);
        for (const data of messages) {
          expect(await outcome(ours, Buffer.from(data))).toEqual(
            await outcome(stock, Buffer.from(data))
          );
        }
        ours.cleanup();
        stock.cleanup();
      }
    );

    it.each(inputs)(
      `makes of %s ${mode} in two fragments what stock ws makes of it`,
      async (_, messages) => {
        const [ours, stock] = receivers(params);
        for (const data of messages) {
          const half = data.length >> 1;
          for (const [part, fin] of [
            [data.subarray(0, half), false],
            [data.subarray(half), true]
          ] as const) {
            expect(await outcome(ours, Buffer.from(part), fin)).toEqual(
              await outcome(stock, Buffer.from(part), fin)
            );
          }
        }
        ours.cleanup();
        stock.cleanup();
      }
    );

    it(`asks for status code 1007 after corrupt data ${mode} — RFC 6455 §7.4.1`, async () => {
      const [ours] = receivers(params);
      const error = await errorOf(decompress(ours, Buffer.from([0x06])));
      expect(error).toMatchObject({ code: 'Z_DATA_ERROR', errno: -3, [kStatusCode]: 1007 });
      expect(error.message).toBe('invalid block type');
    });

    it.each([999, 1000, 50_000])(
      `lets %i bytes through a limit of 1000 as stock ws does ${mode}`,
      async (length) => {
        const [ours, stock] = receivers(params, 1000);
        const data = flushed(Buffer.alloc(length, 'x'));
        const result = await outcome(ours, Buffer.from(data));
        expect(result).toEqual(await outcome(stock, Buffer.from(data)));
        expect(result).toMatchObject(
          length > 1000 ? { code: 'WS_ERR_UNSUPPORTED_MESSAGE_LENGTH', status: [1009] } : {}
        );
        ours.cleanup();
        stock.cleanup();
      }
    );

    it(`stops at the limit inside a fragment ${mode} that is not the last`, async () => {
      const [ours] = receivers(params, 1000);
      const error = await errorOf(decompress(ours, flushed(Buffer.alloc(5000)), false));
      expect(error).toMatchObject({ [kStatusCode]: 1009 });
    });

    it(`goes on after an error ${mode} as if nothing had been received`, async () => {
      const [ours] = receivers(params, 2000);
      for (const bad of [Buffer.from([0x06]), flushed(Buffer.alloc(100_000))]) {
        await errorOf(decompress(ours, bad));
        expect(await decompress(ours, flushed(message))).toEqual(message);
      }
    });

    it(`follows a change of the limit ${mode}`, async () => {
      const [ours] = receivers(params, 10);
      ours._maxPayload = 0;
      expect(await decompress(ours, flushed(message))).toEqual(message);
      ours._maxPayload = 10;
      const error = await errorOf(decompress(ours, flushed(message)));
      expect(error).toMatchObject({ [kStatusCode]: 1009 });
    });
  }

  it('does not let a message without context see the one before — RFC 7692 §7.1.1.2', async () => {
    const sender = new PerMessageDeflate();
    sender.params = {};
    const first = text(5000);
    const both = [await compress(sender, first), await compress(sender, first)];
    const [ours] = receivers(fresh);
    expect(await decompress(ours, both[0])).toEqual(first);
    expect(await errorOf(decompress(ours, both[1]))).toMatchObject({ code: 'Z_DATA_ERROR' });
  });

  it('treats a distance beyond the agreed window as stock ws does — RFC 7692 §7.1.2', async () => {
    const far = text(600);
    const data = flushed(
      Buffer.concat([far, Buffer.from(Array.from({ length: 1500 }, (_, i) => i)), far])
    );
    for (const params of [{ client_max_window_bits: 8 }, { client_max_window_bits: 15 }]) {
      const [ours, stock] = receivers(params);
      expect(await outcome(ours, Buffer.from(data))).toEqual(
        await outcome(stock, Buffer.from(data))
      );
    }
  });
});
