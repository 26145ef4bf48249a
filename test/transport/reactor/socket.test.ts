import { once } from 'node:events';
import type { Socket } from 'node:net';
import { setImmediate as turn } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { takeOver, type SocketOwner } from '../../../src/transport/reactor/socket.js';
import { socketPair } from './socket-pair.js';

/** An owner that takes notes, and whose kernel takes a write when it is told to. */
class Owner implements SocketOwner {
  id = 5;
  bytesRead = 100;
  bytesSent = 200;
  bytesHeld = 0;
  readonly log: string[] = [];
  readonly written: Buffer[] = [];
  taken: (() => void) | null = null;
  last: (() => void) | null = null;

  activity = false;
  hasRead = () => this.activity;
  tap = () => void this.log.push('tap');
  pauseReading = () => void this.log.push('pause');
  resumeReading = () => void this.log.push('resume');
  flush = () => void this.log.push('flush');
  yieldOrder = () => void this.log.push('yield');
  keepAlive = (alive: boolean) => void this.log.push(alive ? 'ref' : 'unref');

  writeRaw(data: Buffer, callback: (error?: Error | null) => void): void {
    this.log.push(`write ${data.toString()}`);
    this.written.push(data);
    this.taken = () => callback(null);
  }

  whenWritten(last: () => void): void {
    this.log.push('last');
    this.last = last;
  }

  detach = () => {
    this.log.push('detach');
    this.id = 0;
  };
}

async function start(
  prepare: (socket: Socket) => void = () => {},
  kind: 'TCP' | 'Unix' = 'TCP'
): Promise<{ socket: Socket; far: Socket; owner: Owner; handle: any }> {
  const { near: socket, far } = await socketPair(kind, { allowHalfOpen: true });
  prepare(socket);
  const owner = new Owner();
  const handle = (socket as any)._handle;
  takeOver(socket, handle, owner);
  return { socket, far, owner, handle };
}

describe.each(['TCP', 'Unix'] as const)('a %s socket that is taken over', (kind) => {
  it('is still an instance of Socket and has no properties that others would see', async () => {
    const { socket } = await start(undefined, kind);
    expect(socket).toBeInstanceOf((await import('node:net')).Socket);
    const { near: plain } = await socketPair(kind);
    expect(Object.keys(socket).sort()).toEqual(Object.keys(plain).sort());
  });

  it('is not read by Node any more', async () => {
    const { socket, far } = await start(undefined, kind);
    const before = socket.bytesRead;
    far.write('for the owner');
    await new Promise((resolve) => far.write('more', resolve));
    // Other connections do get theirs.
    const other = await socketPair(kind);
    other.far.write('x');
    await once(other.near, 'data');
    expect(socket.readableLength).toBe(0);
    expect(socket.bytesRead).toBe(before);
  });

  it('tells its owner before its descriptor is closed', async () => {
    const { socket, owner, handle } = await start(undefined, kind);
    let fd = -1;
    owner.detach = () => void (fd = handle.fd);
    socket.destroy();
    expect(fd).toBeGreaterThan(2);
    await once(socket, 'close');
    expect(owner.log).toEqual(['flush']);
  });
});

