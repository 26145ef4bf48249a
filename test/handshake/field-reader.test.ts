import { describe, expect, it } from 'vitest';
import { FieldReader } from '../../src/handshake/field-reader.js';

describe('FieldReader', () => {
  it('reads tokens and the separators between them', () => {
    const reader = new FieldReader('a ,\tb');
    expect(reader.token()).toBe('a');
    reader.endItem();
    expect(reader.take(';')).toBe(false);
    expect(reader.take(',')).toBe(true);
    expect(reader.token()).toBe('b');
    reader.endItem();
    expect(reader.atEnd).toBe(true);
  });

  it('allows no blank at the start or the end of the field — RFC 9110 §5.5', () => {
    expect(() => new FieldReader(' a').token()).toThrow('Unexpected character at index 0');

    const reader = new FieldReader('a\t');
    reader.token();
    expect(() => reader.endItem()).toThrow('Unexpected end of input');
  });

  it('removes quotes and escapes of a value — RFC 6455 §9.1', () => {
    expect(new FieldReader('"a\\b"').value()).toBe('ab');
    expect(new FieldReader('ab').value()).toBe('ab');
    expect(() => new FieldReader('"a;b"').value()).toThrow('Unexpected character at index 2');
  });
});
