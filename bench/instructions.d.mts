export function compare(
  baseline: Record<string, number>,
  measured: Record<string, number>
): { lines: string[]; failed: number };
