import { describe, expect, it } from 'vitest';
import { CloseEvent, ErrorEvent, Event, MessageEvent } from '../../src/api/events.js';

/** What for…in shows. */
function enumerated(value: object): string[] {
  const names: string[] = [];
  for (const name in value) names.push(name);
  return names.sort();
}

describe('Event', () => {
  it('has a type, and a target once it is dispatched', () => {
    const event = new Event('foo');
    expect(event.type).toBe('foo');
    expect(event.target).toBeNull();
    expect(enumerated(event)).toEqual(['target', 'type']);
  });

  it('cannot be changed', () => {
    expect(() => Object.assign(new Event('foo'), { type: 'bar' })).toThrow(TypeError);
  });
});

describe('CloseEvent', () => {
  it('says how the connection closed', () => {
    const event = new CloseEvent('close', { code: 1001, reason: 'foo', wasClean: true });
    expect([event.code, event.reason, event.wasClean]).toEqual([1001, 'foo', true]);
    expect(event).toBeInstanceOf(Event);
    expect(enumerated(event)).toEqual(['code', 'reason', 'target', 'type', 'wasClean']);
  });

  it('has defaults', () => {
    const event = new CloseEvent('close');
    expect([event.code, event.reason, event.wasClean]).toEqual([0, '', false]);
  });
});

describe('ErrorEvent', () => {
  it('has the error and its message', () => {
    const error = new Error('foo');
    const event = new ErrorEvent('error', { error, message: 'bar' });
    expect([event.error, event.message]).toEqual([error, 'bar']);
    expect(enumerated(event)).toEqual(['error', 'message', 'target', 'type']);
  });

  it('has defaults', () => {
    const event = new ErrorEvent('error');
    expect([event.error, event.message]).toEqual([null, '']);
  });
});

describe('MessageEvent', () => {
  it('has the data', () => {
    const event = new MessageEvent('message', { data: 'foo' });
    expect(event.data).toBe('foo');
    expect(enumerated(event)).toEqual(['data', 'target', 'type']);
  });

  it('has defaults', () => {
    expect(new MessageEvent('message').data).toBeNull();
  });
});
