/** Compares the suite's reports with the committed expectations. */

import { readFileSync } from 'node:fs';

/**
 * @typedef {{ behavior: string, behaviorClose: string }} Result
 * @typedef {Record<string, Result>} Results Results by case, as the suite's index.json has them for one agent.
 */

/**
 * Reads expected.json: every case of the suite is expected to be OK in behaviour and closing, but
 * for those the file names.
 *
 * @param {string | URL} file
 * @returns {Results}
 */
export function readExpected(file) {
  const { cases, behavior, behaviorClose } = JSON.parse(readFileSync(file, 'utf8'));
  return Object.fromEntries(
    cases.map((id) => [
      id,
      { behavior: behavior[id] ?? 'OK', behaviorClose: behaviorClose[id] ?? 'OK' }
    ])
  );
}

/**
 * The cases that the suite's patterns (`*` stands for anything) leave over.
 *
 * @param {Results} expected
 * @param {string[]} include
 * @param {string[]} exclude
 * @returns {Results}
 */
export function select(expected, include, exclude) {
  const matches = (id, patterns) => patterns.some((pattern) => matcher(pattern).test(id));
  return Object.fromEntries(
    Object.entries(expected).filter(([id]) => matches(id, include) && !matches(id, exclude))
  );
}

const matcher = (pattern) =>
  new RegExp(`^${pattern.replaceAll('.', '\\.').replaceAll('*', '.*')}$`);

/**
 * One line for every case whose result is not the expected one, that did not run, or that nobody
 * expected. Empty when the report is as it should be.
 *
 * @param {Results} expected
 * @param {Results} actual
 * @returns {string[]}
 */
export function differences(expected, actual) {
  const lines = [];
  for (const id of Object.keys({ ...expected, ...actual })) {
    const want = expected[id];
    const got = actual[id];
    if (got === undefined) lines.push(`${id}: did not run`);
    else if (want === undefined) lines.push(`${id}: ran, but is not in expected.json`);
    else {
      for (const part of ['behavior', 'behaviorClose']) {
        if (got[part] !== want[part]) {
          lines.push(`${id}: ${part} is ${got[part]}, expected ${want[part]}`);
        }
      }
    }
  }
  return lines;
}

/**
 * How many cases have which result, as text: `510 OK, 4 NON-STRICT`.
 *
 * @param {Results} results
 * @param {'behavior' | 'behaviorClose'} part
 */
export function tally(results, part) {
  const counts = new Map();
  for (const result of Object.values(results)) {
    counts.set(result[part], (counts.get(result[part]) ?? 0) + 1);
  }
  return [...counts]
    .sort((a, b) => b[1] - a[1])
    .map(([name, count]) => `${count} ${name}`)
    .join(', ');
}
