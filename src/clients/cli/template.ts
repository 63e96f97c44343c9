import { parseExactly } from './exact-json.ts';
import { harmless } from './text-width.ts';

/** Returns a function that writes the fields of an event, which `{{path}}` names, into a text. `\n` and `\t` are signs too. */
export function templateOf(template: string): (text: string) => string {
  const parts = template
    .replaceAll('\\n', '\n')
    .replaceAll('\\t', '\t')
    .split(/\{\{\s*([^{}]+?)\s*\}\}/);
  return (text) => {
    const event = parseExactly(text);
    return parts.map((part, i) => (i % 2 === 0 ? part : harmless(asText(valueAt(event, part))))).join('');
  };
}

function valueAt(value: unknown, path: string): unknown {
  let found = value;
  for (const name of path.split('.')) {
    if (typeof found !== 'object' || found === null || !Object.hasOwn(found, name)) return undefined;
    found = (found as Readonly<Record<string, unknown>>)[name];
  }
  return found;
}

function asText(value: unknown): string {
  if (value === undefined) return '';
  return typeof value === 'string' ? value : JSON.stringify(value);
}