describe('a socket that is taken over', () => {
  it('tells its owner of a handle that is closed by hand', async () => {
    const { owner, handle } = await start();
    await new Promise<void>((resolve) => handle.close(resolve));
    expect(owner.log).toEqual(['detach']);
  });

  it('tells its owner of a reset, whose peer gets it', async () => {
    const { socket, far, owner } = await start();
    const error = once(far, 'error');
    socket.resetAndDestroy();
    expect(owner.log).toEqual(['flush', 'detach']);
    far.resume();
    expect((await error)[0]).toMatchObject({ code: 'ECONNRESET' });
  });

  it('has writes get in line, one after the other', async () => {
    const { socket, owner } = await start();
    const called: number[] = [];
    expect(socket.write('first', () => called.push(1))).toBe(true);
    socket.write('second', () => called.push(2));
    socket.write(Buffer.from('third'), () => called.push(3));
    expect(owner.log).toEqual(['yield', 'write first', 'yield', 'yield']);
    owner.taken!();
    await turn();
    expect(called).toEqual([1]);
    // What has waited is one write.
    expect(owner.log.slice(4)).toEqual(['write secondthird']);
    owner.taken!();
    await turn();
    expect(called).toEqual([1, 2, 3]);
  });

  it('writes strings in the encoding they are given in', async () => {
    const { socket, owner } = await start();
    socket.write('ff00', 'hex');
    owner.taken!();
    await turn();
    socket.cork();
    socket.write('w7w=', 'base64');
    socket.write('ü', 'latin1');
    socket.uncork();
    expect(Buffer.concat(owner.written).toString('hex')).toBe('ff00c3bcfc');
  });

  it('ends after what was written, when the owner says that it has left', async () => {
    const { socket, far, owner } = await start();
    let ended = false;
    far.on('end', () => (ended = true)).resume();
    socket.end('bye');
    expect(owner.log).toEqual(['yield', 'write bye']);
    owner.taken!();
    await turn();
    expect(owner.log.slice(2)).toEqual(['last']);
    await turn();
    expect(ended).toBe(false);
    owner.last!();
    await once(far, 'end');
    expect(ended).toBe(true);
  });

  it('is written by Node once the owner has let go of it', async () => {
    const { socket, far, owner } = await start();
    owner.id = 0;
    socket.write('one');
    socket.cork();
    socket.write('two');
    socket.write('three');
    socket.uncork();
    let text = '';
    for await (const chunk of far) {
      text += String(chunk);
      if (text.length === 11) break;
    }
    expect(text).toBe('onetwothree');
    expect(owner.written).toEqual([]);
  });

  it('counts what its owner has read, sent and holds besides what Node has', async () => {
    const { socket, far, owner } = await start((socket) => socket.write('before'));
    await once(far, 'data');
    expect(socket.bytesRead).toBe(100);
    expect(socket.bytesWritten).toBe(206);
    owner.bytesHeld = 42;
    expect(socket.readableLength).toBe(42);
  });

  it('does not time out while its owner reads', async () => {
    const { socket, owner } = await start();
    owner.activity = true;
    let asked = 0;
    owner.hasRead = () => {
      // The first time it is that of `setTimeout`.
      if (++asked === 4) owner.activity = false;
      return owner.activity;
    };
    socket.setTimeout(5);
    await once(socket, 'timeout');
    expect(asked).toBe(4);
  });

  it('passes on that it is paused, resumed, referenced and unreferenced', async () => {
    const { socket, owner } = await start();
    expect(socket.pause()).toBe(socket);
    expect(socket.isPaused()).toBe(true);
    expect(socket.resume()).toBe(socket);
    expect(socket.isPaused()).toBe(false);
    expect(socket.unref()).toBe(socket);
    expect(socket.ref()).toBe(socket);
    expect(owner.log).toEqual(['pause', 'resume', 'unref', 'ref']);
  });

  it.each(['on', 'addListener', 'prependListener', 'once', 'prependOnceListener'] as const)(
    'tells its owner of a listener of data added with %s, and of no other',
    async (name) => {
      const { socket, owner } = await start();
      socket[name]('drain', () => {});
      socket[name]('close', () => {});
      expect(owner.log).toEqual([]);
      socket[name]('data', () => {});
      expect(owner.log.filter((what) => what === 'tap')).toEqual(['tap']);
    }
  );

  it('keeps methods that others than Node have given it', async () => {
    const names: string[] = [];
    const { socket, owner } = await start((socket) => {
      socket.on = function (this: Socket, name: string, listener: () => void) {
        names.push(name);
        return Object.getPrototypeOf(this).on.call(this, name, listener);
      } as Socket['on'];
    });
    socket.on('data', () => {});
    expect(names).toEqual(['data']);
    expect(owner.log).toContain('tap');
  });
});
