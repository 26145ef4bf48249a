import { execFile } from 'node:child_process';
import path from 'node:path';
import { promisify } from 'node:util';
import { expect, it } from 'vitest';

const root = path.join(__dirname, '..', '..');

it('npm run demo ends by itself, having compared ws and ferrows on every workload', async () => {
  const { stdout } = await promisify(execFile)('npm', ['run', '--silent', 'demo'], {
    cwd: root,
    shell: process.platform === 'win32',
    env: { ...process.env, DEMO_ROUND_MS: '30' },
    timeout: 60_000
  });
  expect(stdout).toContain('client sent and got back text: "hello"');
  expect(stdout).toContain('client sent and got back binary: [ 1, 2, 3 ]');
  expect(stdout).toContain('connection closed with status code 1000');
  expect(stdout).toMatch(/^ws +\d+\.\d+\.\d+ with(out)? bufferutil/m);
  expect(stdout).toMatch(/^ferrows +\S+ on (portable|native) endpoint, \w+ transport, masking by/m);
  for (const workload of ['echo', 'broadcast']) {
    const table = stdout.slice(stdout.indexOf(`\n${workload}: `));
    expect(table).toMatch(/messages per second +[\d,]*\d +[\d,]*\d +\d+\.\d\dx/);
    expect(table).toMatch(/server CPU per message, us +\d+\.\d\d +\d+\.\d\d +\d+\.\d\dx/);
  }
}, 60_000);
