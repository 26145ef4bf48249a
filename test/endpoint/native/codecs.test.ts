import { constants, deflateRawSync } from 'node:zlib';
import { Worker } from 'node:worker_threads';
import { once } from 'node:events';
import { describe, expect, it } from 'vitest';
import { NativeCodecs } from '../../../src/endpoint/native/codecs.js';
import { loadNative } from '../../../src/load-native.js';
import { text } from '../codec-calls.js';

const { binding, reason } = loadNative({});
const addon = reason.replace(/^loaded /, '');

describe.skipIf(binding === null)(`the way to permessage-deflate in Rust (${reason})`, () => {
  it('starts jobs that end in any order, each with its own result', async () => {
    const codecs = new NativeCodecs(binding!);
    const { addon } = codecs;
    const lengths = [400_000, 10, 200_000, 1, 50_000, 100];
    const results = await Promise.all(
      lengths.map((length) => {
        const message = text(length);
        const data = deflateRawSync(message, { finishFlush: constants.Z_SYNC_FLUSH });
        return new Promise<boolean>((resolve) => {
          codecs.startInflate(addon.openInflater(15, true), data, false, 0, (_, inflated) => {
            resolve(inflated.equals(message));
          });
        });
      })
    );
    expect(results).toEqual(lengths.map(() => true));
    expect(codecs.statistics.jobs).toBe(0);
  });

  it('answers for numbers that stand for nothing', () => {
    const { addon } = new NativeCodecs(binding!);
    addon.closeDeflater(7);
    addon.closeInflater(7);
    addon.dropContext(7);
    addon.takeJob(7, Buffer.alloc(10));
    expect(addon.compress(7, Buffer.from('x'), true, 0)).toBeLessThan(0);
    expect(addon.compressApart(7, Buffer.from('x'), 0)).toBeLessThan(0);
    expect(addon.inflate(7, Buffer.from([0]), true, 0, 0)).toBe(0);
    expect(addon.startCompress(7, Buffer.from('x'), true)).toBe(0xffff_ffff);
    expect(addon.startInflate(7, Buffer.from('x'), true, 0)).toBe(0xffff_ffff);
  });

  it('leaves what a callback throws to the process', async () => {
    const script = `
      const addon = require(${JSON.stringify(addon)});
      const scratch = Buffer.alloc(1024), slab = Buffer.alloc(8192);
      const deflate = new addon.Deflate(scratch, slab, () => { throw new Error('of the callback'); });
      const id = deflate.openDeflater(6, 15, 8, 0, true, 1000);
      process.on('uncaughtException', (error) => {
        require('node:worker_threads').parentPort.postMessage(error.message);
      });
      deflate.startCompress(id, Buffer.alloc(100000), true);
    `;
    const worker = new Worker(script, { eval: true });
    expect(await once(worker, 'message')).toEqual(['of the callback']);
    await worker.terminate();
  });

  it('lets a thread end in the middle of its jobs', async () => {
    const script = `
      const addon = require(${JSON.stringify(addon)});
      const scratch = Buffer.alloc(1024), slab = Buffer.alloc(8192);
      const deflate = new addon.Deflate(scratch, slab, () => {});
      for (let i = 0; i < 20; i++) {
        const id = deflate.openDeflater(9, 15, 8, 0, i % 2 === 0, 1000);
        deflate.startCompress(id, require('node:crypto').randomBytes(2000000), true);
        if (i % 3 === 0) deflate.closeDeflater(id);
      }
      require('node:worker_threads').parentPort.postMessage('started');
    `;
    for (let i = 0; i < 3; i++) {
      const worker = new Worker(script, { eval: true });
      await once(worker, 'message');
      await worker.terminate();
    }
  });
});
