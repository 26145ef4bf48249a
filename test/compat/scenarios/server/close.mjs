import { createServer } from 'node:http';
import { listen } from '../../kit/connect.mjs';

const closing = (t, server, name = 'server') => {
  const record = t.lane(name);
  t.watchServer(name, server, ['close']);
  return (label = 'callback') => server.close((error) => record(label, error, server._state));
};

async function external(t) {
  const http = createServer((request, response) => response.end('plain'));
  await new Promise((resolve) => http.listen(0, '127.0.0.1', resolve));
  t.defer(() => {
    http.closeAllConnections?.();
    http.close();
  });
  return http;
}

export default [
  {
    title: 'server: close() without clients',
    async run(ws, t) {
      const server = await listen(t, ws);
      const close = closing(t, server);
      const closed = t.event(server, 'close');
      t.attempt('server', 'close', () => close());
      t.lane('server')('state', server._state, server._server);
      await closed;
    }
  },
  {
    title: 'server: close() before listening',
    async run(ws, t) {
      const server = new ws.WebSocketServer({ port: 0, host: '127.0.0.1' });
      const close = closing(t, server);
      t.watchServer('server', server, ['listening', 'error']);
      const closed = t.event(server, 'close');
      close();
      await closed;
      await t.settle();
    }
  },
  {
    title: 'server: close() without a callback',
    async run(ws, t) {
      const server = await listen(t, ws);
      t.watchServer('server', server, ['close']);
      const closed = t.event(server, 'close');
      t.attempt('server', 'close', () => server.close());
      await closed;
    }
  },
  {
    title: 'server: close() again and again',
    async run(ws, t) {
      const server = await listen(t, ws);
      const close = closing(t, server);
      const closed = t.event(server, 'close');
      close('first');
      close('second');
      server.close();
      await closed;
      const again = t.event(server, 'close');
      close('third');
      await again;
      const last = t.event(server, 'close');
      server.close();
      await last;
    }
  },
  {
    title: 'server: close() in the listener of close',
    async run(ws, t) {
      const server = await listen(t, ws);
      const close = closing(t, server);
      server.once('close', () => close('from the listener'));
      const twice = t.events(server, 'close', 2);
      close();
      await twice;
    }
  },
  {
    title: 'server: close() with a client connected',
    async run(ws, t) {
      const { server, client, accepted } = await t.pair();
      const record = t.lane('wss');
      const close = closing(t, server, 'wss');
      const closed = t.event(server, 'close');
      close();
      await t.settle();
      record('clients', server.clients.size, client.readyState, accepted.readyState);
      const echo = t.event(accepted, 'message');
      client.send('still open');
      await echo;
      client.close(1000);
      await closed;
      record('clients', server.clients.size);
    }
  },
  {
    title: 'server: close() and terminate() of the clients',
    async run(ws, t) {
      const { server, client } = await t.pair();
      const close = closing(t, server, 'wss');
      const closed = [t.event(server, 'close'), t.event(client, 'close')];
      close();
      for (const one of server.clients) one.terminate();
      await Promise.all(closed);
    }
  },
  {
    title: 'server: close() and close() of the clients',
    async run(ws, t) {
      const { server, client } = await t.pair();
      const close = closing(t, server, 'wss');
      const closed = [t.event(server, 'close'), t.event(client, 'close')];
      for (const one of server.clients) one.close(1012, 'restarting');
      close();
      await Promise.all(closed);
    }
  },
  {
    title: 'server: a handshake after close()',
    async run(ws, t) {
      const http = await external(t);
      const server = new ws.WebSocketServer({ server: http });
      const url = `ws://127.0.0.1:${http.address().port}`;
      http.on('upgrade', (request, socket) => socket.end('HTTP/1.1 410 Gone\r\n\r\n'));
      const closed = t.event(server, 'close');
      server.close();
      await closed;
      const client = new ws.WebSocket(url);
      t.watch('client', client);
      await t.event(client, 'close');
    }
  },
  {
    title: 'server: handleUpgrade() after close()',
    async run(ws, t) {
      const http = await external(t);
      const server = new ws.WebSocketServer({ noServer: true });
      http.on('upgrade', (request, socket, head) => {
        server.close();
        server.handleUpgrade(request, socket, head, () => t.lane('wss')('upgraded'));
      });
      const client = new ws.WebSocket(`ws://127.0.0.1:${http.address().port}`);
      t.watch('client', client);
      await t.event(client, 'close');
    }
  },
  ...['server', 'noServer'].map((kind) => ({
    title: `server: close() of a server with ${kind}, with and without clients`,
    async run(ws, t) {
      const http = await external(t);
      const options = kind === 'server' ? { server: http } : { noServer: true };
      const server = new ws.WebSocketServer(options);
      if (kind === 'noServer') {
        http.on('upgrade', (request, socket, head) => {
          server.handleUpgrade(request, socket, head, (one) =>
            server.emit('connection', one, request)
          );
        });
      }
      const close = closing(t, server, 'wss');
      const connection = t.event(server, 'connection');
      const client = new ws.WebSocket(`ws://127.0.0.1:${http.address().port}`);
      t.watch('client', client);
      t.defer(() => client.terminate());
      await Promise.all([connection, t.event(client, 'open')]);
      const closed = t.event(server, 'close');
      close();
      await t.settle();
      t.lane('wss')(
        'state',
        server._state,
        server._server,
        http.listening,
        http.listenerCount('upgrade')
      );
      client.close();
      await closed;
      const again = t.event(server, 'close');
      close('again');
      await again;
    }
  })),
  {
    title: 'server: close() of an external server leaves it serving',
    async run(ws, t) {
      const http = await external(t);
      const server = new ws.WebSocketServer({ server: http });
      const closed = t.event(server, 'close');
      server.close();
      await closed;
      const { get } = await import('node:http');
      const response = await new Promise((resolve) => {
        get({ host: '127.0.0.1', port: http.address().port, agent: false }, resolve);
      });
      t.lane('http')('status', response.statusCode, http.listening);
      response.resume();
      for (const event of ['upgrade', 'error', 'listening']) {
        t.lane('http')(event, http.listenerCount(event));
      }
    }
  },
  {
    title: 'server: the external server closed first',
    async run(ws, t) {
      const http = await external(t);
      const server = new ws.WebSocketServer({ server: http });
      t.watchServer('wss', server, ['close', 'error']);
      await new Promise((resolve) => http.close(resolve));
      await t.settle();
      t.lane('wss')('state', server._state);
      const closed = t.event(server, 'close');
      server.close((error) => t.lane('wss')('callback', error));
      await closed;
    }
  },
  {
    title: 'server: close() without client tracking while connected',
    async run(ws, t) {
      const http = await external(t);
      const server = new ws.WebSocketServer({ server: http, clientTracking: false });
      const close = closing(t, server, 'wss');
      const connection = t.event(server, 'connection');
      const client = new ws.WebSocket(`ws://127.0.0.1:${http.address().port}`);
      t.defer(() => client.terminate());
      await Promise.all([connection, t.event(client, 'open')]);
      const closed = t.event(server, 'close');
      close();
      await closed;
      t.lane('client')('readyState', client.readyState);
    }
  },
  {
    title: 'server: a client that never opened and close()',
    async run(ws, t) {
      let accept;
      const server = await listen(t, ws, {
        verifyClient: (info, callback) => (accept = callback)
      });
      const close = closing(t, server, 'wss');
      const upgrade = t.event(server._server, 'upgrade');
      const client = new ws.WebSocket(server.url);
      t.watch('client', client);
      await upgrade;
      const closed = t.event(server, 'close');
      close();
      accept(true);
      await t.event(client, 'close');
      await closed;
    }
  }
];
