import { AsyncLocalStorage } from 'node:async_hooks';
import { describe, expect, it } from 'vitest';
import { currentScope, inScope } from '../../src/transport/scope.js';

describe('the scope of a connection', () => {
  it('has the stores of where it was made', () => {
    const [one, two] = [new AsyncLocalStorage<number>(), new AsyncLocalStorage<string>()];
    const scope = one.run(1, () => two.run('two', currentScope));
    expect(scope.runInAsyncScope(() => [one.getStore(), two.getStore()])).toEqual([1, 'two']);
    expect([one.getStore(), two.getStore()]).toEqual([undefined, undefined]);
  });

  it('keeps somebody else’s store from those that have none', () => {
    const storage = new AsyncLocalStorage<string>();
    // Where the test runs there may be stores of its runner's.
    const scope = storage.exit(currentScope);
    expect(storage.run('another', () => scope.runInAsyncScope(() => storage.getStore()))).toBe(
      undefined
    );
  });

  it('is not shared by those that have stores', () => {
    const storage = new AsyncLocalStorage<number>();
    const scopes = [1, 2].map((store) => storage.run(store, currentScope));
    expect(scopes.map((scope) => scope.runInAsyncScope(() => storage.getStore()))).toEqual([1, 2]);
  });
});

describe('a callback in scope', () => {
  it('has the stores of where it was bound, and its error', () => {
    const storage = new AsyncLocalStorage<string>();
    const called: unknown[] = [];
    const error = new Error('why');
    const callback = storage.run('bound', () =>
      inScope((why) => called.push(storage.getStore(), why))
    );
    storage.run('called', () => callback(error));
    expect(called).toEqual(['bound', error]);
  });
});
