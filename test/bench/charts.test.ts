import { execFile } from 'node:child_process';
import { mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

const execute = promisify(execFile);
const root = path.join(__dirname, '..', '..');

const report = { per_second: 1234, megabytes_per_second: 1, p50: 10, p99: 20, p99_9: 30 };
const peer = (name: string, figure: number, median: number) => ({
  name,
  version: '1.2.3',
  figure,
  ratio: { median, low: median, high: median },
  report
});
const RECORD = {
  measured: '2020-02-02T00:00:00.000Z',
  note: 'The abacus was cold.',
  machine: {
    cpu: 'Abacus <1>',
    cores: 2,
    memory_gib: 1,
    kernel: 'Linux 1',
    arch: 'x64',
    node: 'v20'
  },
  pinned: true,
  baseline: 'ws + bufferutil',
  rounds: 3,
  window: { seconds: 1, slice: 0.1, warm_up: 0.5 },
  results: [
    {
      workload: { name: 'echo-20-16', title: 'echo of 20 B', kind: 'server' },
      peers: [
        peer('ws + bufferutil', 4, 1),
        peer('ferrows native', 1, 0.25),
        { name: 'bun', version: '1.2.3', problem: 'it did not listen in time' }
      ]
    },
    {
      workload: { name: 'idle-10k', title: 'memory of a connection', kind: 'memory' },
      peers: [peer('ws + bufferutil', 4000, 1), peer('ferrows native', 3000, 0.75)]
    }
  ]
};

describe('npm run bench:charts', () => {
  let folder: string;
  const text = (name: string) => readFileSync(path.join(folder, name), 'utf8');

  beforeAll(async () => {
    folder = mkdtempSync(path.join(tmpdir(), 'ferrows-charts-'));
    const results = path.join(folder, 'results.json');
    writeFileSync(results, JSON.stringify(RECORD));
    const charts = path.join(root, 'bench', 'charts.mjs');
    await execute(process.execPath, [charts, results, '--output', folder]);
  }, 60_000);

  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  it('draws what was measured, for light and for dark pages', () => {
    expect(readdirSync(path.join(folder, 'doc', 'charts')).sort()).toEqual(
      ['echo', 'memory', 'overview'].flatMap((name) => [`${name}-dark.svg`, `${name}-light.svg`])
    );
    const svg = text('doc/charts/overview-light.svg');
    expect(svg).toContain('Abacus &lt;1>');
    expect(svg).toContain('0.25×');
    expect(svg).not.toContain('memory of a connection');
    expect(text('doc/charts/overview-dark.svg')).not.toBe(svg);
  });

  it('writes the tables of doc/performance.md, failures with their reason', () => {
    const page = text('doc/performance.md');
    expect(page).toContain('src="charts/echo-light.svg"');
    expect(page).toContain('\nThe abacus was cold.\n');
    expect(page).toContain('each round 1.0 s in slices of 100 ms, after 0.5 s of warm-up.');
    expect(page).toContain('| ferrows native | 1.00 µs | 0.25 | 0.25–0.25 | 1,234 |');
    expect(page).toContain('| ferrows native | 3.0 KB | 0.75 | 0.75–0.75 |');
    expect(page).toContain('| bun | – (it did not listen in time) |');
  });

  it('writes the picture and the ratios into README.md, and nothing else there', () => {
    const marks = /(<!-- npm run bench:charts writes this -->\n)[^]*?(<!-- as far as here -->\n)/;
    const now = readFileSync(path.join(root, 'README.md'), 'utf8');
    const written = text('README.md');
    expect(now).toMatch(marks);
    expect(written.replace(marks, '$1$2')).toBe(now.replace(marks, '$1$2'));
    const [section] = marks.exec(written)!;
    expect(section).toContain('src="doc/charts/overview-light.svg"');
    expect(section).toContain('| echo of 20 B | 4.00 µs | 0.25 |');
  });
});
