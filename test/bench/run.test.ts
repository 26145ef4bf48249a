import { execFile, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

const execute = promisify(execFile);
const root = path.join(__dirname, '..', '..');
const script = (name: string) => path.join(root, 'bench', name);

// Its load is a program that only Linux can run, and that has to be built.
const can = process.platform === 'linux' && spawnSync('cargo', ['--version']).status === 0;

describe('npm run bench', () => {
  it.each([
    [['--bogus'], /Unknown option '--bogus'\nusage: /],
    [['--rounds', '0'], /--rounds 0: not a number of rounds/],
    [['--seconds', 'x'], /--seconds x: /]
  ])('refuses %j in a line', async (options, message) => {
    const run = execute(process.execPath, [script('run.mjs'), ...options]);
    await expect(run).rejects.toMatchObject({ code: 2, stderr: expect.stringMatching(message) });
  });

  it('names its options', async () => {
    const run = [script('run.mjs'), '--help'];
    expect((await execute(process.execPath, run)).stdout).toMatch(/^usage: /);
  });

  describe.runIf(can)('measures', () => {
    interface Peer {
      name: string;
      problem?: string;
      backend?: { endpoint: string };
      figure: number;
      ratio: { median: number };
      rounds: { messages: number }[];
    }
    interface Result {
      workload: { name: string };
      peers: Peer[];
    }
    const WORKLOADS = ['echo-20-16', 'feed-100', 'tls-1k', 'accept'];

    let folder: string;
    let file: string;
    let printed: string;
    let results: Result[];

    beforeAll(async () => {
      folder = mkdtempSync(path.join(tmpdir(), 'ferrows-bench-'));
      file = path.join(folder, 'results.json');
      const options = ['--rounds', '2', '--seconds', '0.2', '--output', file];
      options.push('--peer', 'ferrows portable', '--peer', 'broken=false');
      options.push(...WORKLOADS.flatMap((name) => ['--workload', name]));
      ({ stdout: printed } = await execute(process.execPath, [script('run.mjs'), ...options]));
      ({ results } = JSON.parse(readFileSync(file, 'utf8')));
    }, 300_000);

    afterAll(() => rmSync(folder, { recursive: true, force: true }));

    const found = (workload: string, name: string) =>
      results
        .find((result) => result.workload.name === workload)
        ?.peers.find((peer) => peer.name === name);

    it.each(WORKLOADS)('%s', (workload) => {
      const peer = found(workload, 'ferrows portable');
      expect(peer).toMatchObject({ backend: { endpoint: 'portable' } });
      expect(peer!.problem).toBeUndefined();
      expect(peer!.figure).toBeGreaterThan(0);
      expect(peer!.ratio.median).toBeGreaterThan(0);
      expect(peer!.rounds).toHaveLength(2);
      expect(printed).toMatch(/ferrows portable +[\d.]+ [mµ]s +[\d.]+ /);
    });

    it('the others when a peer fails, which is named with a reason', () => {
      expect(found('echo-20-16', 'broken')).toMatchObject({ problem: 'it ended' });
      expect(printed).toMatch(/broken +– it ended/);
    });

    it('in agreement with itself', async () => {
      const { stdout } = await execute(process.execPath, [script('agreement.mjs'), file, file]);
      expect(stdout).toMatch(/^4 of 4 ratios agree within 15 %; half of them within 0 %/);
    });
  });
});
