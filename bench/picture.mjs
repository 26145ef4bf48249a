/**
 * A chart as Markdown, for light and dark pages.
 *
 * @param {{ name: string, title: string }} chart
 * @param {string} folder Where the page finds the pictures.
 */
export function picture({ name, title }, folder) {
  const file = (theme) => `${folder}/${name}-${theme}.svg`;
  return `<picture>
  <source media="(prefers-color-scheme: dark)" srcset="${file('dark')}">
  <img alt="${title}" src="${file('light')}">
</picture>
`;
}
