/** A difference between the transcripts that is intended. */
export interface IntendedDifference {
  /** The name of its row in doc/compatibility.md. */
  row: string;
  /** The only endpoint that has it; all have, if it is left out. */
  endpoint?: 'portable' | 'native';
  /** The only transport that has it. */
  transport?: 'stream' | 'reactor';
  /** The lines only ws records, and those only ferrows records. */
  ws: string[];
  ferrows: string[];
}

export interface LoadedScenario {
  id: string;
  theme: string;
  title: string;
  differs?: IntendedDifference[];
}

export function loadScenarios(only?: RegExp): Promise<LoadedScenario[]>;
