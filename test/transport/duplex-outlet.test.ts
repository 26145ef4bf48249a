import { PassThrough, Writable } from 'node:stream';
import { describe, expect, it } from 'vitest';
import { DuplexOutlet } from '../../src/transport/duplex-outlet.js';

/** A stream that notes each write as the underlying resource would see it. */
function start() {
  const writes: Buffer[][] = [];
  const socket = new PassThrough();
  socket._write = (chunk, _encoding, callback) => {
    writes.push([chunk]);
    callback();
  };
  socket._writev = (chunks, callback) => {
    writes.push(chunks.map(({ chunk }) => chunk as Buffer));
    callback();
  };
  return { outlet: new DuplexOutlet(socket), socket, writes };
}

function put(outlet: DuplexOutlet, text: string): void {
  const at = outlet.reserve(text.length);
  outlet.memory.write(text, at);
}

const strings = (writes: Buffer[][]) => writes.map((list) => list.map(String));

describe('commit', () => {
  it('writes the reserved bytes at once', () => {
    const { outlet, writes } = start();
    put(outlet, 'abc');
    expect(writes).toEqual([]);
    outlet.commit();
    expect(strings(writes)).toEqual([['abc']]);
  });

  it('calls back when they are written', async () => {
    const { outlet } = start();
    put(outlet, 'abc');
    await new Promise<void>((resolve) => {
      outlet.onFlushed(() => resolve());
      outlet.commit();
    });
  });

  it('calls back once', async () => {
    const { outlet } = start();
    let calls = 0;
    put(outlet, 'a');
    outlet.onFlushed(() => calls++);
    outlet.commit();
    put(outlet, 'b');
    outlet.commit();
    await new Promise(setImmediate);
    expect(calls).toBe(1);
  });
});

describe('writeThrough', () => {
  it('writes all pieces together, without a copy', () => {
    const { outlet, writes } = start();
    const pieces = [Buffer.from('a'), Buffer.from('b')];
    outlet.writeThrough(pieces);
    expect(writes).toEqual([pieces]);
    expect(writes[0][1]).toBe(pieces[1]);
  });

  it('calls back after the last piece', async () => {
    const { outlet, writes } = start();
    await new Promise<void>((resolve) => {
      outlet.writeThrough([Buffer.from('a'), 'b'], () => resolve());
    });
    expect(strings(writes)).toEqual([['a', 'b']]);
  });

  it('calls back with the error', async () => {
    const socket = new PassThrough();
    socket.on('error', () => {});
    socket.destroy(new Error('gone'));
    const outlet = new DuplexOutlet(socket);
    const error = await new Promise<unknown>((resolve) => {
      outlet.writeThrough([Buffer.from('a')], resolve);
    });
    expect(error).toBeInstanceOf(Error);
  });
});

it('knows when the stream is gone', () => {
  const { outlet, socket } = start();
  expect(outlet.destroyed).toBe(false);
  socket.destroy();
  expect(outlet.destroyed).toBe(true);
  expect(socket).toBeInstanceOf(Writable);
});
