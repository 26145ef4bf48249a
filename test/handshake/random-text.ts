/** Reproducible random texts: the same `seed` gives the same sequence. */
export function* randomTexts(alphabet: readonly string[], count: number, seed: number) {
  let state = seed;
  // Numerical Recipes' linear congruential generator, high bits.
  const next = (limit: number) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return Math.floor((state / 2 ** 32) * limit);
  };

  for (let i = 0; i < count; i++) {
    let text = '';
    for (let length = next(12); length > 0; length--) text += alphabet[next(alphabet.length)];
    yield text;
  }
}

/** The value `run` returns, or the class and text of what it throws. */
export function outcome(run: () => unknown): unknown {
  try {
    return { value: run() };
  } catch (error) {
    return { thrown: `${(error as Error).name}: ${(error as Error).message}` };
  }
}
