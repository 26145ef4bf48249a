// Finds the scenarios: every module under scenarios/ exports an array of them.
import { readdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const folder = fileURLToPath(new URL('./scenarios/', import.meta.url));

/**
 * A scenario is `{ title, run(ws, t, …), differs? }`; its `id` is the module's path and the title.
 * `differs` lists intended differences: `{ row, ws: [lines], ferrows: [lines] }`, where `row` is the
 * name of a row in doc/compatibility.md; with `endpoint` or `transport`, only that one
 * differs.
 */
export async function loadScenarios(only = /(?:)/) {
  const found = [];
  for (const file of readdirSync(folder, { recursive: true }).sort()) {
    if (!file.endsWith('.mjs')) continue;
    const theme = file.replace(/\.mjs$/, '').replaceAll('\\', '/');
    const { default: scenarios } = await import(new URL(`./scenarios/${file}`, import.meta.url));
    for (const scenario of scenarios) {
      found.push({ ...scenario, theme, id: `${theme} › ${scenario.title}` });
    }
  }
  const ids = found.map(({ id }) => id);
  const twice = ids.find((id, i) => ids.indexOf(id) !== i);
  if (twice) throw new Error(`two scenarios are called ${twice}`);
  return found.filter(({ id }) => only.test(id));
}
