/** All peers under all workloads, in turns. */

import { Session, measureMemory } from './measure.mjs';
import { BASELINE } from './peers.mjs';
import { mean, median, ratio } from './statistics.mjs';
import { MEMORY, MEMORY_AT_ONCE, OVERHEAD, WARM_UP_AGAIN, processes } from './timing.mjs';

/**
 * @typedef {object} Measured
 * @property {import('./workloads.mjs').Workload} workload
 * @property {object[]} peers By peer: name, version, backend, figure, ratio, report, or a problem.
 */

export class Rounds {
  #timing;
  #pinning;
  #progress;

  /**
   * @param {import('./timing.mjs').Timing} timing
   * @param {import('./measure.mjs').Pinning} pinning
   * @param {import('./progress.mjs').Progress} progress
   */
  constructor(timing, pinning, progress) {
    this.#timing = timing;
    this.#pinning = pinning;
    this.#progress = progress;
  }

  /**
   * The rounds of a workload lie as far apart as possible: the machine has moods of minutes, too.
   *
   * @param {import('./timing.mjs').Part[]} plan
   * @returns {Promise<Measured[]>}
   */
  async of(plan) {
    const parts = plan.map((part) => ({
      ...part,
      all: processes(part).map((peer) => ({ peer, measured: [] }))
    }));
    for (let round = 0; round < this.#timing.rounds; round++) {
      for (const part of parts) {
        if (part.workload.kind !== 'memory') await this.#round(part, round);
        // It is the same every time.
        else if (round === 0) await this.#memory(part);
      }
    }
    return parts.map(compared);
  }

  /**
   * Every peer starts afresh, as one process can be a third slower than the next one for as long as it
   * lives. Then they take turns every few milliseconds, so that a mood of the machine meets them all.
   */
  async #round({ workload, all }, round) {
    const doing = `round ${round + 1}, ${workload.name}`;
    this.#progress.show(`${doing} starts`);
    await together(all, async (one) => {
      one.session = await Session.open(one.peer, workload, this.#pinning);
      one.backend = one.session.backend;
      this.#progress.advance(OVERHEAD);
    });
    await each(all, round, async ({ peer, session }) => {
      this.#progress.show(`${doing}: ${peer.name} warms up`);
      const warmUp = this.#timing.warmUp(workload, peer);
      await session.warmUp(warmUp);
      this.#progress.advance(warmUp);
    });
    const { length, count } = this.#timing.slices(workload);
    for (let turn = 0; turn < count; turn++) {
      this.#progress.show(doing);
      await each(all, turn, async ({ session }) => {
        await session.measure(WARM_UP_AGAIN, length);
        this.#progress.advance(length + WARM_UP_AGAIN);
      });
    }
    await together(all, async ({ session, measured }) => {
      measured.push(await session.report());
      await session.close();
    });
  }

  async #memory({ workload, all }) {
    for (let first = 0; first < all.length; first += MEMORY_AT_ONCE) {
      const some = all.slice(first, first + MEMORY_AT_ONCE);
      this.#progress.show(`${workload.name}: ${some.map(({ peer }) => peer.name).join(', ')}`);
      await together(some, async (one) => {
        const { tested, load } = this.#pinning;
        const pinning = one === some[0] ? { tested, load } : { tested: load, load: tested };
        const measured = await measureMemory(one.peer, workload, pinning);
        one.backend = measured.backend;
        one.measured.push(measured);
      });
      this.#progress.advance(MEMORY);
    }
  }
}

/** Does something with one peer after the other, beginning with another in every turn. */
async function each(all, turn, what) {
  for (let index = 0; index < all.length; index++) {
    await attempt(all[(index + turn) % all.length], what);
  }
}

/** Does something with all peers at once. */
async function together(all, what) {
  await Promise.all(all.map((one) => attempt(one, what)));
}

/** A peer that fails is left out from then on. */
async function attempt(one, what) {
  if (one.problem) return;
  try {
    await what(one);
  } catch (error) {
    one.problem = error.message;
    await one.session?.close();
  }
}

/** What was measured of all peers, beside that of the baseline. */
function compared({ workload, peers, all }) {
  const processesOf = (peer) => all.filter((one) => one.peer === peer);
  const problemOf = (peer) => processesOf(peer).find(({ problem }) => problem)?.problem;
  const figuresOf = (peer) => {
    const [one, ...others] = processesOf(peer).map(({ measured }) => measured);
    return one.map(({ figure }, round) =>
      mean([figure, ...others.map((measured) => measured[round].figure)])
    );
  };
  const baseline = peers.find((peer) => peer.name === BASELINE && !problemOf(peer));
  return {
    workload,
    peers: peers.map((peer) => {
      const { name, version } = peer;
      const problem = problemOf(peer);
      if (problem) return { name, version, problem };
      const figures = figuresOf(peer);
      const processes = processesOf(peer);
      const reports = processes.flatMap(({ measured }) => measured.map(({ report }) => report));
      return {
        name,
        version,
        backend: processes[0].backend,
        figure: median(figures),
        ratio: baseline && ratio(figures, figuresOf(baseline)),
        report: summary(reports, workload),
        rounds: reports
      };
    })
  };
}

/** Medians of what stands beside the headline figure. */
function summary(reports, { kind, unit = 'message' }) {
  if (kind === 'memory') return {};
  const middle = (pick) => median(reports.map(pick));
  return {
    per_second: middle((report) => report[`${unit}s_per_second`]),
    megabytes_per_second: middle((report) => report.megabytes_per_second ?? 0),
    p50: middle((report) => report.latency_us.p50),
    p99: middle((report) => report.latency_us.p99),
    p99_9: middle((report) => report.latency_us['p99.9'])
  };
}
