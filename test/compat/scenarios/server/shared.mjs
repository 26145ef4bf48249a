import { createServer } from 'node:http';
import { Duplex } from 'node:stream';
import { requestText } from '../../kit/http.mjs';

async function external(t) {
  const http = createServer((request, response) => response.end(`plain ${request.url}`));
  await new Promise((resolve) => http.listen(0, '127.0.0.1', resolve));
  t.defer(() => {
    http.closeAllConnections?.();
    http.close();
  });
  return Object.assign(http, { url: `ws://127.0.0.1:${http.address().port}` });
}

function connectTo(ws, t, url, lane) {
  const client = new ws.WebSocket(url);
  t.watch(lane, client);
  t.defer(() => {
    client.on('error', () => {});
    client.terminate();
  });
  return Promise.race([t.event(client, 'open'), t.event(client, 'close')]).then(() => client);
}

/** Two ends of one stream with nothing but Duplex under them. */
function streamPair() {
  const make = () =>
    new Duplex({
      read() {},
      write(chunk, encoding, callback) {
        this.other.push(chunk);
        callback();
      },
      final(callback) {
        this.other.push(null);
        callback();
      }
    });
  const [one, two] = [make(), make()];
  one.other = two;
  two.other = one;
  return [one, two];
}

export default [
  {
    title: 'server: several servers on one HTTP server, by path',
    async run(ws, t) {
      const http = await external(t);
      const servers = {
        a: new ws.WebSocketServer({ noServer: true }),
        b: new ws.WebSocketServer({ noServer: true })
      };
      for (const [name, server] of Object.entries(servers)) {
        server.on('connection', (socket, request) => {
          t.lane(name)('connection', request.url);
          socket.on('message', (data) => socket.send(`${name} ${data}`));
        });
      }
      http.on('upgrade', (request, socket, head) => {
        const server = servers[request.url.slice(1)];
        if (!server) return socket.destroy();
        server.handleUpgrade(request, socket, head, (one) =>
          server.emit('connection', one, request)
        );
      });
      for (const name of ['a', 'b']) {
        const client = await connectTo(ws, t, `${http.url}/${name}`, `client ${name}`);
        const echo = t.event(client, 'message');
        client.send('hello');
        await echo;
        t.lane(name)('clients', servers[name].clients.size);
      }
      await connectTo(ws, t, `${http.url}/c`, 'client c');
    }
  },
  {
    title: 'server: two servers with paths on one HTTP server',
    async run(ws, t) {
      const http = await external(t);
      for (const path of ['/a', '/b']) {
        const server = new ws.WebSocketServer({ server: http, path });
        server.on('connection', (socket, request) => t.lane('server')(path, request.url));
      }
      const client = await connectTo(ws, t, `${http.url}/a`, 'client');
      await Promise.race([t.event(client, 'close'), t.settle(40)]);
    }
  },
  {
    title: 'server: two servers on one HTTP server without paths',
    async run(ws, t) {
      const http = await external(t);
      const first = new ws.WebSocketServer({ server: http });
      const second = new ws.WebSocketServer({ server: http });
      for (const [name, server] of Object.entries({ first, second })) t.watchServer(name, server);
      await connectTo(ws, t, http.url, 'client');
      await t.settle();
    }
  },
  {
    title: 'server: shouldHandle() decides by hand',
    async run(ws, t) {
      const http = await external(t);
      const server = new ws.WebSocketServer({ noServer: true, path: '/mine' });
      http.on('upgrade', (request, socket, head) => {
        t.lane('server')('shouldHandle', request.url, server.shouldHandle(request));
        server.handleUpgrade(request, socket, head, () => t.lane('server')('upgraded'));
      });
      await connectTo(ws, t, `${http.url}/mine?x`, 'mine');
      await connectTo(ws, t, `${http.url}/other`, 'other');
    }
  },
  {
    title: 'server: handleUpgrade() twice on one socket',
    async run(ws, t) {
      const http = await external(t);
      const server = new ws.WebSocketServer({ noServer: true });
      http.on('upgrade', (request, socket, head) => {
        for (const attempt of ['first', 'second']) {
          t.attempt('server', attempt, () =>
            server.handleUpgrade(request, socket, head, () => t.lane('server')('upgraded'))
          );
        }
      });
      const client = await connectTo(ws, t, http.url, 'client');
      t.lane('client')('readyState', client.readyState);
    }
  },
  {
    title: 'server: handleUpgrade() without a callback',
    async run(ws, t) {
      const http = await external(t);
      const server = new ws.WebSocketServer({ noServer: true });
      const upgraded = new Promise((resolve) => {
        http.on('upgrade', (request, socket, head) => {
          try {
            server.handleUpgrade(request, socket, head);
          } catch (error) {
            t.lane('server')('threw', error.name);
          }
          resolve();
        });
      });
      connectTo(ws, t, http.url, 'client');
      await upgraded;
      await t.settle();
      t.lane('server')('clients', server.clients.size);
    }
  },
  {
    title: 'server: handleUpgrade() in a later tick, with data in between',
    async run(ws, t) {
      const http = await external(t);
      const server = new ws.WebSocketServer({ noServer: true });
      http.on('upgrade', (request, socket, head) => {
        setImmediate(() => {
          server.handleUpgrade(request, socket, head, (one) => {
            t.watch('server', one);
            one.send('welcome');
          });
        });
      });
      const client = await connectTo(ws, t, http.url, 'client');
      const [connected] = server.clients;
      const message = t.event(connected, 'message');
      client.send('hello');
      await message;
    }
  },
  {
    title: 'server: events without a connection listener',
    async run(ws, t) {
      const http = await external(t);
      const server = new ws.WebSocketServer({ server: http });
      const client = await connectTo(ws, t, http.url, 'client');
      client.send('into the void');
      await t.settle();
      t.lane('server')('clients', server.clients.size);
    }
  },
  {
    title: 'server: plain requests beside upgrades on an external server',
    async run(ws, t) {
      const { get } = await import('node:http');
      const http = await external(t);
      new ws.WebSocketServer({ server: http });
      const client = await connectTo(ws, t, http.url, 'client');
      const response = await new Promise((resolve) => {
        get({ host: '127.0.0.1', port: http.address().port, path: '/x', agent: false }, resolve);
      });
      const [body] = await t.event(response, 'data');
      t.lane('http')('plain', response.statusCode, body, client.readyState);
    }
  },
  {
    title: 'server: handleUpgrade() on a Duplex without socket methods',
    async run(ws, t) {
      const [near, far] = streamPair();
      const server = new ws.WebSocketServer({ noServer: true });
      const request = {
        method: 'GET',
        url: '/',
        headers: {
          upgrade: 'websocket',
          'sec-websocket-key': 'dGhlIHNhbXBsZSBub25jZQ==',
          'sec-websocket-version': '13'
        },
        socket: near
      };
      const client = new ws.WebSocket(null, undefined, {});
      client._isServer = false;
      t.watch('client', client);
      let upgraded;
      far.once('data', (chunk) => t.lane('response')('head', chunk));
      server.handleUpgrade(request, near, Buffer.alloc(0), (one) => {
        upgraded = one;
        t.watch('server', one);
      });
      await t.settle();
      client.setSocket(far, Buffer.alloc(0), { maxPayload: 0 });
      upgraded.on('message', (data, isBinary) => upgraded.send(data, { binary: isBinary }));
      const echo = t.event(client, 'message');
      client.send('over a stream');
      await echo;
      t.lane('server')('_socket', upgraded._socket === near);
      const closed = [t.event(client, 'close'), t.event(upgraded, 'close')];
      client.close(1000, 'done');
      await Promise.all(closed);
    }
  },
  {
    title: 'server: the HTTP server given a connection by hand',
    async run(ws, t) {
      const http = await external(t);
      const server = new ws.WebSocketServer({ server: http });
      t.watchServer('server', server);
      const [near, far] = streamPair();
      far.on('data', (chunk) => {
        for (const line of chunk.toString().split('\r\n')) if (line) t.lane('response')(line);
      });
      const connection = t.event(server, 'connection');
      http.emit('connection', near);
      far.write(requestText());
      await connection;
      await t.settle();
    }
  },
  {
    title: 'server: connections the HTTP server counts, and its own close()',
    async run(ws, t) {
      const record = t.lane('http');
      const http = await external(t);
      const server = new ws.WebSocketServer({ server: http });
      const count = () =>
        new Promise((resolve) => http.getConnections((error, number) => resolve(number)));
      const connection = t.event(server, 'connection');
      const client = await connectTo(ws, t, http.url, 'client');
      const [[accepted]] = await Promise.all([connection]);
      record('connections', await count());
      http.close(() => record('closed', accepted.readyState, server.clients.size));
      http.closeIdleConnections?.();
      await t.settle();
      record('listening', http.listening, await count());
      const closed = [t.event(http, 'close'), t.event(accepted, 'close')];
      client.close(1000);
      await Promise.all(closed);
      record('connections', await count());
    }
  },
  {
    title: 'server: a listener of connection throws',
    async run(ws, t) {
      const http = await external(t);
      const server = new ws.WebSocketServer({ server: http });
      const threw = t.event(process, 'uncaughtException');
      server.on('connection', (socket) => {
        t.watch('server', socket);
        throw new Error('from the listener of connection');
      });
      const client = await connectTo(ws, t, http.url, 'client');
      await threw;
      const [accepted] = server.clients;
      const message = t.event(accepted, 'message');
      client.send('hello');
      await message;
    }
  },
  {
    title: 'server: many connections at once',
    async run(ws, t) {
      const record = t.lane('server');
      const http = await external(t);
      const server = new ws.WebSocketServer({ server: http });
      server.on('connection', (socket, request) => {
        socket.on('message', (data) => socket.send(`${request.url} ${data}`));
      });
      const echoes = await Promise.all(
        Array.from({ length: 40 }, async (_, i) => {
          const client = new ws.WebSocket(`${http.url}/${i}`);
          t.defer(() => client.terminate());
          await t.event(client, 'open');
          const echo = t.event(client, 'message');
          client.send('hello');
          const [data] = await echo;
          return String(data) === `/${i} hello`;
        })
      );
      record('echoes', echoes.every(Boolean), server.clients.size);
      const closed = t.event(server, 'close');
      for (const one of server.clients) one.close(1001);
      server.close();
      await closed;
      record('clients', server.clients.size);
    }
  }
];
