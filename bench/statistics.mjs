/** What is made of the figures of several rounds. */

/**
 * The middle of some numbers, or the mean of the middle two.
 *
 * @param {number[]} numbers At least one.
 */
export function median(numbers) {
  const sorted = [...numbers].sort((a, b) => a - b);
  const half = sorted.length / 2;
  return (sorted[Math.ceil(half) - 1] + sorted[Math.floor(half)]) / 2;
}

/** @param {number[]} numbers At least one. */
export function mean(numbers) {
  return numbers.reduce((sum, number) => sum + number, 0) / numbers.length;
}

/**
 * Median and range of the ratios of two peers that were measured in the same rounds: what else the
 * machine did in a round hit both.
 *
 * @param {(number | undefined)[]} figures By round; undefined where there is none.
 * @param {(number | undefined)[]} baseline
 * @returns {{ median: number, low: number, high: number } | undefined}
 */
export function ratio(figures, baseline) {
  const ratios = figures
    .map((figure, round) => figure / baseline[round])
    .filter((quotient) => Number.isFinite(quotient));
  if (ratios.length === 0) return undefined;
  return { median: median(ratios), low: Math.min(...ratios), high: Math.max(...ratios) };
}

/**
 * By which share the larger of two ratios is above the smaller one.
 *
 * @param {number} one
 * @param {number} other
 */
export function disagreement(one, other) {
  return Math.max(one, other) / Math.min(one, other) - 1;
}
