import { expect, it, vi } from 'vitest';
import { Limiter } from '../../src/endpoint/limiter.js';
import { CodecJobs } from '../../src/endpoint/codec-jobs.js';
import type { CodecCallback, CodecSide } from '../../src/endpoint/contract.js';
import { turn } from './codec-calls.js';

/** Work that ends when the test says so. */
class Side implements CodecSide {
  readonly engine = null;
  readonly started: string[] = [];
  readonly pending: CodecCallback[] = [];
  refuses = false;
  closed = 0;

  now(data: Buffer): Buffer | null {
    return String(data) === 'now' ? Buffer.from('at once') : null;
  }

  later(data: Buffer, _fin: boolean, callback: CodecCallback): void {
    if (this.refuses) throw new RangeError('refused');
    this.started.push(String(data));
    this.pending.push(callback);
  }

  close(): void {
    this.closed++;
  }

  end(error: Error | null = null): void {
    this.pending.shift()!(error, Buffer.from('done'));
  }
}

function connection(limiter: Limiter) {
  const side = new Side();
  const jobs = new CodecJobs(side, limiter);
  const log: string[] = [];
  const add = (data: string) =>
    jobs.add(Buffer.from(data), true, (error, result) =>
      log.push(`${data}: ${error?.message ?? result}`)
    );
  return { side, jobs, log, add };
}

it('works off the jobs of a side one at a time, in order', () => {
  const { side, log, add } = connection(new Limiter(10));
  for (const data of ['a', 'b', 'c']) add(data);
  expect(side.started).toEqual(['a']);
  side.end();
  side.end(new Error('bad'));
  side.end();
  expect(side.started).toEqual(['a', 'b', 'c']);
  expect(log).toEqual(['a: done', 'b: bad', 'c: done']);
});

it('keeps the order when what could be done at once comes after what cannot', async () => {
  const { side, log, add } = connection(new Limiter(10));
  add('slow');
  add('now');
  add('slow too');
  await turn();
  expect(log).toEqual([]);
  side.end();
  await turn();
  expect(side.started).toEqual(['slow', 'slow too']);
  expect(log).toEqual(['slow: done', 'now: at once']);
});

it('does at once what can be, without a slot, and says so later', async () => {
  const limiter = new Limiter(1);
  const busy = connection(limiter);
  busy.add('slow');
  const { log, add } = connection(limiter);
  add('now');
  expect(log).toEqual([]);
  await turn();
  expect(log).toEqual(['now: at once']);
});

it('takes turns between connections', () => {
  const limiter = new Limiter(1);
  const [first, second] = [connection(limiter), connection(limiter)];
  for (const data of ['a', 'b']) first.add(data);
  for (const data of ['c', 'd']) second.add(data);
  const order: string[] = [];
  for (let i = 0; i < 4; i++) {
    const side = [first.side, second.side].find(({ pending }) => pending.length > 0)!;
    order.push(side.started.at(-1)!);
    side.end();
  }
  expect(order).toEqual(['a', 'c', 'b', 'd']);
});

it('gives the slot of a closed connection to the next in line', () => {
  const limiter = new Limiter(1);
  const [first, second] = [connection(limiter), connection(limiter)];
  first.add('a');
  second.add('b');
  expect(second.side.started).toEqual([]);
  first.jobs.close();
  expect(second.side.started).toEqual(['b']);
  expect(first.side.closed).toBe(1);
});

it('leaves the line when the connection is closed while it waits', () => {
  const limiter = new Limiter(1);
  const all = [connection(limiter), connection(limiter), connection(limiter)];
  for (const { add } of all) add('x');
  all[1].jobs.close();
  all[0].side.end();
  expect(all.map(({ side }) => side.started.length)).toEqual([1, 0, 1]);
  all[2].side.end();
  expect(limiter.running + limiter.waiting).toBe(0);
});

it('calls nothing back after it was closed, and tells whose calls those are', async () => {
  const { side, jobs, log, add } = connection(new Limiter(10));
  for (const data of ['a', 'now']) add(data);
  expect(jobs.close()).toHaveLength(2);
  side.end();
  await turn();
  expect(log).toEqual([]);
});

it('drops what was done at once when it is closed before it was told', async () => {
  const { jobs, log, add } = connection(new Limiter(10));
  add('now');
  expect(jobs.close()).toHaveLength(1);
  await turn();
  expect(log).toEqual([]);
});

it('throws to the caller what refuses to start, and frees the slot', () => {
  const limiter = new Limiter(1);
  const { side, log, add } = connection(limiter);
  side.refuses = true;
  expect(() => add('a')).toThrow('refused');
  side.refuses = false;
  add('b');
  side.end();
  expect(log).toEqual(['b: done']);
});

it('calls back with what refuses to start after a wait, and frees the slot', async () => {
  const limiter = new Limiter(1);
  const [first, second, third] = [1, 2, 3].map(() => connection(limiter));
  for (const { add } of [first, second, third]) add('x');
  second.side.refuses = true;
  first.side.end();
  await turn();
  expect(second.log).toEqual(['x: refused']);
  expect(third.side.started).toEqual(['x']);
});

it('calls back with what refuses to start after the job before it', async () => {
  const { side, log, add } = connection(new Limiter(1));
  add('a');
  add('b');
  side.refuses = true;
  side.end();
  await turn();
  expect(log).toEqual(['a: done', 'b: refused']);
});

it('has started the next job when a callback throws', () => {
  const limiter = new Limiter(1);
  const { side, jobs } = connection(limiter);
  const later = vi.fn();
  jobs.add(Buffer.from('a'), true, () => {
    throw new Error('thrown by a callback');
  });
  jobs.add(Buffer.from('b'), true, later);
  expect(() => side.end()).toThrow('thrown by a callback');
  side.end();
  expect(later).toHaveBeenCalledOnce();
  expect(limiter.running).toBe(0);
});
