import { expect, it } from 'vitest';
import { CLOSED, CLOSING, CONNECTING, OPEN, readyStates } from '../../src/handshake/ready-state.js';

it('names the states by their values', () => {
  expect([CONNECTING, OPEN, CLOSING, CLOSED]).toEqual([0, 1, 2, 3]);
  expect(readyStates).toEqual(['CONNECTING', 'OPEN', 'CLOSING', 'CLOSED']);
});
