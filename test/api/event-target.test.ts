import { describe, expect, it } from 'vitest';
import { WebSocket } from '../subject.js';

/** A WebSocket that is not connected: what it emits is up to the test. */
const create = () => new WebSocket(null, undefined, {}) as any;

const TYPES = ['open', 'error', 'close', 'message'] as const;

describe('the prototype', () => {
  it('shows the members in for…in as ws does', () => {
    const shown: string[] = [];
    for (const name in WebSocket.prototype) shown.push(name);
    for (const name of [
      ...TYPES.map((type) => `on${type}`),
      'addEventListener',
      'removeEventListener'
    ]) {
      expect(shown).toContain(name);
    }
    expect(shown).not.toContain('dispatchEvent');
  });
});

describe.each(TYPES)('on%s', (type) => {
  const attribute = `on${type}`;

  it('is null until it is set to a function', () => {
    const ws = create();
    expect(ws[attribute]).toBeNull();
    const listener = () => {};
    ws[attribute] = listener;
    expect(ws[attribute]).toBe(listener);
    expect(ws.listenerCount(type)).toBe(1);
  });

  it('replaces its listener, and removes it when set to anything else', () => {
    const ws = create();
    ws[attribute] = () => {};
    const second = () => {};
    ws[attribute] = second;
    expect(ws[attribute]).toBe(second);
    expect(ws.listenerCount(type)).toBe(1);
    ws[attribute] = 'foo';
    expect(ws[attribute]).toBeNull();
    expect(ws.listenerCount(type)).toBe(0);
  });

  it('leaves the other listeners alone', () => {
    const ws = create();
    const shared = () => {};
    ws.on(type, shared);
    ws.addEventListener(type, shared);
    ws[attribute] = shared;
    expect(ws.listenerCount(type)).toBe(3);
    ws[attribute] = null;
    expect(ws.listenerCount(type)).toBe(2);
    expect(ws[attribute]).toBeNull();
  });

  it('is called even if the same function was added as a listener', () => {
    const ws = create();
    let calls = 0;
    const listener = () => calls++;
    ws[attribute] = listener;
    ws.addEventListener(type, listener);
    ws.emit(type, type === 'error' ? new Error('x') : 1000, Buffer.alloc(0));
    expect(calls).toBe(2);
    ws.removeEventListener(type, listener);
    expect(ws[attribute]).toBe(listener);
  });
});

describe('addEventListener', () => {
  it('calls with an event object, on the WebSocket', () => {
    const ws = create();
    const events: any[] = [];
    const listener = function (this: unknown, event: any) {
      events.push([event.constructor.name, event.type, event.target === ws, this === ws]);
    };
    for (const type of TYPES) ws.addEventListener(type, listener);
    ws.emit('open');
    ws.emit('error', new Error('x'));
    ws.emit('close', 1000, Buffer.alloc(0));
    ws.emit('message', Buffer.from('x'), false);
    expect(events).toEqual([
      ['Event', 'open', true, true],
      ['ErrorEvent', 'error', true, true],
      ['CloseEvent', 'close', true, true],
      ['MessageEvent', 'message', true, true]
    ]);
  });

  it('gives a text message as a string and a binary one as it is', () => {
    const ws = create();
    const data: unknown[] = [];
    ws.addEventListener('message', (event: any) => data.push(event.data));
    const binary = new ArrayBuffer(2);
    ws.emit('message', Buffer.from('é'), false);
    ws.emit('message', binary, true);
    expect(data).toEqual(['é', binary]);
    expect(data[1]).toBe(binary);
  });

  it('gives the error and its message', () => {
    const ws = create();
    let event: any;
    ws.addEventListener('error', (given: any) => (event = given));
    const error = new Error('foo');
    ws.emit('error', error);
    expect(event.error).toBe(error);
    expect(event.message).toBe('foo');
  });

  it('gives the close code, the reason as a string, and whether both sides closed', () => {
    const ws = create();
    const seen: unknown[] = [];
    ws.addEventListener('close', (e: any) => seen.push([e.code, e.reason, e.wasClean]));
    ws.emit('close', 1001, Buffer.from('é'));
    ws._closeFrameReceived = true;
    ws.emit('close', 1000, Buffer.alloc(0));
    ws._closeFrameSent = true;
    ws.emit('close', 1000, Buffer.alloc(0));
    expect(seen).toEqual([
      [1001, 'é', false],
      [1000, '', false],
      [1000, '', true]
    ]);
  });

  it('takes an object with handleEvent, which may be replaced later', () => {
    const ws = create();
    const calls: unknown[] = [];
    const listener = {
      handleEvent(event: any) {
        calls.push(['first', this === listener, event.type]);
      }
    };
    ws.addEventListener('open', listener);
    ws.emit('open');
    listener.handleEvent = () => calls.push('second');
    ws.emit('open');
    expect(calls).toEqual([['first', true, 'open'], 'second']);
  });

  it('adds the same listener of a type once', () => {
    const ws = create();
    const listener = () => {};
    ws.addEventListener('open', listener);
    ws.addEventListener('open', listener, { once: true });
    ws.addEventListener('close', listener);
    expect([ws.listenerCount('open'), ws.listenerCount('close')]).toEqual([1, 1]);
  });

  it('calls a listener with `once` once', () => {
    const ws = create();
    let calls = 0;
    ws.addEventListener('open', () => calls++, { once: true });
    ws.emit('open');
    ws.emit('open');
    expect(calls).toBe(1);
    expect(ws.listenerCount('open')).toBe(0);
  });

  it.each(['foo', 'ping', 'upgrade', 'constructor', '__proto__'])('ignores the type %s', (type) => {
    const ws = create();
    ws.addEventListener(type, () => {});
    expect(ws.listenerCount(type)).toBe(0);
  });

  it('fails for a listener that cannot be called when the event comes', () => {
    const ws = create();
    ws.addEventListener('open', {});
    expect(() => ws.emit('open')).toThrow(TypeError);
  });
});

describe('removeEventListener', () => {
  it('removes what addEventListener added, with `once` too', () => {
    const ws = create();
    const listener = () => {};
    for (const options of [undefined, { once: true }]) {
      ws.addEventListener('open', listener, options);
      expect(ws.listenerCount('open')).toBe(1);
      ws.removeEventListener('open', listener);
      expect(ws.listenerCount('open')).toBe(0);
    }
  });

  it('removes nothing else', () => {
    const ws = create();
    const listener = () => {};
    ws.on('open', listener);
    ws.addEventListener('open', listener);
    ws.removeEventListener('open', () => {});
    ws.removeEventListener('foo', listener);
    expect(ws.listenerCount('open')).toBe(2);
    ws.removeEventListener('open', listener);
    ws.removeEventListener('open', listener);
    expect(ws.listeners('open')).toEqual([listener]);
  });
});
