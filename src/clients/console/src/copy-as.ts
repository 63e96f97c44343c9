/** The same publish, for a terminal or a program. */
import { skipString } from '../../../model/json-walk.ts';
import { scanNumber } from '../../../model/json-scan.ts';

export type CopyForm = 'curl' | 'command' | 'SDK';

export interface Copyable {
  /** One event as JSON, or a list. */
  readonly text: string;
  /** The dialect whose format it has. If it is absent, the hub recognises it by its fields. */
  readonly dialect?: string | undefined;
}

/** In which forms it can be copied: the SDK publishes in the native format only. */
export function copyForms({ dialect = 'native' }: Copyable): readonly CopyForm[] {
  return dialect === 'native' ? ['curl', 'command', 'SDK'] : ['curl', 'command'];
}

/** `base` is the address of the hub, which ends with a slash. The token is taken from `BELFRY_TOKEN`, so it does not leave the page. */
export function copyAs(form: CopyForm, base: string, { text, dialect }: Copyable): string {
  if (form === 'SDK') return withSdk(base, text);
  if (form === 'curl') {
    const query = dialect === undefined ? '' : `?dialect=${encodeURIComponent(dialect)}`;
    return [
      `curl ${quoted(`${base}api/v3/events${query}`)}`,
      '-H "Authorization: Bearer $BELFRY_TOKEN"',
      "-H 'Content-Type: application/json'",
      `--data-binary ${quoted(text)}`,
    ].join(' \\\n  ');
  }
  const option = dialect === undefined ? '' : ` --dialect ${quoted(dialect)}`;
  return `belfry publish ${quoted(text)}${option} --url ${quoted(base)}`;
}

function withSdk(base: string, text: string): string {
  const changed = changedNumbers(text);
  const warning =
    changed.length === 0
      ? ''
      : `// JavaScript changes these numbers: ${changed.join(', ')}. Publish by HTTP to keep them.\n`;
  const list = text.trimStart().startsWith('[') ? text.trim() : `[${text.trim()}]`;
  return `import { connect } from '@belfry/client';

const hub = connect(${JSON.stringify(base)}, { token: process.env.BELFRY_TOKEN });
${warning}const ids = await hub.publishAll(${list});
console.log(ids);
hub.close();
`;
}

/** The numbers that JavaScript would write with other digits. The text is JSON. */
function changedNumbers(text: string): readonly string[] {
  const found = new Set<string>();
  for (let at = 0; at < text.length && found.size < SHOWN;) {
    const character = text.charAt(at);
    if (character === '"') at = skipString(text, at);
    else if (/[-\d]/.test(character)) {
      const end = scanNumber(text, at);
      const written = text.slice(at, end);
      if (String(Number(written)) !== written) found.add(written);
      at = end;
    } else at++;
  }
  return [...found];
}

/** A word of a shell that is taken as it is. */
function quoted(text: string): string {
  return /^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`;
}

/** How many numbers are named. */
const SHOWN = 5;
