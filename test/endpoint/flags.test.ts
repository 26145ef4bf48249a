import { describe, expect, it } from 'vitest';
import { flags } from '../../src/endpoint/flags.js';

class Lamp {
  bits = 0;
  declare red: boolean;
  declare green: boolean;
  declare blue: boolean;
}

flags(Lamp.prototype, 0, 'red', 'green');
flags(Lamp.prototype, 2, 'blue');

describe('flags', () => {
  it('are false at first, and need no field but `bits`', () => {
    const lamp = new Lamp();
    expect([lamp.red, lamp.green, lamp.blue]).toEqual([false, false, false]);
    lamp.green = true;
    expect(Object.keys(lamp)).toEqual(['bits']);
  });

  it('are set and cleared one by one, and for one instance', () => {
    const lamp = new Lamp();
    lamp.red = lamp.green = lamp.blue = true;
    lamp.green = true;
    lamp.green = false;
    lamp.green = false;
    expect([lamp.red, lamp.green, lamp.blue]).toEqual([true, false, true]);
    expect(lamp.bits).toBe(0b101);
    expect(new Lamp().blue).toBe(false);
  });
});
