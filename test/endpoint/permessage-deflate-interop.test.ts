import { expect, it } from 'vitest';
import { PerMessageDeflate } from '../../src/endpoint/permessage-deflate.js';
import { zlibEngine } from '../../src/endpoint/portable/zlib-engine.js';
import { Stock, compress, decompress, text } from './codec-calls.js';
import { withEveryEngine } from './engines.js';

type Params = Record<string, true | number>;

const windows = [undefined, 8, 11, 15];
const combinations = [false, true].flatMap((serverFresh) =>
  [false, true].flatMap((clientFresh) =>
    windows.flatMap((serverBits) =>
      windows.map((clientBits) => {
        const params: Params = {};
        if (serverFresh) params.server_no_context_takeover = true;
        if (clientFresh) params.client_no_context_takeover = true;
        if (serverBits) params.server_max_window_bits = serverBits;
        if (clientBits) params.client_max_window_bits = clientBits;
        return params;
      })
    )
  )
);
const classes = { stock: Stock, ours: PerMessageDeflate as unknown as typeof Stock };
const pairs = (['ours', 'stock'] as const).flatMap((sender) =>
  (['ours', 'stock'] as const).map((receiver) => ({ sender, receiver }))
);

/** Around every limit of the implementation, with repetitions for the context to be of use. */
function messages(): Buffer[] {
  const repeated = text(700);
  return [
    ...[0, 1, 200, 1500, 2048, 2049, 5000, 20_000].map(text),
    repeated,
    Buffer.alloc(0),
    repeated,
    Buffer.alloc(20_000, 'a'),
    Buffer.concat([repeated, text(20_000)])
  ];
}

withEveryEngine((engine) => {
  it.each(combinations)(
    'agrees with stock ws on every message under %o — RFC 7692 §7.2',
    async (params) => {
      for (const { sender, receiver } of pairs) {
        for (const isServer of [true, false]) {
          const [from, to] = [
            new classes[sender]({ isServer }),
            new classes[receiver]({ isServer: !isServer })
          ];
          from.params = { ...params };
          to.params = { ...params };
          for (const message of messages()) {
            const inflated = await decompress(to, await compress(from, message));
            expect(inflated.equals(message), `${sender} to ${receiver}, ${message.length} B`).toBe(
              true
            );
          }
          from.cleanup();
          to.cleanup();
        }
      }
    }
  );

  const fresh = { server_no_context_takeover: true, client_no_context_takeover: true } as const;

  it.each([{}, fresh])(
    'carries fragmented messages among whole ones under %o — RFC 7692 §7.2.1',
    async (params) => {
      for (const { sender, receiver } of pairs) {
        const [from, to] = [new classes[sender]({}), new classes[receiver]({ isServer: true })];
        from.params = to.params = params;
        for (const lengths of [
          [10],
          [10, 0, 3000],
          [0, 0],
          [1500, 1500, 0],
          [20],
          [70_000, 1],
          [500]
        ]) {
          const parts = lengths.map(text);
          const inflated: Buffer[] = [];
          for (const [i, part] of parts.entries()) {
            const fin = i === parts.length - 1;
            inflated.push(await decompress(to, await compress(from, part, fin), fin));
          }
          expect(Buffer.concat(inflated).equals(Buffer.concat(parts))).toBe(true);
        }
        from.cleanup();
        to.cleanup();
      }
    }
  );

  if (engine === zlibEngine)
    it('compresses byte for byte as stock ws does where context is taken over', async () => {
      const [ours, stock] = [PerMessageDeflate, Stock].map(
        (Class) => new Class({ isServer: true })
      );
      ours.params = {};
      stock.params = {};
      for (const message of messages()) {
        expect((await compress(ours, message)).equals(await compress(stock, message))).toBe(true);
      }
      ours.cleanup();
      stock.cleanup();
    });

  if (engine !== zlibEngine)
    it('compresses to about as few bytes as stock ws', async () => {
      for (const level of [1, 3, 6, 9]) {
        const [ours, stock] = [PerMessageDeflate, Stock].map(
          (Class) => new Class({ isServer: true, zlibDeflateOptions: { level } })
        );
        ours.params = {};
        stock.params = {};
        let [size, stockSize] = [0, 0];
        for (const message of messages()) {
          size += (await compress(ours, message)).length;
          stockSize += (await compress(stock, message)).length;
        }
        expect(size / stockSize).toBeLessThan(1.05);
        ours.cleanup();
        stock.cleanup();
      }
    });
});
