export interface Result {
  behavior: string;
  behaviorClose: string;
}

/** Results by case. */
export type Results = Record<string, Result>;

export function readExpected(file: string | URL): Results;
export function select(expected: Results, include: string[], exclude: string[]): Results;
export function differences(expected: Results, actual: Results): string[];
export function tally(results: Results, part: 'behavior' | 'behaviorClose'): string;
