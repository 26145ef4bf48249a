import { once } from 'node:events';
import { rmSync } from 'node:fs';
import { afterAll, describe, expect, it } from 'vitest';
import ferrows from '../../src/index.js';
import { WebSocket } from './library.js';
import { bundle, runProgram } from './other-process.js';
import { listenRaw, type RawPeer } from './raw-peer.js';
import { tlsIdentity } from './tls-identity.js';

afterAll(() => rmSync(bundle, { force: true }));

/** A client that connects to the raw peer and runs `program`, in which it is `ws`. */
async function runClient(program: string) {
  const { accepted, url } = await listenRaw();
  const { exited } = await runProgram(`
    const ws = new ferrows.WebSocket(${JSON.stringify(url)});
    ${program}`);
  return { exited, peer: await accepted };
}

const texts = async (peer: RawPeer, count: number) =>
  (await peer.nextFrames(count)).map(({ payload }) => String(payload));

describe('what was sent', () => {
  it('is written before process.exit() ends the process', async () => {
    const { exited, peer } = await runClient(`
      ws.on('open', () => {
        for (const text of ['a', 'b', 'c']) ws.send(text);
        process.exit(7);
      });`);
    expect(await texts(peer, 3)).toEqual(['a', 'b', 'c']);
    expect((await exited).status).toBe(7);
  });

  it('is written before process.exit() in a message listener ends the process', async () => {
    const { exited, peer } = await runClient(`
      ws.on('message', (data) => {
        ws.send(data);
        if (String(data) === 'last') process.exit(0);
      });`);
    peer.write(Buffer.concat(['first', 'last', 'never read'].map((text) => peer.frame(text))));
    expect(await texts(peer, 2)).toEqual(['first', 'last']);
    expect((await exited).status).toBe(0);
  });

  it('is written before an exception ends the process', async () => {
    const { exited, peer } = await runClient(`
      ws.on('message', (data) => {
        ws.send(data);
        throw new Error('in a listener');
      });`);
    peer.send('answer me');
    expect(await texts(peer, 1)).toEqual(['answer me']);
    const { errors, status } = await exited;
    expect(status).toBe(1);
    expect(errors).toContain('in a listener');
  });

  it('in an exit listener is written too', async () => {
    const { exited, peer } = await runClient(`
      process.on('exit', () => ws.send('from the first listener'));
      ws.on('open', () => {
        ws.send('before');
        process.on('exit', () => ws.send('from the last listener'));
        process.exit(0);
      });`);
    expect(await texts(peer, 3)).toEqual([
      'before',
      'from the first listener',
      'from the last listener'
    ]);
    expect((await exited).status).toBe(0);
  });

  it('over TLS is written before process.exit() ends the process', async () => {
    const program = await runProgram(
      `
      const server = require('node:https').createServer(JSON.parse(process.env.TLS));
      const wss = new ferrows.WebSocketServer({ server });
      wss.on('connection', (ws) => {
        ws.on('message', (data) => {
          ws.send(data);
          process.exit(0);
        });
      });
      server.listen(0, '127.0.0.1', () => console.log(server.address().port));`,
      { TLS: JSON.stringify(tlsIdentity) }
    );
    const ws = new WebSocket(`wss://localhost:${await program.line()}`, { ca: tlsIdentity.cert });
    await once(ws, 'open');
    ws.send('answer me');
    expect(String((await once(ws, 'message'))[0])).toBe('answer me');
    ws.terminate();
    expect((await program.exited).status).toBe(0);
  });
});

it('runs on the pair of this process', async () => {
  const program = await runProgram('console.log(JSON.stringify(ferrows.backend));');
  const { endpoint, masking, transport } = ferrows.backend;
  expect(JSON.parse(await program.line())).toMatchObject({ endpoint, masking, transport });
  expect((await program.exited).status).toBe(0);
});
