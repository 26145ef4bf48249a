import { constants, createDeflateRaw, createInflateRaw, deflateRawSync } from 'node:zlib';
import { expect, it, vi } from 'vitest';
import { ZlibStream } from '../../../src/endpoint/portable/zlib-stream.js';
import { text, turn } from '../codec-calls.js';

const flush = constants.Z_SYNC_FLUSH;

function process(stream: ZlibStream, data: Buffer, tail: Buffer | null = null): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    stream.process(data, tail, 0, (error, result) => (error ? reject(error) : resolve(result)));
  });
}

it('gives everything that one piece of work puts out, whatever its size', async () => {
  const [deflate, inflate] = [
    new ZlibStream(createDeflateRaw({ flush, level: 0 })),
    new ZlibStream(createInflateRaw({ flush }))
  ];
  for (const length of [1, 16_373, 16_384, 100_000]) {
    const data = text(length);
    expect(await process(inflate, await process(deflate, data))).toEqual(data);
  }
});

it('takes a tail as if it stood at the end of the data', async () => {
  const stream = new ZlibStream(createInflateRaw({ flush }));
  const data = text(500);
  const deflated = deflateRawSync(data, { finishFlush: flush });
  expect(await process(stream, deflated.subarray(0, -4), deflated.subarray(-4))).toEqual(data);
  expect(stream.ended).toBe(false);
});

it('says that it ended when bytes were left over — RFC 1951 §3.2.3', async () => {
  const stream = new ZlibStream(createInflateRaw({ flush }));
  const deflated = deflateRawSync(text(500));
  await process(stream, deflated);
  expect(stream.ended).toBe(false);
  await process(stream, Buffer.from([0]));
  expect(stream.ended).toBe(true);
});

it('calls back with an error when something else destroys the stream', async () => {
  const stream = new ZlibStream(createDeflateRaw({ flush }));
  stream.engine.destroy();
  await expect(process(stream, text(10))).rejects.toMatchObject({ code: 'ERR_STREAM_DESTROYED' });
  expect(stream.isClosed).toBe(true);
});

it('calls back no more once it is closed', async () => {
  const stream = new ZlibStream(createDeflateRaw({ flush }));
  const callback = vi.fn();
  stream.process(text(50_000), null, 0, callback);
  stream.close();
  await new Promise((resolve) => stream.engine.once('close', resolve));
  await process(new ZlibStream(createDeflateRaw({ flush })), text(50_000));
  await turn();
  expect(callback).not.toHaveBeenCalled();
});

it('may be closed by its callback, and twice', async () => {
  const stream = new ZlibStream(createDeflateRaw({ flush }));
  await new Promise<void>((resolve) => {
    stream.process(text(100), null, 0, () => {
      stream.close();
      stream.close();
      resolve();
    });
  });
  expect(stream.engine.destroyed).toBe(true);
});
