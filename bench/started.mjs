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

  constructor(command, env = process.env) {
    const [file, ...args] = command;
    this.#child = spawn(file, args, { detached: true, env, stdio: ['ignore', 'pipe', 'pipe'] });
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

  /** The first line printed that matches, as a match. Rejects when the process ends without it. */
  line(pattern) {
    return new Promise((resolve, reject) => {
      const look = () => {
        const match = this.#lines.map((line) => pattern.exec(line)).find(Boolean);
        if (match) resolve(match);
        else this.#waiting.push(look);
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
