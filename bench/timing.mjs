/** How long everything takes. */

/** What a run may take, in seconds, and the least and most that a peer is given in a round. */
const BUDGET = { quick: 155, full: 28 * 60 };
const SECONDS = { least: 0.2, most: 3 };

/**
 * Before a round, for compilers, unless the workload takes them longer; and before every slice of a round,
 * for caches and for what the peer before still had to do.
 */
export const WARM_UP = 0.4;
export const WARM_UP_AGAIN = 0.025;

/** A slice of a round, unless the workload wants longer ones: shorter than most of a machine's moods. */
export const SLICE = 0.075;

/** What starting and stopping processes takes, and what a measurement of memory takes. */
export const OVERHEAD = 0.45;
export const MEMORY = 12;

/** In how many processes at once the baseline is measured, as every ratio has its error. */
export const BASELINES = 2;

/**
 * @typedef {object} Part
 * @property {import('./workloads.mjs').Workload} workload
 * @property {import('./peers.mjs').Peer[]} peers
 */

/** Rounds unless told otherwise. */
export const ROUNDS = { quick: 2, full: 4 };

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
    const sum = (parts, seconds) =>
      parts.reduce((sum, part) => sum + processes(part) * seconds(part.workload), 0);
    const memory = plan.filter(({ workload }) => workload.kind === 'memory');
    const timed = plan.filter(({ workload }) => workload.kind !== 'memory');
    const rest = budget - sum(memory, () => MEMORY);
    const each = rest / this.rounds - sum(timed, (workload) => OVERHEAD + this.warmUp(workload));
    const share = SLICE / (SLICE + WARM_UP_AGAIN);
    const fits = (each / sum(timed, () => 1)) * share;
    return Math.min(SECONDS.most, Math.max(SECONDS.least, fits));
  }

  warmUp({ warmUp = WARM_UP }) {
    return warmUp;
  }

  /** Length of a slice, and how often the peers take turns in a round. */
  slices({ slice = SLICE }) {
    return { length: slice, count: Math.max(1, Math.round(this.seconds / slice)) };
  }

  /** What all peers of a workload take, in all rounds. */
  of(part) {
    const { workload } = part;
    if (workload.kind === 'memory') return processes(part) * MEMORY;
    const { length, count } = this.slices(workload);
    const round = OVERHEAD + this.warmUp(workload) + count * (length + WARM_UP_AGAIN);
    return processes(part) * this.rounds * round;
  }
}

function processes({ workload, peers }) {
  return workload.kind === 'memory' ? peers.length : peers.length + BASELINES - 1;
}
