import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { spawnSync } from 'node:child_process';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { differences, readExpected, select, tally, type Results } from '../../autobahn/report.mjs';

const directory = path.join(__dirname, '..', '..', 'autobahn');
const expected = readExpected(path.join(directory, 'expected.json'));

describe('the expectations', () => {
  it('are the 517 cases of the suite, none of them failed', () => {
    expect(Object.keys(expected)).toHaveLength(517);
    expect(tally(expected, 'behavior')).toBe('510 OK, 4 NON-STRICT, 3 INFORMATIONAL');
    expect(tally(expected, 'behaviorClose')).toBe('514 OK, 3 INFORMATIONAL');
  });

  it('can be narrowed by the patterns of the suite', () => {
    expect(Object.keys(select(expected, ['1.2.*', '10.1.1'], ['1.2.1', '1.2.2']))).toEqual([
      ...[3, 4, 5, 6, 7, 8].map((n) => `1.2.${n}`),
      '10.1.1'
    ]);
  });
});

describe('a report', () => {
  let report: Results;

  beforeEach(() => {
    report = structuredClone(expected);
  });

  it('that equals the expectations has no difference', () => {
    expect(differences(expected, report)).toEqual([]);
  });

  it('with a worse behaviour differs', () => {
    report['5.3'].behavior = 'FAILED';
    expect(differences(expected, report)).toEqual(['5.3: behavior is FAILED, expected OK']);
  });

  it('with a better behaviour differs too, so that the expectations stay true', () => {
    report['6.4.1'].behavior = 'OK';
    expect(differences(expected, report)).toEqual(['6.4.1: behavior is OK, expected NON-STRICT']);
  });

  it('with an unclean close differs', () => {
    report['7.3.2'].behaviorClose = 'UNCLEAN';
    expect(differences(expected, report)).toEqual(['7.3.2: behaviorClose is UNCLEAN, expected OK']);
  });

  it('that lacks a case differs', () => {
    delete report['13.7.18'];
    expect(differences(expected, report)).toEqual(['13.7.18: did not run']);
  });

  it('with a case nobody expected differs', () => {
    report['14.1'] = { behavior: 'OK', behaviorClose: 'OK' };
    expect(differences(expected, report)).toEqual(['14.1: ran, but is not in expected.json']);
  });
});

describe('npm run autobahn -- --compare', () => {
  let file: string;

  beforeEach(() => {
    file = path.join(mkdtempSync(path.join(tmpdir(), 'ferrows-autobahn-')), 'index.json');
  });

  afterEach(() => {
    rmSync(path.dirname(file), { recursive: true });
  });

  const compare = (reports: Record<string, Results>) => {
    writeFileSync(file, JSON.stringify(reports));
    return spawnSync(process.execPath, [path.join(directory, 'run.mjs'), '--compare', file], {
      encoding: 'utf8'
    });
  };

  it('succeeds on a report as expected', () => {
    const { status, stdout } = compare({ agent: expected });
    expect(stdout).toContain('as expected');
    expect(status).toBe(0);
  });

  it('fails and names the case on a tampered report', () => {
    const { '9.1.1': _, ...rest } = expected;
    const { status, stdout } = compare({ agent: rest });
    expect(stdout).toContain('9.1.1: did not run');
    expect(status).toBe(1);
  });

  it('fails on a report without an agent', () => {
    expect(compare({}).status).toBe(1);
  });
});
