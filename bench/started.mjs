/** Child processes that cannot be left behind. */

import { spawn } from 'node:child_process';

const running = new Set();

process.on('exit', () => running.forEach((started) => started.kill()));
for (const [signal, status] of [
  ['SIGINT', 130],
  ['SIGTERM', 143],
  ['SIGHUP', 129]
]) {
  process.on(signal, () => process.exit(status));
}

/** A process in a group of its own, with what it has printed. */
export class Started {
  #child;
  #lines = [];
  #waiting = [];
  #errors = '';

  /** Resolves with the exit status, or the signal, when the process has ended. */
  ended;

  /**
   * @param {string[]} command
   * @param {{ env?: NodeJS.ProcessEnv, input?: boolean }} [options] `input`: it can be told something.
   */
  constructor(command, { env = process.env, input = false } = {}) {
    const [file, ...args] = command;
    const stdio = [input ? 'pipe' : 'ignore', 'pipe', 'pipe'];
    this.#child = spawn(file, args, { detached: true, env, stdio });
    // What is told to a process that has ended: its end says all.
    this.#child.stdin?.on('error', () => {});
    running.add(this);
    this.ended = new Promise((resolve) => {
      this.#child.on('error', (error) => {
        this.#errors += error.message;
        resolve('error');
      });
      this.#child.on('close', (status, signal) => resolve(status ?? signal));
    });
    this.ended.then(() => running.delete(this));
    let rest = '';
    this.#child.stdout.setEncoding('utf8').on('data', (text) => {
      const lines = (rest + text).split('\n');
      rest = lines.pop();
      this.#lines.push(...lines);
      this.#waiting.splice(0).forEach((look) => look());
    });
    this.#child.stderr.setEncoding('utf8').on('data', (text) => {
      this.#errors = (this.#errors + text).slice(-2000);
    });
  }

  get pid() {
    return this.#child.pid;
  }

  /** Writes a line to its standard input. */
  tell(line) {
    this.#child.stdin.write(`${line}\n`);
  }

  /**
   * The next line printed that matches, as a match; it and those before it are dealt with then. Rejects
   * when the process ends without it.
   */
  line(pattern) {
    return new Promise((resolve, reject) => {
      const look = () => {
        const found = this.#lines.findIndex((line) => pattern.test(line));
        if (found === -1) this.#waiting.push(look);
        else resolve(pattern.exec(this.#lines.splice(0, found + 1)[found]));
      };
      look();
      this.ended.then(() => reject(this.failure()));
    });
  }

  /** What the process says about its end, in one line. */
  failure() {
    const told = this.#errors
      .trim()
      .split('\n')
      .filter((line) => !/^\s+at /.test(line));
    return new Error(told.find((line) => /error/i.test(line)) ?? (told.at(-1) || 'it ended'));
  }

  kill() {
    if (!running.delete(this) || this.#child.pid === undefined) return;
    try {
      process.kill(-this.#child.pid, 'SIGKILL');
    } catch {
      // It has ended by itself.
    }
  }

  /** Ends the process and everything it started. */
  async stop() {
    this.kill();
    await this.ended;
  }
}
