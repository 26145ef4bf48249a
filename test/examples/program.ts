import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import path from 'node:path';
import { afterEach } from 'vitest';

const root = path.join(__dirname, '..', '..');

const running = new Set<ChildProcess>();

afterEach(() => {
  for (const child of running) child.kill('SIGKILL');
  running.clear();
});

/** A program of examples/ in a process of its own, ended after the test at the latest. */
export class Program {
  /** Everything it has printed on its standard output and error output. */
  output = '';
  readonly child: ChildProcess;
  private readonly closed: Promise<number | null>;

  /** Starts examples/`file` with `env` added to the environment; it takes a free port. */
  constructor(file: string, env: Record<string, string> = {}) {
    const { CI, NODE_OPTIONS, ...inherited } = process.env;
    this.child = spawn(process.execPath, [path.join(root, 'examples', file)], {
      env: { ...inherited, PORT: '0', ...env },
      stdio: 'pipe'
    });
    running.add(this.child);
    for (const stream of [this.child.stdout!, this.child.stderr!]) {
      stream.setEncoding('utf8').on('data', (text) => {
        this.output += text;
        this.child.emit('output');
      });
    }
    this.closed = once(this.child, 'close').then(([status]) => status);
    this.closed.then(() => this.child.emit('output'));
  }

  /** Waits until it has printed something that matches. Rejects when it ends before that. */
  async prints(pattern: RegExp): Promise<RegExpExecArray> {
    for (;;) {
      const match = pattern.exec(this.output);
      if (match) return match;
      if (this.child.exitCode !== null || this.child.signalCode !== null) {
        await this.closed;
        const last = pattern.exec(this.output);
        if (last) return last;
        throw new Error(`ended without printing ${pattern}:\n${this.output}`);
      }
      await once(this.child, 'output');
    }
  }

  /** The port it listens on. */
  async port(): Promise<number> {
    return Number((await this.prints(/^port (\d+)$/m))[1]);
  }

  /** Waits for its end and returns its exit status, null if a signal ended it. */
  ended(): Promise<number | null> {
    return this.closed;
  }
}
