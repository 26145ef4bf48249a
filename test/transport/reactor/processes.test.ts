import { once } from 'node:events';
import { rmSync } from 'node:fs';
import { afterAll, describe, expect, it } from 'vitest';
import { backend } from '../../../src/index.js';
import { closeOf, record } from '../../contract/events.js';
import { WebSocket } from '../../contract/library.js';
import { bundle, runProgram, type OtherProcess } from '../../contract/other-process.js';
import { listenRaw } from '../../contract/raw-peer.js';

afterAll(() => rmSync(bundle, { force: true }));

/** The transport of a `WebSocket` in a program. */
const TRANSPORT = `
  const transportOf = (ws) => ws._connection.transport.constructor.name.replace(/^_/, '');`;

/** The rest of what a program prints. */
async function linesOf(program: OtherProcess, count: number): Promise<string[]> {
  const lines: string[] = [];
  while (lines.length < count) lines.push(await program.line());
  return lines;
}

describe.skipIf(backend.transport !== 'reactor')('the choice of the transport', () => {
  const program = `${TRANSPORT}
    const { WebSocket, WebSocketServer } = ferrows;
    const options = JSON.parse(process.env.OPTIONS);
    const wss = new WebSocketServer({ port: 0, host: '127.0.0.1', ...options.server }, () => {
      const ws = new WebSocket('ws://127.0.0.1:' + wss.address().port, options.client);
      ws.on('message', (data) => {
        const [server] = wss.clients;
        console.log(ferrows.backend.transport, transportOf(server), transportOf(ws), String(data));
        console.log(ferrows.backend.reason);
        ws.close();
        wss.close();
      });
    });
    wss.on('connection', (ws) => ws.send('hi'));`;

  it.each([
    ['no wish', {}, {}, 'reactor ReactorTransport ReactorTransport hi'],
    [
      '"auto"',
      {},
      { client: { transport: 'auto' }, server: { transport: 'auto' } },
      'reactor ReactorTransport ReactorTransport hi'
    ],
    [
      '"stream" of the server',
      {},
      { server: { transport: 'stream' } },
      'reactor StreamTransport ReactorTransport hi'
    ],
    [
      '"stream" of the client',
      {},
      { client: { transport: 'stream' } },
      'reactor ReactorTransport StreamTransport hi'
    ],
    ['WS_NO_REACTOR', { WS_NO_REACTOR: '1' }, {}, 'stream StreamTransport StreamTransport hi']
  ])('follows %s', async (_name, env, options, expected) => {
    const child = await runProgram(program, { ...env, OPTIONS: JSON.stringify(options) });
    const [line, reason] = await linesOf(child, 2);
    expect(line).toBe(expected);
    expect(reason.includes('no reactor: WS_NO_REACTOR is set')).toBe('WS_NO_REACTOR' in env);
    expect(await child.exited).toEqual({ status: 0, errors: '' });
  });
});

describe.skipIf(backend.transport !== 'reactor')('a process that ends', () => {
  it('in a batch of many connections sends what all of them were given', async () => {
    const program = await runProgram(`
      const wss = new ferrows.WebSocketServer({ port: 0, host: '127.0.0.1' }, () => {
        console.log(wss.address().port);
      });
      wss.on('connection', (ws) => ws.on('message', () => {
        for (const each of wss.clients) each.send('last words');
        process.exit(5);
      }));`);
    const port = await program.line();
    const clients = await Promise.all(
      Array.from({ length: 20 }, async () => {
        const ws = new WebSocket(`ws://127.0.0.1:${port}`);
        await once(ws, 'open');
        return ws;
      })
    );
    const events = clients.map(record);
    const closed = Promise.all(clients.map(closeOf));
    for (const ws of clients) ws.send('end');
    await closed;
    for (const each of events) expect(each[0]).toEqual(['message', 'last words', false]);
    expect((await program.exited).status).toBe(5);
  });

  it('with a backlog ends at once, and the peer gets the beginning', async () => {
    const { accepted, url } = await listenRaw();
    const program = await runProgram(`
      const ws = new ferrows.WebSocket(${JSON.stringify(url)});
      ws.on('open', () => {
        ws.send('small');
        ws.send(Buffer.alloc(64 << 20));
        ws.send('behind it');
        console.log(ws.bufferedAmount > 0);
        process.exit(6);
      });`);
    const peer = await accepted;
    expect(String((await peer.next()).payload)).toBe('small');
    peer.socket.pause();
    expect(await program.line()).toBe('true');
    expect((await program.exited).status).toBe(6);
    peer.socket.resume();
    await Promise.race([peer.ended, peer.closed]);
    expect(peer.unread).toBe(0);
  });

  it('by an exception in a batch ends with it', async () => {
    const { accepted, url } = await listenRaw();
    const program = await runProgram(`
      const ws = new ferrows.WebSocket(${JSON.stringify(url)});
      ws.on('message', (data) => { throw new Error('of ' + data); });`);
    const peer = await accepted;
    peer.write(Buffer.concat([peer.frame('first'), peer.frame('second')]));
    const { errors, status } = await program.exited;
    expect(status).toBe(1);
    expect(errors).toContain('Error: of first');
    expect(errors).not.toContain('of second');
  });

  it('does not wait for a connection whose peer never answers, once it is unreferenced', async () => {
    const { accepted, url } = await listenRaw();
    const program = await runProgram(`
      const ws = new ferrows.WebSocket(${JSON.stringify(url)});
      ws.on('open', () => { ws.send('x'); ws._socket.unref(); });`);
    expect(String((await (await accepted).next()).payload)).toBe('x');
    expect((await program.exited).status).toBe(0);
  });
});

