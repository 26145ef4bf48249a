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
export function difference(before: string, after: string): [minus: string[], plus: string[]];
