import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { build } from 'esbuild';
import { onTestFinished } from 'vitest';

const root = join(__dirname, '..', '..');
/** Inside of the project, so that optional packages are found as in this process. */
export const bundle = join(root, 'node_modules', '.cache', 'ferrows', `contract-${process.pid}.js`);
let built: Promise<unknown> | undefined;

/** A program in a process of its own, on the pair of this one. */
export interface OtherProcess {
  child: ChildProcess;
  /** The next line that it prints. */
  line(): Promise<string>;
  exited: Promise<{ status: number | null; errors: string }>;
}

/**
 * Runs `program`, CommonJS in which `ferrows` is the library, built from the sources, and `assert`
 * is Node's. The test's end ends it.
 */
export async function runProgram(program: string, env: object = {}): Promise<OtherProcess> {
  built ??= build({
    entryPoints: [join(root, 'src', 'index.ts')],
    bundle: true,
    platform: 'node',
    format: 'cjs',
    outfile: bundle,
    logLevel: 'silent'
  });
  await built;

  const source = `
    const ferrows = require(${JSON.stringify(bundle)});
    const assert = require('node:assert');
    ${program}`;
  const child = spawn(process.execPath, ['-e', source], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: {
      ...process.env,
      NODE_OPTIONS: '',
      FERROWS_NATIVE_LIBRARY_PATH: join(root, 'build', 'ferrows.node'),
      ...env
    }
  });
  onTestFinished(() => void child.kill('SIGKILL'));

  let output = '';
  let errors = '';
  child.stdout.setEncoding('utf8').on('data', (text) => (output += text));
  child.stderr.setEncoding('utf8').on('data', (text) => (errors += text));
  const exited = once(child, 'close').then(([status]) => ({ status, errors }));

  return {
    child,
    exited,
    async line() {
      while (!output.includes('\n')) {
        await Promise.race([once(child.stdout, 'data'), exited]);
        const end = child.exitCode ?? child.signalCode;
        if (end !== null && !output.includes('\n')) {
          throw new Error(`ended with ${end} without printing a line: ${errors}`);
        }
      }
      const end = output.indexOf('\n');
      const line = output.slice(0, end);
      output = output.slice(end + 1);
      return line;
    }
  };
}
