import { inspect } from 'node:util';

const brief = (value) => inspect(value, { breakLength: Infinity });

/** `compress` or `decompress` as a promise of its callback's arguments. */
const call = (codec, method, data, fin) =>
  new Promise((resolve) => codec[method](data, fin, (...args) => resolve(args)));

const OPTIONS = [
  undefined,
  {},
  { isServer: true },
  { threshold: 0, maxPayload: 10, isServer: 1 },
  { threshold: undefined, maxPayload: '7' },
  { clientMaxWindowBits: 0 },
  { clientMaxWindowBits: 10, serverMaxWindowBits: 11 },
  { clientNoContextTakeover: true, serverNoContextTakeover: true },
  { clientMaxWindowBits: null },
  { clientMaxWindowBits: false }
];

const CONFIGURATIONS = {
  server: [
    [{}],
    [{ client_max_window_bits: [true] }],
    [{ client_max_window_bits: ['10'] }],
    [{ server_max_window_bits: ['10'] }, {}],
    [{ server_no_context_takeover: [true], client_no_context_takeover: [true] }],
    [],
    [{ unknown: [true] }],
    [{ server_max_window_bits: [true] }],
    [{ server_max_window_bits: ['8', '9'] }],
    [{ client_no_context_takeover: ['x'] }]
  ],
  client: [
    [{}],
    [{ client_max_window_bits: ['10'] }],
    [{ client_max_window_bits: [true] }],
    [{ server_max_window_bits: ['15'] }],
    [{ server_max_window_bits: ['7'] }],
    [{ server_no_context_takeover: [true], client_no_context_takeover: [true] }]
  ]
};

/** One sender and one receiver of the library that have agreed on `params`. */
function agreed(ws, params = {}, options = {}) {
  const server = new ws.PerMessageDeflate({ isServer: true, ...options });
  const client = new ws.PerMessageDeflate({ isServer: false, ...options });
  server.accept([structuredClone(params)]);
  client.accept([structuredClone(params)]);
  return { server, client };
}

export default [
  {
    title: 'PerMessageDeflate: what options make',
    async run(ws, t) {
      const record = t.lane('class');
      record('extensionName', ws.PerMessageDeflate.extensionName);
      for (const options of OPTIONS) {
        const codec = new ws.PerMessageDeflate(options);
        const { params, _threshold, _isServer, _maxPayload } = codec;
        record(brief(options), codec.offer(), params, _threshold, _isServer, _maxPayload);
      }
    }
  },
  {
    title: 'PerMessageDeflate: accept()',
    async run(ws, t) {
      for (const [role, list] of Object.entries(CONFIGURATIONS)) {
        for (const options of OPTIONS) {
          for (const configurations of list) {
            const codec = new ws.PerMessageDeflate({ ...options, isServer: role === 'server' });
            const given = structuredClone(configurations);
            t.attempt(role, `${brief(options)} ${brief(configurations)}`, () =>
              codec.accept(given)
            );
            t.lane(role)('params', codec.params);
          }
        }
      }
    }
  },
  {
    title: 'PerMessageDeflate: compress() and decompress()',
    async run(ws, t) {
      const record = t.lane('class');
      const { server, client } = agreed(ws);
      for (const data of [
        'text',
        Buffer.from('buffer'),
        Buffer.alloc(0),
        Buffer.alloc(50_000, 'ab')
      ]) {
        for (const [from, to] of [
          [server, client],
          [client, server]
        ]) {
          const [error, bytes] = await call(from, 'compress', data, true);
          record('compressed', error, Buffer.isBuffer(bytes));
          record('decompressed', ...(await call(to, 'decompress', bytes, true)));
        }
      }
    }
  },
  {
    title: 'PerMessageDeflate: fragments',
    async run(ws, t) {
      const record = t.lane('class');
      const { server, client } = agreed(ws);
      for (const [data, fin] of [
        ['first ', false],
        ['second ', false],
        ['third', true]
      ]) {
        const [, bytes] = await call(server, 'compress', data, fin);
        record('decompressed', ...(await call(client, 'decompress', bytes, fin)));
      }
    }
  },
  {
    title: 'PerMessageDeflate: without context takeover the bytes repeat',
    async run(ws, t) {
      const record = t.lane('class');
      for (const params of [
        {},
        { server_no_context_takeover: [true], client_no_context_takeover: [true] }
      ]) {
        const { server } = agreed(ws, params);
        const data = 'a text that repeats, a text that repeats';
        const [, first] = await call(server, 'compress', data, true);
        const [, second] = await call(server, 'compress', data, true);
        record(brief(params), first.equals(second), second.length < first.length);
      }
    }
  },
  {
    title: 'PerMessageDeflate: decompress() of bad data and past the limit',
    async run(ws, t) {
      const record = t.lane('class');
      const { client } = agreed(ws);
      record('bad', ...(await call(client, 'decompress', Buffer.from('ffffff', 'hex'), true)));
      const limited = agreed(ws, {}, { maxPayload: 100 });
      const [, bytes] = await call(limited.server, 'compress', 'x'.repeat(101), true);
      record('too long', ...(await call(limited.client, 'decompress', bytes, true)));
      const again = agreed(ws, {}, { maxPayload: 100 });
      const [, fits] = await call(again.server, 'compress', 'x'.repeat(100), true);
      record('fits', ...(await call(again.client, 'decompress', fits, true)));
    }
  },
  {
    title: 'PerMessageDeflate: cleanup()',
    async run(ws, t) {
      const record = t.lane('class');
      const { server, client } = agreed(ws);
      t.attempt('class', 'unused', () => server.cleanup());
      const [, bytes] = await call(server, 'compress', 'data', true);
      await call(client, 'decompress', bytes, true);
      t.attempt('class', 'used', () => server.cleanup());
      t.attempt('class', 'twice', () => server.cleanup());
      t.attempt('class', 'used', () => client.cleanup());
      const pending = agreed(ws).server;
      pending.compress('x'.repeat(100_000), true, (error) => record('called back', error));
      pending.cleanup();
      await t.settle();
    }
  },
  {
    title: 'PerMessageDeflate: callbacks are never called at once',
    async run(ws, t) {
      const record = t.lane('class');
      const { server, client } = agreed(ws);
      let returned = false;
      const compressed = new Promise((resolve) => {
        server.compress('data', true, (error, bytes) => {
          record('compress returned before', returned);
          resolve(bytes);
        });
      });
      returned = true;
      const bytes = await compressed;
      returned = false;
      const done = new Promise((resolve) => {
        client.decompress(bytes, true, () => {
          record('decompress returned before', returned);
          resolve();
        });
      });
      returned = true;
      await done;
    }
  },
  {
    title: 'PerMessageDeflate: many jobs in flight',
    async run(ws, t) {
      const record = t.lane('class');
      const pairs = Array.from({ length: 30 }, () => agreed(ws));
      const results = await Promise.all(
        pairs.map(async ({ server, client }, i) => {
          const [, bytes] = await call(server, 'compress', `message ${i} `.repeat(100), true);
          const [, data] = await call(client, 'decompress', bytes, true);
          return data.toString().slice(0, 10);
        })
      );
      record('results', results);
    }
  }
];
