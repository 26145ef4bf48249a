export interface Ratio {
  median: number;
  low: number;
  high: number;
}

export function mean(numbers: number[]): number;
export function median(numbers: number[]): number;
export function ratio(
  figures: (number | undefined)[],
  baseline: (number | undefined)[]
): Ratio | undefined;
export function disagreement(one: number, other: number): number;
