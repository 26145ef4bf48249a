import type { IntendedDifference } from './scenarios.mjs';

export interface Library {
  require: string;
  import: string;
}

export interface Transcription {
  /** What the library's `backend` export says, null for ws. */
  backend: { endpoint: string; transport: string; masking: string; reason: string } | null;
  /** Text by scenario id. */
  transcripts: Map<string, string>;
  milliseconds: Map<string, number>;
}

export const WS: Library;
export const FERROWS: Library;
export function transcribe(
  library: Library,
  options?: { env?: Record<string, string>; only?: string }
): Promise<Transcription>;

export interface Lines {
  ws: string[];
  ferrows: string[];
}

export function judge(
  theirs: string,
  ours: string,
  differs?: IntendedDifference[],
  backend?: { endpoint: string; transport: string }
): { found: Lines; intended: Lines };
