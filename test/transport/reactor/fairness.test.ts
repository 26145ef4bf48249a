import { once } from 'node:events';
import { setImmediate as turn } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { backend } from '../../../src/index.js';
import { openRaws, socketOf, until } from './carried.js';

/** What one connection may read in one wake-up (crates/reactor/src/limits.rs). */
const BUDGET = 256 * 1024;
/** What a paused one may hold besides: what one poll reads at most, and what Node's would hold. */
const SLACK = 128 * 1024 + 16 * 1024 + 1000;

const MESSAGE = Buffer.alloc(1000);

describe.skipIf(backend.transport !== 'reactor')('a peer that floods', () => {
  it('gets no more than its budget before a polite one is served', async ({ annotate }) => {
    const [flood, polite] = await openRaws(2);
    // Otherwise its requests wait for an acknowledgement that the server takes its time for.
    polite.peer.socket.setNoDelay();
    const frame = flood.peer.frame(MESSAGE);
    const megabytes = Buffer.concat(Array<Buffer>(4000).fill(frame));
    let flooded = 0;
    flood.ws.on('message', (data: Buffer) => (flooded += data.length));

    const before: number[] = [];
    const times: number[] = [];
    for (let round = 0; round < 30; round++) {
      flood.ws.pause();
      flood.peer.write(megabytes);
      // Until the kernel takes no more.
      let queued = -1;
      while (queued !== flood.peer.socket.writableLength) {
        queued = flood.peer.socket.writableLength;
        await turn();
      }
      const start = performance.now();
      const served = once(polite.ws, 'message');
      polite.peer.send('please');
      flooded = 0;
      flood.ws.resume();
      await served;
      before.push(flooded);
      times.push(performance.now() - start);
      await until(() => flooded === 4000 * MESSAGE.length);
    }
    times.sort((a, b) => a - b);
    await annotate(
      `served after at most ${Math.max(...before)} bytes of the flood, p99 ${times.at(-1)!.toFixed(1)} ms`
    );
    expect(Math.max(...before)).toBeLessThanOrEqual(BUDGET + SLACK);
  });

  it('with one endless message does not either', async () => {
    const [flood, polite] = await openRaws(2);
    polite.peer.socket.setNoDelay();
    const size = 64 << 20;
    flood.peer.write(flood.peer.frame(Buffer.alloc(0), { claimedLength: size, lengthBytes: 8 }));
    const piece = Buffer.alloc(1 << 20);
    const socket = socketOf(flood.ws);
    let written = 0;
    const pump = () => {
      while (written < size && flood.peer.socket.writableLength < 4 * piece.length) {
        flood.peer.write(piece);
        written += piece.length;
      }
    };
    flood.peer.socket.on('drain', pump);
    pump();
    let servings = 0;
    // The polite one asks again when it is answered, and is heard once a wake-up.
    polite.ws.on('message', () => {
      servings++;
      polite.ws.send('heard');
    });
    const reads: number[] = [];
    while (socket.bytesRead < size / 2) {
      const start = socket.bytesRead;
      polite.peer.send('please');
      await polite.peer.next();
      reads.push(socket.bytesRead - start);
    }
    expect(servings).toBe(reads.length);
    // The request may come too late for one wake-up, and the answer is read after the next.
    expect(Math.max(...reads)).toBeLessThanOrEqual(4 * BUDGET + SLACK);
    flood.ws.terminate();
  });

  it('does not keep timers and other sockets of Node from their turn', async () => {
    const [flood] = await openRaws(1);
    const bytes = Buffer.concat(Array<Buffer>(4000).fill(flood.peer.frame(MESSAGE)));
    let flooded = 0;
    flood.ws.on('message', () => flooded++);
    let turns = 0;
    flood.peer.write(bytes);
    while (flooded < 4000) {
      await turn();
      turns++;
    }
    // One wake-up for each budget of it, and a turn of the event loop in between.
    expect(turns).toBeGreaterThanOrEqual(Math.floor(bytes.length / BUDGET));
  });
});
