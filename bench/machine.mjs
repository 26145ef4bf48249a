/** What everything runs on. */

import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import os from 'node:os';

/** Processor, memory, kernel and Node.js, for the record. */
export function describe() {
  return {
    cpu: os.cpus()[0]?.model.trim() ?? 'unknown',
    cores: os.cpus().length,
    memory_gib: Math.round(os.totalmem() / 2 ** 30),
    kernel: `${os.type()} ${os.release()}`,
    arch: process.arch,
    node: process.version
  };
}

/**
 * Commands that keep what they start on one core each: the process under test, and its load. Cores
 * that share nothing, if there are any. Both empty where that cannot be done.
 */
export function pinning() {
  if (os.cpus().length < 2 || spawnSync('taskset', ['-V']).status !== 0) {
    return { tested: [], load: [] };
  }
  const other = os.cpus().findIndex((_, core) => core > 0 && !siblings().includes(core));
  const pin = (core) => ['taskset', '-c', String(core)];
  return { tested: pin(0), load: pin(other === -1 ? 1 : other) };
}

/** The hardware threads of the first core. */
function siblings() {
  try {
    const list = readFileSync('/sys/devices/system/cpu/cpu0/topology/thread_siblings_list', 'utf8');
    return list.split(',').flatMap((part) => {
      const [first, last = first] = part.split('-').map(Number);
      return Array.from({ length: last - first + 1 }, (_, i) => first + i);
    });
  } catch {
    return [0];
  }
}

/** How many descriptors a process that is started from here may have. */
export function descriptorLimit() {
  const { stdout } = spawnSync('sh', ['-c', 'ulimit -Hn'], { encoding: 'utf8' });
  return stdout.trim() === 'unlimited' ? Infinity : Number(stdout);
}