describe.skipIf(backend.transport !== 'reactor')('worker threads', () => {
  it('come and go by the hundred, with traffic on open connections', async () => {
    const program = await runProgram(`
      const { Worker } = require('node:worker_threads');
      const source = \`
        const { WebSocket, WebSocketServer } = require(${JSON.stringify(bundle)});
        const { parentPort } = require('node:worker_threads');
        const wss = new WebSocketServer({ host: '127.0.0.1', port: 0 }, () => {
          const url = 'ws://127.0.0.1:' + wss.address().port;
          const clients = Array.from({ length: 3 }, () => new WebSocket(url));
          // Node itself aborts when a worker is terminated while it parses HTTP.
          let left = clients.length;
          for (const ws of clients) {
            ws.on('error', () => {});
            ws.once('message', () => {
              if (--left === 0) parentPort.postMessage(ws._connection.transport.constructor.name);
            });
          }
        });
        wss.on('connection', (ws) => {
          const send = () => ws.send('x'.repeat(Math.random() * 20000), () => setImmediate(send));
          send();
        });
      \`;
      const names = new Set();
      (async () => {
        for (let i = 0; i < 200; i += 4) {
          await Promise.all([0, 1, 2, 3].map(async (way) => {
            const worker = new Worker(source, { eval: true });
            const name = await new Promise((resolve, reject) => {
              worker.once('message', resolve).once('error', reject);
            });
            names.add(name.replace(/^_/, ''));
            await worker.terminate();
          }));
        }
        // This thread's own one has not suffered.
        const wss = new ferrows.WebSocketServer({ host: '127.0.0.1', port: 0 }, () => {
          const ws = new ferrows.WebSocket('ws://127.0.0.1:' + wss.address().port);
          ws.on('message', (data) => {
            console.log([...names].join(), String(data));
            ws.close();
            wss.close();
          });
        });
        wss.on('connection', (ws) => ws.send('over'));
      })();`);
    expect(await program.line()).toBe('ReactorTransport over');
    expect(await program.exited).toEqual({ status: 0, errors: '' });
  }, 60_000);
});

