import { inspect } from 'node:util';

const ADDRESSES = [
  undefined,
  '',
  'nonsense',
  'ws://',
  'ws:',
  'ftp://localhost/',
  'mailto:someone',
  'ws://localhost/#fragment',
  'ws://localhost/#',
  'ws://localhost:99999',
  'wss://[::1',
  'ws+unix:',
  'ws+unix://host/path',
  'bad:/path',
  'http://localhost/#x',
  5,
  {},
  [],
  false,
  new URL('ftp://localhost'),
  new URL('ws://localhost/#fragment'),
  new URL('file:///tmp')
];

const PROTOCOLS = [
  '',
  ' ',
  'a b',
  'a,b',
  'ä',
  'a\n',
  ['chat', 'chat'],
  ['chat', ''],
  ['chat', 5],
  ['chat', null],
  [['nested']],
  null,
  5,
  true,
  { protocols: '' },
  { protocols: ['x', 'x'] },
  { protocols: null },
  { protocols: 5 },
  { protocols: {} }
];

const VERSIONS = [0, 7, 12, 14, '13', null, NaN, 8.5];

const brief = (value) => inspect(value, { breakLength: Infinity });

/** Tries to construct; what got as far as connecting is given up at once. */
function construct(ws, t, label, ...args) {
  const record = t.lane('constructor');
  try {
    const client = new ws.WebSocket(...args);
    record(`${label} made`, client.readyState, client.url);
    client.on('error', (error) => record(`${label} later`, error.message));
    client.terminate();
  } catch (error) {
    record(`${label} threw`, error);
  }
}

export default [
  {
    title: 'client: addresses that are refused',
    async run(ws, t) {
      for (const address of ADDRESSES) construct(ws, t, brief(address), address);
      await t.settle();
    }
  },
  {
    title: 'client: no arguments at all',
    async run(ws, t) {
      construct(ws, t, 'nothing');
    }
  },
  {
    title: 'client: subprotocols that are refused',
    async run(ws, t) {
      for (const protocols of PROTOCOLS) {
        construct(ws, t, brief(protocols), 'ws://127.0.0.1:1', protocols);
      }
      await t.settle();
    }
  },
  {
    title: 'client: protocol versions that are refused',
    async run(ws, t) {
      for (const protocolVersion of VERSIONS) {
        construct(ws, t, brief(protocolVersion), 'ws://127.0.0.1:1', { protocolVersion });
      }
      await t.settle();
    }
  },
  {
    title: 'client: headers that are refused',
    async run(ws, t) {
      const refused = [
        { 'bad name': 'x' },
        { name: 'bad\nvalue' },
        { name: undefined },
        { name: 'ä€' }
      ];
      for (const headers of refused) {
        construct(ws, t, brief(headers), 'ws://127.0.0.1:1', { headers });
      }
      construct(ws, t, 'origin', 'ws://127.0.0.1:1', { origin: 'a\nb' });
      await t.settle();
    }
  },
  {
    title: 'client: options of another type',
    async run(ws, t) {
      for (const options of [null, 'string', 5, true, []]) {
        construct(ws, t, brief(options), 'ws://127.0.0.1:1', [], options);
      }
      await t.settle();
    }
  },
  {
    title: 'a WebSocket without an address',
    async run(ws, t) {
      const record = t.lane('constructor');
      for (const options of [{}, { autoPong: true }, { closeTimeout: 5, maxPendingAutoPongs: 3 }]) {
        const socket = new ws.WebSocket(null, undefined, options);
        record(brief(options), socket.readyState, socket._isServer, socket.extensions);
      }
    }
  },
  {
    title: 'a WebSocket without an address and options',
    async run(ws, t) {
      const record = t.lane('constructor');
      for (const args of [[null], [null, undefined], [null, []], [null, undefined, null]]) {
        try {
          record(brief(args), new ws.WebSocket(...args).readyState);
        } catch (error) {
          record(brief(args), error.name);
        }
      }
    },
    differs: [
      {
        row: 'unconnected-without-options',
        ws: ['[ null ]', '[ null, undefined ]', '[ null, [] ]', '[ null, undefined, null ]'].map(
          (line) => `${line} "TypeError"`
        ),
        ferrows: [
          '[ null ]',
          '[ null, undefined ]',
          '[ null, [] ]',
          '[ null, undefined, null ]'
        ].map((line) => `${line} 0`)
      }
    ]
  },
  {
    title: 'a subclass that overrides methods',
    async run(ws, t) {
      const record = t.lane('subclass');
      class Loud extends ws.WebSocket {
        constructor(...args) {
          super(...args);
          record('constructed', this.readyState);
        }
        send(data, ...rest) {
          record('send', data);
          return super.send(`loud ${data}`, ...rest);
        }
        close(...args) {
          record('close', args.length);
          return super.close(...args);
        }
        emit(event, ...args) {
          record('emit', event);
          return super.emit(event, ...args);
        }
        get readyState() {
          return super.readyState;
        }
      }
      const server = new ws.WebSocketServer({ port: 0, host: '127.0.0.1', WebSocket: Loud });
      t.defer(() => server.close());
      await t.event(server, 'listening');
      server.on('connection', (socket) => {
        record('connection', socket instanceof Loud);
        socket.on('message', (data) => socket.send(data));
      });
      const client = new ws.WebSocket(`ws://127.0.0.1:${server.address().port}`);
      t.watch('client', client);
      await t.event(client, 'open');
      const echo = t.event(client, 'message');
      client.send('hello');
      await echo;
      client.close(1000);
      await t.event(client, 'close');
      await t.settle();
    }
  }
];
