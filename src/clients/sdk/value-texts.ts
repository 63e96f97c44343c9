/** Texts with brackets and commas in them, and the brackets and commas between values. */
const TOKEN = /"[^"\\]*(?:\\.[^"\\]*)*"|[[\]{},]/gs;

/**
 * The values of the first list in a valid JSON text, each as it is written there. Parsing and writing them again would round whole
 * numbers that are too large for JavaScript.
 */
export function valueTexts(json: string): string[] {
  const texts: string[] = [];
  let depth = 0;
  let from = 0;
  TOKEN.lastIndex = json.indexOf('[');
  for (let found = TOKEN.exec(json); found !== null; found = TOKEN.exec(json)) {
    const [token] = found;
    const { index } = found;
    if (token === '[' || token === '{') {
      if (depth++ === 0) from = index + 1;
      continue;
    }
    if (token === ']' || token === '}') depth--;
    const isEnd = depth === 0;
    if (!isEnd && !(token === ',' && depth === 1)) continue;
    const text = json.slice(from, index).trim();
    if (text !== '') texts.push(text);
    if (isEnd) break;
    from = index + 1;
  }
  return texts;
}
