export interface CodeBlock {
  /** What the comment before it names. */
  label: string | undefined;
  language: string;
  code: string;
}

/** The fenced code blocks of a page, in order. */
export function codeBlocks(markdown: string): CodeBlock[] {
  const fenced = /(?:<!-- (\S+) -->\n\n)?^```(\w*)\n([^]*?)^```$/gm;
  return [...markdown.matchAll(fenced)].map(([, label, language, code]) => ({
    label,
    language,
    code
  }));
}
