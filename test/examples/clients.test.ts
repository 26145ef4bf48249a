import { once } from 'node:events';
import { createServer } from 'node:http';
import { connect, type AddressInfo, type Socket } from 'node:net';
import { describe, expect, it, onTestFinished } from 'vitest';
import { echo, listen } from './peer.js';
import { Program } from './program.js';

describe('examples/text.mjs', () => {
  it('sends a text message and prints the one that it receives', async () => {
    const received: unknown[] = [];
    const url = await listen((ws) =>
      ws.on('message', (data, isBinary) => {
        received.push(String(data), isBinary);
        ws.send('I am.');
      })
    );
    const program = new Program('text.mjs', { URL: url });
    expect(await program.ended()).toBe(0);
    expect(program.output).toBe('text I am.\n');
    expect(received).toEqual(['Is anybody there?', false]);
  });

  it('prints the error when nobody listens', async () => {
    const program = new Program('text.mjs', { URL: `ws://127.0.0.1:${await unusedPort()}` });
    expect(await program.ended()).toBe(0);
    expect(program.output).toMatch(/ECONNREFUSED/);
  });
});

describe('examples/binary.mjs', () => {
  it('sends a typed array and gets the same bytes back', async () => {
    const received: unknown[] = [];
    const url = await listen((ws) => {
      ws.on('message', (data, isBinary) => received.push(data, isBinary));
      echo(ws);
    });
    const program = new Program('binary.mjs', { URL: url });
    expect(await program.ended()).toBe(0);
    expect(program.output).toBe('Float32Array(3) [ 0.5, 1, 1.5 ]\n');
    const sent = Float32Array.of(0.5, 1, 1.5);
    expect(received).toEqual([Buffer.from(sent.buffer), true]);
  });
});

describe('examples/round-trip-time.mjs', () => {
  it('measures by pings until the connection closes', async () => {
    let pings = 0;
    const url = await listen((ws) =>
      ws.on('ping', () => {
        if (++pings === 3) ws.close();
      })
    );
    const program = new Program('round-trip-time.mjs', { URL: url });
    expect(await program.ended()).toBe(0);
    expect(program.output).toMatch(/^(round trip: \d+\.\d\d ms\n){2,3}$/);
  });
});

describe('examples/stream.mjs', () => {
  it('pipes its input through the connection to its output', async () => {
    const url = await listen(echo);
    const program = new Program('stream.mjs', { URL: url });
    program.child.stdin!.write('first line\n');
    await program.prints(/first line/);
    program.child.stdin!.end('second line\n');
    expect(await program.ended()).toBe(0);
    expect(program.output).toBe('first line\nsecond line\n');
  });
});

describe('examples/heartbeat-client.mjs', () => {
  it('drops the connection when the server stops pinging', async () => {
    const url = await listen(() => {});
    const program = new Program('heartbeat-client.mjs', { URL: url, PATIENCE: '50' });
    expect(await program.ended()).toBe(0);
    expect(program.output).toBe('closed with 1006\n');
  });

  it('stays as long as the server pings', async () => {
    const url = await listen((ws) => {
      let pings = 0;
      ws.on('pong', () => {
        if (++pings < 20) setTimeout(() => ws.ping(), 50);
        else ws.close(1000);
      });
      ws.ping();
    });
    const program = new Program('heartbeat-client.mjs', { URL: url, PATIENCE: '900' });
    expect(await program.ended()).toBe(0);
    expect(program.output).toBe('closed with 1000\n');
  });
});

describe('examples/proxy.mjs', () => {
  it('connects through an HTTP proxy', async () => {
    const url = await listen(echo);
    const proxy = await startProxy();
    const program = new Program('proxy.mjs', { URL: url, PROXY: proxy.url });
    expect(await program.ended()).toBe(0);
    expect(program.output).toBe('received: through the proxy\n');
    expect(proxy.connected).toEqual([new URL(url).host]);
  });
});

describe('examples/backend.cjs', () => {
  it('prints which endpoint and transport are used, and why', async () => {
    const program = new Program('backend.cjs', { WS_NO_NATIVE: '1', WS_NO_BUFFER_UTIL: '1' });
    expect(await program.ended()).toBe(0);
    expect(program.output).toMatch(/endpoint: 'portable',\n {2}transport: 'stream'/);
    expect(program.output).toMatch(/reason: 'WS_NO_NATIVE is set'/);
  });
});

/** A proxy that knows nothing but CONNECT (RFC 9110 §9.3.6). */
async function startProxy(): Promise<{ url: string; connected: string[] }> {
  const connected: string[] = [];
  const sockets: Socket[] = [];
  const server = createServer();
  server.on('connect', (request, client: Socket, head) => {
    const { hostname, port } = new URL(`http://${request.url}`);
    const target = connect(Number(port), hostname, () => {
      connected.push(request.url!);
      client.write('HTTP/1.1 200 OK\r\n\r\n');
      target.write(head);
      client.pipe(target).pipe(client);
    });
    sockets.push(client, target);
    for (const socket of [client, target]) socket.on('error', () => {});
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, connected };
}

async function unusedPort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}
