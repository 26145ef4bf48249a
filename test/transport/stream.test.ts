import { once } from 'node:events';
import { setImmediate as turn } from 'node:timers/promises';
import { describe, expect, it, vi } from 'vitest';
import type { SendCallback } from '../../src/endpoint/contract.js';
import type { TransportHandler } from '../../src/transport/contract.js';
import { StreamTransport } from '../../src/transport/stream.js';
import { duplexPair, type DuplexEnd } from '../contract/duplex-pair.js';
import { captureUncaught } from '../contract/uncaught.js';

/** Notes what the transport reports. */
class Recorder implements TransportHandler {
  readonly calls: string[] = [];
  accepts = true;
  onChunk: (chunk: Buffer) => void = () => {};

  onBytes(chunk: Buffer): boolean {
    this.calls.push(`bytes ${chunk}`);
    this.onChunk(chunk);
    return this.accepts;
  }

  onEnd(): void {
    this.calls.push('end');
  }

  onBroken(): void {
    this.calls.push('broken');
  }

  onClosed(rest: Buffer | null): void {
    this.calls.push(`closed ${rest}`);
  }
}

function start({ coalesce = true, head = '' } = {}) {
  const [socket, peer] = duplexPair();
  const recorder = new Recorder();
  const transport = new StreamTransport(socket, recorder, coalesce);
  transport.open(Buffer.from(head));
  return { peer, recorder, socket, transport };
}

function send(transport: StreamTransport, text: string, callback?: SendCallback): void {
  const at = transport.reserve(text.length);
  transport.memory.write(text, at);
  if (callback) transport.onFlushed(callback);
  transport.commit();
}

const written = ({ writes }: DuplexEnd) => writes.map((pieces) => pieces.map(String));

describe('what is queued', () => {
  it('leaves at the end of the tick as one write', async () => {
    const { socket, transport } = start();
    send(transport, 'ab');
    send(transport, 'c');
    expect(socket.writes).toEqual([]);
    await Promise.resolve();
    expect(written(socket)).toEqual([['abc']]);
  });

  it('leaves at once when it is flushed', async () => {
    const { socket, transport } = start();
    send(transport, 'a');
    transport.flush();
    expect(written(socket)).toEqual([['a']]);
    await turn();
    expect(written(socket)).toEqual([['a']]);
  });

  it('leaves frame by frame without coalescing', () => {
    const { socket, transport } = start({ coalesce: false });
    send(transport, 'a');
    send(transport, 'b');
    expect(written(socket)).toEqual([['a'], ['b']]);
  });

  it('leaves when the chunk being dispatched has been worked off', async () => {
    const { peer, recorder, socket, transport } = start();
    recorder.onChunk = () => {
      send(transport, 'a');
      send(transport, 'b');
      expect(socket.writes).toEqual([]);
    };
    await turn();
    peer.write('x');
    expect(written(socket)).toEqual([['ab']]);
  });

  it('leaves although a listener has thrown', async () => {
    const uncaught = captureUncaught();
    const { peer, recorder, socket, transport } = start();
    recorder.onChunk = () => {
      send(transport, 'answer');
      throw new Error('listener');
    };
    await turn();
    expect(() => peer.write('x')).toThrow('listener');
    expect(written(socket)).toEqual([['answer']]);
    expect(uncaught.errors).toEqual([]);
  });

  it('is counted until the stream has taken it', () => {
    const { peer, socket, transport } = start();
    send(transport, 'x'.repeat(100));
    expect(transport.bufferedAmount).toBe(100);
    transport.flush();
    expect(transport.bufferedAmount).toBe(0);

    peer.pause();
    send(transport, 'x'.repeat(40_000));
    transport.flush();
    send(transport, 'y'.repeat(50));
    expect(transport.bufferedAmount).toBe(socket.writableLength + 50);
    expect(socket.writableLength).toBe(40_000);
  });

  it('calls back in order when the stream has taken it', async () => {
    const { transport } = start();
    const called: string[] = [];
    for (const name of ['a', 'b', 'c']) send(transport, name, () => called.push(name));
    transport.flush();
    expect(called).toEqual([]);
    await turn();
    expect(called).toEqual(['a', 'b', 'c']);
  });

  it('calls back everyone although one throws', async () => {
    const uncaught = captureUncaught();
    const { transport } = start();
    const called: string[] = [];
    send(transport, 'a', () => called.push('a'));
    send(transport, 'b', () => {
      throw new Error('callback');
    });
    send(transport, 'c', () => called.push('c'));
    await turn();
    await turn();
    expect(called).toEqual(['a', 'c']);
    expect(uncaught.messages()).toEqual(['callback']);
  });

  it('calls back with the error when the stream is gone', async () => {
    const { socket, transport } = start();
    socket.destroy();
    const errors: unknown[] = [];
    const note = (error?: Error | null) => errors.push((error as NodeJS.ErrnoException)?.code);
    for (const text of ['a', 'b']) send(transport, text, note);
    await turn();
    expect(errors).toEqual(['ERR_STREAM_DESTROYED', 'ERR_STREAM_DESTROYED']);
  });
});

