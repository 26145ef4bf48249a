import { createServer } from 'node:http';
import { createServer as createTcpServer } from 'node:net';
import { inspect } from 'node:util';
import { listen } from '../../kit/connect.mjs';

const brief = (value) => inspect(value, { breakLength: Infinity, depth: 0 });

const COMBINATIONS = [
  undefined,
  null,
  {},
  { port: undefined },
  { port: null },
  { host: 'localhost' },
  { noServer: false },
  { port: 0, noServer: true },
  { port: 0, server: true },
  { noServer: true, server: true },
  { port: 0, server: true, noServer: true },
  { port: 0, server: null, noServer: false }
];

const BAD_PORTS = [-1, 65536, 'not a port', NaN, {}];

export default [
  {
    title: 'server: combinations of port, server and noServer',
    async run(ws, t) {
      const fake = createServer();
      for (const options of COMBINATIONS) {
        const given = options?.server ? { ...options, server: fake } : options;
        const made = t.attempt('server', brief(options), () => {
          const server = new ws.WebSocketServer(given);
          server.on('error', () => {});
          t.defer(() => server.close());
          return server._state;
        });
        t.lane('server')('made', made);
      }
    }
  },
  {
    title: 'server: no arguments at all',
    async run(ws, t) {
      t.attempt('server', 'constructor', () => new ws.WebSocketServer());
    }
  },
  {
    title: 'server: ports that are refused',
    async run(ws, t) {
      for (const port of BAD_PORTS) {
        t.attempt('server', brief(port), () => new ws.WebSocketServer({ port }));
      }
    }
  },
  {
    title: 'server: the options a server keeps',
    async run(ws, t) {
      const record = t.lane('server');
      const given = Object.freeze({
        noServer: true,
        own: 'kept',
        maxPayload: 5,
        perMessageDeflate: true
      });
      const { options } = new ws.WebSocketServer(given);
      record('same object', options === given, given.perMessageDeflate);
      for (const key of Object.keys(options).sort()) {
        record(key, key === 'WebSocket' ? options[key] === ws.WebSocket : options[key]);
      }
    },
    differs: [{ row: 'additions', ws: [], ferrows: ['coalesce true', 'transport "auto"'] }]
  },
  {
    title: 'server: options given as undefined or null',
    async run(ws, t) {
      const record = t.lane('server');
      for (const value of [undefined, null]) {
        const server = new ws.WebSocketServer({
          noServer: true,
          clientTracking: value,
          maxPayload: value,
          perMessageDeflate: value,
          WebSocket: value
        });
        const { clientTracking, maxPayload, perMessageDeflate } = server.options;
        record('options', clientTracking, maxPayload, perMessageDeflate, server.clients);
      }
    }
  },
  {
    title: 'server: address() in every state',
    async run(ws, t) {
      const record = t.lane('server');
      const server = new ws.WebSocketServer({ port: 0, host: '127.0.0.1' });
      record('before', server.address() === null || typeof server.address());
      await t.event(server, 'listening');
      const { address, family, port } = server.address();
      record('listening', address, family, typeof port);
      const closed = t.event(server, 'close');
      server.close();
      t.attempt('server', 'closing', () => server.address());
      await closed;
      t.attempt('server', 'closed', () => server.address());
      const detached = new ws.WebSocketServer({ noServer: true });
      t.attempt('server', 'noServer', () => detached.address());
      const external = createServer();
      const attached = new ws.WebSocketServer({ server: external });
      t.attempt('server', 'not listening', () => attached.address());
    }
  },
  {
    title: 'server: events and properties of one that owns its HTTP server',
    async run(ws, t) {
      const record = t.lane('server');
      const server = new ws.WebSocketServer({ port: 0, host: '127.0.0.1' }, function () {
        record('callback', this === server._server, arguments.length);
      });
      t.watchServer('server', server);
      record('properties', server.clients, server._state, server._server.constructor.name);
      record('listening', server._server.listening);
      await t.event(server, 'listening');
      const { headersTimeout, keepAliveTimeout, maxConnections } = server._server;
      record('http', headersTimeout, keepAliveTimeout, maxConnections);
      for (const event of ['upgrade', 'error', 'listening', 'request', 'close']) {
        record(event, server._server.listenerCount(event));
      }
      const closed = t.event(server, 'close');
      server.close();
      await closed;
      record('properties', server._state, server._server);
    }
  },
  {
    title: 'server: a port that is taken',
    async run(ws, t) {
      const taken = createTcpServer();
      await new Promise((resolve) => taken.listen(0, '127.0.0.1', resolve));
      t.defer(() => taken.close());
      const { port } = taken.address();
      t.hide(`:${port}`, ':<port>');
      const server = new ws.WebSocketServer({ port, host: '127.0.0.1' });
      t.watchServer('server', server);
      await t.event(server, 'error');
      await t.settle();
      const closed = t.event(server, 'close');
      server.close((error) => t.lane('server')('callback', error));
      await closed;
    }
  },
  {
    title: 'server: an error of the HTTP server nobody listens for',
    async run(ws, t) {
      const http = createServer();
      const server = new ws.WebSocketServer({ server: http });
      t.attempt('server', 'emit', () => http.emit('error', new Error('from HTTP')));
      server.on('error', (error) => t.lane('server')('error', error));
      t.attempt('server', 'emit', () => http.emit('error', new Error('from HTTP again')));
    }
  },
  {
    title: 'server: host, backlog and a port given as text',
    async run(ws, t) {
      const server = await listen(t, ws, { port: '0', host: 'localhost', backlog: 5 });
      t.lane('server')('port', typeof server.address().port);
    }
  },
  {
    title: 'server: clientTracking false',
    async run(ws, t) {
      const { server, client, accepted } = await t.pair({ server: { clientTracking: false } });
      const record = t.lane('wss');
      record('clients', server.clients);
      t.watchServer('wss', server, ['close']);
      client.close();
      await t.event(accepted, 'close');
      const closed = t.event(server, 'close');
      server.close();
      await closed;
    }
  },
  {
    title: 'server: the set of clients',
    async run(ws, t) {
      const record = t.lane('clients');
      const { server, accepted, client } = await t.pair();
      record('has', server.clients.has(accepted), server.clients.size);
      accepted.on('close', () => record('in the listener of close', server.clients.size));
      const second = new ws.WebSocket(server.url);
      const [other] = await t.event(server, 'connection');
      record('size', server.clients.size, [...server.clients].indexOf(other));
      const closed = t.event(accepted, 'close');
      client.close();
      await closed;
      record('size', server.clients.size);
      const gone = t.event(other, 'close');
      second.terminate();
      await gone;
      record('size', server.clients.size);
    }
  },
  {
    title: 'server: a client is in the set in the connection event',
    async run(ws, t) {
      const { server } = await t.pair({
        watch: false,
        setupServer: (socket) => (socket.inEvent = true)
      });
      t.lane('clients')('in the event', [...server.clients][0].inEvent);
    }
  },
  {
    title: 'server: the option WebSocket',
    async run(ws, t) {
      class Own extends ws.WebSocket {
        hello() {
          return 'own method';
        }
      }
      const { accepted } = await t.pair({ server: { WebSocket: Own } });
      t.lane('server')('own', accepted instanceof Own, accepted.hello(), accepted.constructor.name);
    }
  },
  {
    title: 'server: the request given with a connection',
    async run(ws, t) {
      const { accepted, request } = await t.pair({ path: '/a/b?c=d' });
      const record = t.lane('server');
      record('request', request.url, request.method, request.headers.upgrade, request.httpVersion);
      record('socket', accepted._socket === request.socket, request.socket.remoteAddress);
    }
  }
];
