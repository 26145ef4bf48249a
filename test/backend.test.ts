import { expect, it } from 'vitest';
import { backend } from '../src/index.js';
import { expectedPair } from './contract/expected-pair.js';

it('runs on the pair that the test project is named after', () => {
  const { endpoint, transport, masking } = backend;
  expect({ endpoint, transport, masking }).toEqual(expectedPair());
});

it('says why it runs on it', () => {
  expect(backend.reason).toBeTypeOf('string');
  expect(backend.reason).not.toBe('');
});

it('cannot be talked out of what it says', () => {
  expect(Object.isFrozen(backend)).toBe(true);
});
