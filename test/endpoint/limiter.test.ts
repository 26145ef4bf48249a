import { expect, it } from 'vitest';
import { LimitedJob, Limiter } from '../../src/endpoint/limiter.js';

class Job extends LimitedJob {
  constructor(
    readonly name: string,
    readonly log: string[]
  ) {
    super();
  }

  override run(): void {
    this.log.push(this.name);
  }
}

function jobs(names: string): { log: string[]; all: Job[] } {
  const log: string[] = [];
  return { log, all: [...names].map((name) => new Job(name, log)) };
}

it('runs as many jobs at a time as it is told', () => {
  const limiter = new Limiter(2);
  const { log, all } = jobs('abc');
  for (const job of all) limiter.add(job);
  expect(log).toEqual(['a', 'b']);
  expect(limiter.running).toBe(2);
  expect(limiter.waiting).toBe(1);
});

it('runs waiting jobs in the order of their arrival', () => {
  const limiter = new Limiter(1);
  const { log, all } = jobs('abcde');
  for (const job of all) limiter.add(job);
  for (const job of all) limiter.release(job);
  expect(log).toEqual(['a', 'b', 'c', 'd', 'e']);
  expect(limiter.running).toBe(0);
});

it('lets a job that comes back queue up behind those that wait', () => {
  const limiter = new Limiter(1);
  const { log, all } = jobs('abc');
  for (const job of all) limiter.add(job);
  limiter.release(all[0]);
  limiter.add(all[0]);
  limiter.release(all[1]);
  limiter.release(all[2]);
  expect(log).toEqual(['a', 'b', 'c', 'a']);
});

it.each(['b', 'c', 'd'])('forgets the waiting job %s wherever it stands', (name) => {
  const limiter = new Limiter(1);
  const { log, all } = jobs('abcd');
  for (const job of all) limiter.add(job);
  limiter.release(all['abcd'.indexOf(name)]);
  expect(limiter.waiting).toBe(2);
  for (const job of all) limiter.release(job);
  expect(log).toEqual([...'abcd'].filter((other) => other !== name));
  expect(limiter.running).toBe(0);
});

it('takes a job again after it was forgotten', () => {
  const limiter = new Limiter(1);
  const { log, all } = jobs('ab');
  limiter.add(all[0]);
  limiter.add(all[1]);
  limiter.release(all[1]);
  limiter.add(all[1]);
  limiter.release(all[0]);
  expect(log).toEqual(['a', 'b']);
});

it('gives a slot back once, however often a job is released', () => {
  const limiter = new Limiter(1);
  const { log, all } = jobs('abc');
  for (const job of all) limiter.add(job);
  limiter.release(all[0]);
  limiter.release(all[0]);
  expect(log).toEqual(['a', 'b']);
  expect(limiter.running).toBe(1);
});

it.each([0, NaN, Infinity, -1])('has no limit when told %s', (concurrency) => {
  const limiter = new Limiter(concurrency);
  const { log, all } = jobs('abcdefghijkl');
  for (const job of all) limiter.add(job);
  expect(log).toHaveLength(12);
});

it('empties a long queue without a turn for the jobs that left it', () => {
  const limiter = new Limiter(1);
  const log: string[] = [];
  const all = Array.from({ length: 50_000 }, (_, i) => new Job(String(i), log));
  for (const job of all) limiter.add(job);
  for (let i = 1; i < all.length - 1; i++) limiter.release(all[i]);
  expect(limiter.waiting).toBe(1);
  limiter.release(all[0]);
  expect(log).toEqual(['0', '49999']);
});
