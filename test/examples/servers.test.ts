import { readFileSync } from 'node:fs';
import { once } from 'node:events';
import { connect } from 'node:net';
import path from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { Client } from './peer.js';
import { Program } from './program.js';

describe('examples/simple-server.mjs', () => {
  it('welcomes, prints what it receives and sends it back', async () => {
    const program = new Program('simple-server.mjs');
    const client = await Client.open(await program.port());
    expect(await client.next()).toBe('welcome');
    client.send('hello');
    expect(await client.next()).toBe('hello');
    client.send(Buffer.from('bytes'));
    expect(await client.next()).toEqual(Buffer.from('bytes'));
    await program.prints(/^received: hello\nreceived: bytes$/m);
  });
});

describe('examples/https-server.mjs', () => {
  it('accepts connections over TLS', async () => {
    const CERT = path.join(__dirname, 'certificate', 'cert.pem');
    const KEY = path.join(__dirname, 'certificate', 'key.pem');
    const program = new Program('https-server.mjs', { CERT, KEY });
    const client = new Client(`wss://127.0.0.1:${await program.port()}`, {
      ca: readFileSync(CERT)
    });
    expect(await client.next()).toMatch(/^connected with TLSv1\.\d$/);
  });
});

describe('examples/shared-server.mjs', () => {
  it('hands a connection to the WebSocket server of its path', async () => {
    const port = await new Program('shared-server.mjs').port();
    const chat = await Client.open(port, '/chat?room=1');
    const prices = await Client.open(port, '/prices');
    expect(await chat.next()).toBe('this is the chat');
    expect(await prices.next()).toBe('these are the prices');
  });

  it('refuses other paths', async () => {
    const port = await new Program('shared-server.mjs').port();
    expect(await Client.refused(port, '/other')).toBe(404);
  });
});

describe('examples/authentication.mjs', () => {
  it('knows who a connection with a valid token belongs to', async () => {
    const program = new Program('authentication.mjs');
    const headers = { Authorization: 'Bearer a-long-random-token' };
    const client = await Client.open(await program.port(), '/', { headers });
    client.send('hello');
    await program.prints(/^alice says: hello$/m);
  });

  it('refuses a connection without one', async () => {
    const port = await new Program('authentication.mjs').port();
    expect(await Client.refused(port)).toBe(401);
  });
});

describe('examples/express-session.mjs', () => {
  it('refuses a connection without a session', async () => {
    const port = await new Program('express-session.mjs').port();
    expect(await Client.refused(port)).toBe(401);
  });

  it('knows the session of a connection and closes it at logout', async () => {
    const program = new Program('express-session.mjs');
    const port = await program.port();
    const login = await fetch(`http://127.0.0.1:${port}/login`, { method: 'POST' });
    const { user } = (await login.json()) as { user: string };
    const Cookie = login.headers.get('set-cookie')!.split(';')[0];

    const client = await Client.open(port, '/', { headers: { Cookie } });
    client.send('hello');
    await program.prints(new RegExp(`^${user} says: hello$`, 'm'));

    const logout = await fetch(`http://127.0.0.1:${port}/logout`, {
      method: 'POST',
      headers: { Cookie }
    });
    expect(logout.status).toBe(200);
    expect(await client.closed()).toBe(1000);
  });
});

describe('examples/broadcast.mjs', () => {
  it('sends a message to every client, its sender included, as the type it was', async () => {
    const port = await new Program('broadcast.mjs').port();
    const clients = await Promise.all([Client.open(port), Client.open(port), Client.open(port)]);
    clients[0].send('to all');
    clients[0].send(Buffer.from([1, 2, 3]));
    for (const client of clients) {
      expect(await client.next()).toBe('to all');
      expect(await client.next()).toEqual(Buffer.from([1, 2, 3]));
    }
  });
});

describe('examples/broadcast-to-others.mjs', () => {
  it('sends a message to every client but its sender', async () => {
    const port = await new Program('broadcast-to-others.mjs').port();
    const [a, b, c] = await Promise.all([Client.open(port), Client.open(port), Client.open(port)]);
    a.send('from a');
    expect([await b.next(), await c.next()]).toEqual(['from a', 'from a']);
    // The first that a receives is not its own.
    b.send('from b');
    expect(await a.next()).toBe('from b');
  });
});

describe('examples/client-address.mjs', () => {
  it('believes the last address that a proxy has added', async () => {
    const program = new Program('client-address.mjs');
    const headers = { 'X-Forwarded-For': '203.0.113.9, 198.51.100.7, 127.0.0.1' };
    await Client.open(await program.port(), '/', { headers });
    await program.prints(/^connection from 198\.51\.100\.7$/m);
  });

  it('has no other address for a connection from this machine', async () => {
    const program = new Program('client-address.mjs');
    await Client.open(await program.port());
    await program.prints(/^connection from this machine$/m);
  });
});

describe('examples/heartbeat-server.mjs', () => {
  it('drops a client that answers no ping', async () => {
    const program = new Program('heartbeat-server.mjs', { INTERVAL: '50' });
    const socket = connect(await program.port(), '127.0.0.1');
    onTestFinished(() => void socket.destroy());
    socket.write(
      'GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n' +
        'Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n'
    );
    socket.resume();
    await once(socket, 'close');
    await program.prints(/^closed with 1006$/m);
  });

  it('keeps a client that answers', async () => {
    const program = new Program('heartbeat-server.mjs', { INTERVAL: '500' });
    const client = await Client.open(await program.port());
    for (let pings = 0; pings < 3; pings++) await once(client.ws, 'ping');
    client.ws.close(1000);
    await program.prints(/^closed with 1000$/m);
  });
});

describe('examples/compression.mjs', () => {
  it('compresses what is not exempted', async () => {
    const program = new Program('compression.mjs');
    const client = await Client.open(await program.port());
    const before = socketOf(client).bytesRead;
    expect(await client.next()).toBe('again and '.repeat(1000));
    expect(await client.next()).toBe('again and '.repeat(1000));
    await program.prints(/^extensions: permessage-deflate$/m);
    // 20 kB of text in two messages, one of them as it is.
    expect(socketOf(client).bytesRead - before).toBeLessThan(11_000);
    expect(socketOf(client).bytesRead).toBeGreaterThan(10_000);
  });

  it('sends to a client without the extension as well', async () => {
    const program = new Program('compression.mjs');
    const client = await Client.open(await program.port(), '/', { perMessageDeflate: false });
    expect(await client.next()).toBe('again and '.repeat(1000));
    await program.prints(/^extensions: none$/m);
  });
});

describe('examples/flush.mjs', () => {
  it('sends what is flushed before the thread is blocked', async () => {
    const program = new Program('flush.mjs');
    const client = await Client.open(await program.port());
    const chunks: number[] = [];
    socketOf(client).on('data', (chunk: Buffer) => chunks.push(chunk.length));
    client.send('password');
    expect(await client.next()).toBe('working');
    expect(await client.next()).toMatch(/^[0-9a-f]{64}$/);
    expect(await client.next()).toBe('done');
    // One write before, one after: frames of 2 bytes and 'working', 2 and 64, 2 and 'done'.
    expect(chunks).toEqual([9, 66 + 6]);
  });
});

function socketOf(client: Client): import('node:net').Socket {
  return (client.ws as unknown as { _socket: import('node:net').Socket })._socket;
}
