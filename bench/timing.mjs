/** How long everything takes. */

import { BASELINE } from './peers.mjs';

/** What a run may take, in seconds, and the least and most that a peer is given in a round. */
const BUDGET = { quick: 155, full: 28 * 60 };
const SECONDS = { least: 0.2, most: 3 };

/**
 * Before a round, for compilers, unless the workload or the peer takes them longer; and before every slice
 * of a round, for caches and for what the peer before still had to do.
 */
export const WARM_UP = 0.6;
export const WARM_UP_AGAIN = 0.025;

/** A slice of a round, unless the workload wants longer ones: shorter than most of a machine's moods. */
export const SLICE = 0.075;

/** What starting and stopping a process takes. */
export const OVERHEAD = 0.5;

/**
 * What a measurement of memory takes, which mostly waits for collectors of garbage. Two go on at once, each
 * process on a core of its own: with four, collectors came late, and two peers had a fifth more.
 */
export const MEMORY = 26;
export const MEMORY_AT_ONCE = 2;

/** In how many processes at once the baseline is measured, as every ratio has its error. */
export const BASELINES = 2;

/**
 * @typedef {object} Part
 * @property {import('./workloads.mjs').Workload} workload
 * @property {import('./peers.mjs').Peer[]} peers
 */

/** Rounds unless told otherwise. */
export const ROUNDS = { quick: 2, full: 3 };

export class Timing {
  /** What a peer is measured for in a round, in seconds. */
  seconds;
  rounds;

  /**
   * @param {Part[]} plan
   * @param {number} rounds
   * @param {{ quick?: boolean, seconds?: number }} options Without `seconds` all shall fit into the budget
   *   of a run, or of a quick one.
   */
  constructor(plan, rounds, { quick = false, seconds }) {
    this.rounds = rounds;
    this.seconds = seconds ?? this.#fitting(plan, quick ? BUDGET.quick : BUDGET.full);
  }

  #fitting(plan, budget) {
    const memory = plan.filter(({ workload }) => workload.kind === 'memory');
    const timed = plan.filter(({ workload }) => workload.kind !== 'memory');
    const rest = budget - sum(memory, (part) => this.of(part));
    const each = rest / this.rounds - sum(timed, (part) => this.#preparing(part));
    const share = SLICE / (SLICE + WARM_UP_AGAIN);
    const fits = (each / sum(timed, (part) => processes(part).length)) * share;
    return Math.min(SECONDS.most, Math.max(SECONDS.least, fits));
  }

  /** What all processes of a round take before they are measured. */
  #preparing(part) {
    return sum(processes(part), (peer) => OVERHEAD + this.warmUp(part.workload, peer));
  }

  warmUp(workload, peer) {
    return Math.max(WARM_UP, workload.warmUp ?? 0, peer.warmUp ?? 0);
  }

  /** Length of a slice, and how often the peers take turns in a round. */
  slices({ slice = SLICE }) {
    return { length: slice, count: Math.max(1, Math.round(this.seconds / slice)) };
  }

  /** What all peers of a workload take, in all rounds. */
  of(part) {
    const { workload, peers } = part;
    if (workload.kind === 'memory') return Math.ceil(peers.length / MEMORY_AT_ONCE) * MEMORY;
    const { length, count } = this.slices(workload);
    const turns = processes(part).length * count * (length + WARM_UP_AGAIN);
    return this.rounds * (this.#preparing(part) + turns);
  }
}

/** The peer of every process of a round. */
export function processes({ workload, peers }) {
  if (workload.kind === 'memory') return peers;
  const more = peers.filter(({ name }) => name === BASELINE);
  return [...peers, ...Array.from({ length: BASELINES - 1 }, () => more).flat()];
}

function sum(all, what) {
  return all.reduce((sum, one) => sum + what(one), 0);
}