describe('what is written through', () => {
  it('comes behind what is queued, without a copy', () => {
    const { socket, transport } = start();
    const pieces = [Buffer.from('b'), Buffer.from('c')];
    send(transport, 'a');
    transport.writeThrough(pieces);
    expect(written(socket)).toEqual([['a'], ['b', 'c']]);
    expect(socket.writes[1][1]).toBe(pieces[1]);
  });

  it('comes before what is queued afterwards', async () => {
    const { socket, transport } = start();
    transport.writeThrough([Buffer.from('a')]);
    send(transport, 'b');
    await turn();
    expect(written(socket)).toEqual([['a'], ['b']]);
  });

  it('calls back after what was queued before', async () => {
    const { transport } = start();
    const called: string[] = [];
    send(transport, 'a', () => called.push('a'));
    transport.writeThrough([Buffer.from('b'), 'c'], () => called.push('b'));
    send(transport, 'c', () => called.push('c'));
    await turn();
    expect(called).toEqual(['a', 'b', 'c']);
  });
});

describe('what others do to the socket comes after what was sent before', () => {
  it('when they write', () => {
    const { socket, transport } = start();
    send(transport, 'a');
    socket.write('raw');
    expect(written(socket)).toEqual([['a'], ['raw']]);
  });

  it('when they end it', async () => {
    const { peer, socket, transport } = start();
    send(transport, 'a');
    socket.end('z');
    peer.resume();
    await once(peer, 'end');
    expect(socket.written.toString()).toBe('az');
  });

  it('when they destroy it', () => {
    const { socket, transport } = start();
    send(transport, 'a');
    socket.destroy();
    expect(written(socket)).toEqual([['a']]);
  });

  it('when their method wraps the one of the socket', () => {
    const { socket, transport } = start();
    const seen: string[] = [];
    const write = socket.write;
    socket.write = function (this: DuplexEnd, chunk: unknown, ...rest: unknown[]) {
      seen.push(String(chunk));
      return (write as Function).call(this, chunk, ...rest);
    } as typeof write;
    send(transport, 'a');
    transport.flush();
    send(transport, 'b');
    socket.write('raw');
    expect(seen).toEqual(['a', 'raw', 'b']);
    expect(written(socket)).toEqual([['a'], ['b'], ['raw']]);
  });

  it('and has the results it always had', async () => {
    const { socket } = start();
    expect(socket.write('a')).toBe(true);
    await new Promise<void>((resolve) => socket.write('b', 'latin1', () => resolve()));
    expect(socket.end()).toBe(socket);
    expect(socket.destroy()).toBe(socket);
  });
});

describe('open', () => {
  it('reads the bytes that were read before first', async () => {
    const { peer, recorder } = start({ head: 'head' });
    peer.write('more');
    await turn();
    expect(recorder.calls).toEqual(['bytes head', 'bytes more']);
  });

  it('turns off timeout and delay where the socket has them', () => {
    const [socket] = duplexPair();
    const methods = { setTimeout: vi.fn(), setNoDelay: vi.fn() };
    Object.assign(socket, methods);
    new StreamTransport(socket, new Recorder(), true).open(Buffer.alloc(0));
    expect(methods.setTimeout).toHaveBeenCalledWith(0);
    expect(methods.setNoDelay).toHaveBeenCalledWith();
  });

  it('leaves a write of the socket itself alone', () => {
    const [socket] = duplexPair();
    const write = vi.fn();
    socket.write = write;
    const transport = new StreamTransport(socket, new Recorder(), true);
    transport.open(Buffer.alloc(0));
    send(transport, 'a');
    transport.flush();
    expect(socket.write).toBe(write);
    expect(write).toHaveBeenCalledOnce();
  });
});

describe('reading', () => {
  it('stops when the handler has enough, and goes on when told', async () => {
    const { peer, recorder, socket, transport } = start();
    recorder.accepts = false;
    peer.write('a');
    await turn();
    peer.write('b');
    await turn();
    expect(recorder.calls).toEqual(['bytes a']);
    expect(socket.isPaused()).toBe(true);
    transport.resume();
    await turn();
    expect(recorder.calls).toEqual(['bytes a', 'bytes b']);
  });

  it('throws away what comes after discardIncoming', async () => {
    const { peer, recorder, socket, transport } = start();
    transport.pause();
    transport.discardIncoming();
    peer.end('late');
    await once(socket, 'close');
    expect(recorder.calls).toEqual(['end', 'closed null']);
  });
});

describe('the end of the connection', () => {
  it('is reported and answered when the peer half-closes', async () => {
    const { peer, recorder, socket } = start();
    peer.resume();
    peer.end('last');
    await once(socket, 'close');
    expect(recorder.calls).toEqual(['bytes last', 'end', 'closed null']);
    expect(peer.readableEnded).toBe(true);
  });

  it('comes after everything sent when it is half-closed here', async () => {
    const { peer, socket, transport } = start();
    send(transport, 'a');
    transport.shutdown();
    peer.resume();
    await once(peer, 'end');
    expect(socket.written.toString()).toBe('a');
  });

  it('hands over what a paused socket still holds', async () => {
    const { peer, recorder, socket, transport } = start();
    transport.pause();
    peer.write('a');
    peer.write('b');
    transport.destroy();
    await once(socket, 'close');
    expect(recorder.calls).toEqual(['closed ab']);
  });

  it('by an error is reported, and the socket destroyed', async () => {
    const { recorder, socket } = start();
    socket.emit('error', new Error('broken'));
    await once(socket, 'close');
    expect(recorder.calls).toEqual(['broken', 'closed null']);
    expect(socket.destroyed).toBe(true);
  });

  it('lets further errors of the socket pass', async () => {
    const { socket } = start();
    socket.emit('error', new Error('one'));
    expect(() => socket.emit('error', new Error('two'))).not.toThrow();
    await once(socket, 'close');
    expect(() => socket.emit('error', new Error('three'))).not.toThrow();
  });
});