describe.skipIf(backend.transport !== 'reactor')('a cluster', () => {
  it.each(['SCHED_RR', 'SCHED_NONE'])(
    'with %s has its connections in the reactor',
    async (policy) => {
      const program = await runProgram(
        `
      const cluster = require('node:cluster');
      const fs = require('node:fs');
      const path = require('node:path');
      const folder = fs.mkdtempSync(path.join(require('node:os').tmpdir(), 'cluster-'));
      process.on('exit', () => fs.rmSync(folder, { recursive: true }));
      const file = path.join(folder, 'worker.cjs');
      fs.writeFileSync(file, \`
        const cluster = require('node:cluster');
        const ferrows = require(${JSON.stringify(bundle)});
        const wss = new ferrows.WebSocketServer({ port: 0, host: '127.0.0.1' });
        wss.on('connection', (ws) => {
          ws.on('message', (data) => {
            const name = ws._connection.transport.constructor.name.replace(/^_/, '');
            ws.send(cluster.worker.id + ' ' + name + ' ' + data);
          });
        });
        process.on('message', () => {
          for (const ws of wss.clients) ws.terminate();
          wss.close(() => process.disconnect());
        });
      \`);
      cluster.schedulingPolicy = cluster[process.env.POLICY];
      cluster.setupPrimary({ exec: file, execArgv: [] });
      const workers = [cluster.fork(), cluster.fork()];
      const ports = new Set();
      let listening = 0;
      cluster.on('listening', (worker, { port }) => {
        ports.add(port);
        if (++listening === 2) console.log([...ports].join());
      });
      cluster.on('exit', (worker, code, signal) => console.log('exit', code, signal));
      process.on('SIGUSR2', () => { for (const worker of workers) worker.send('end'); });`,
        { POLICY: policy }
      );
      // Port 0 is the same for all workers.
      const port = await program.line();
      expect(port).toMatch(/^\d+$/);
      const ids = new Set<string>();
      const clients: WebSocket[] = [];
      for (let i = 0; i < 20; i++) {
        const ws = new WebSocket(`ws://127.0.0.1:${port}`);
        clients.push(ws);
        await once(ws, 'open');
        for (const text of ['a', 'b'.repeat(100_000)]) {
          ws.send(text);
          const [id, name, answer] = String((await once(ws, 'message'))[0]).split(' ');
          expect([name, answer === text]).toEqual(['ReactorTransport', true]);
          ids.add(id);
        }
      }
      // Who gets a connection is the kernel's business with SCHED_NONE.
      if (policy === 'SCHED_RR') expect([...ids].sort()).toEqual(['1', '2']);
      else expect(ids.size).toBeGreaterThan(0);
      const closed = Promise.all(clients.map(closeOf));
      program.child.kill('SIGUSR2');
      expect(await closed).toEqual(clients.map(() => [1006, '']));
      expect(await linesOf(program, 2)).toEqual(['exit 0 null', 'exit 0 null']);
    }
  );
});

describe.skipIf(backend.transport !== 'reactor')('a process out of descriptors', () => {
  it('keeps its connections, and accepts again when there are some', async () => {
    const program = await runProgram(`
      if (!process.env.LIMITED) {
        const { spawn } = require('node:child_process');
        const limited = spawn('sh', ['-c', 'ulimit -n 64; exec "$0" -e "$1"', process.execPath,
          process.execArgv[1]], {
          env: { ...process.env, LIMITED: '1' }, stdio: 'inherit'
        });
        limited.on('exit', (code) => process.exit(code));
      } else {
        const wss = new ferrows.WebSocketServer({ port: 0, host: '127.0.0.1' }, () => {
          console.log(wss.address().port);
        });
        wss.on('connection', (ws) => {
          ws.on('message', (data) => String(data) === 'exit' ? process.exit(0) : ws.send(data));
        });
      }`);
    const port = await program.line();
    const isOpen = (ws: WebSocket) =>
      new Promise<boolean>((resolve) => {
        ws.on('open', () => resolve(true));
        ws.on('error', () => resolve(false));
      });
    const opened: WebSocket[] = [];
    let refused = 0;
    while (refused < 5) {
      const ws = new WebSocket(`ws://127.0.0.1:${port}`, { handshakeTimeout: 300 });
      if (await isOpen(ws)) opened.push(ws);
      else refused++;
      expect(opened.length).toBeLessThan(64);
    }
    expect(opened.length).toBeGreaterThan(10);
    await Promise.all(
      opened.map(async (ws, i) => {
        ws.send(`${i}`);
        expect(String((await once(ws, 'message'))[0])).toBe(`${i}`);
      })
    );
    const half = opened.splice(0, opened.length >> 1);
    await Promise.all(
      half.map((ws) => {
        const closed = closeOf(ws);
        ws.close();
        return closed;
      })
    );
    for (let i = 0; i < half.length - 2; i++) {
      const ws = new WebSocket(`ws://127.0.0.1:${port}`);
      expect(await isOpen(ws)).toBe(true);
      ws.send('again');
      expect(String((await once(ws, 'message'))[0])).toBe('again');
      opened.push(ws);
    }
    const closed = Promise.all(opened.map(closeOf));
    opened[0].send('exit');
    await closed;
    expect((await program.exited).status).toBe(0);
  });
});
