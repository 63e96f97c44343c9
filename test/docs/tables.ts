/** A table in Markdown. */
export function tableOf(head: readonly string[], rows: readonly (readonly string[])[]): string {
  return [head, head.map(() => '---'), ...rows].map((cells) => `| ${cells.join(' | ')} |`).join('\n');
}

/** Escapes text for a cell of a Markdown table. */
export function cell(text: string): string {
  return text
    .replaceAll(/(?<!\\)\|/g, '\\|')
    .replaceAll(/\s+/g, ' ')
    .trim();
}

/** Escapes plain text, so that Markdown reads no part of it as a mark or as HTML. */
export function prose(text: string): string {
  return text.replaceAll(/[<*]|(?<!\w)_+|_+(?!\w)/g, (marks) => marks.replaceAll(/./g, '\\$&'));
}

/** A cell that shows code, or an empty cell. */
export function code(text: string): string {
  return text === '' ? '' : `\`${cell(text)}\``;
}

const SIZES = [
  [1_048_576, 'MiB'],
  [1_024, 'KiB'],
] as const;
const TIMES = [
  [86_400_000, 'days'],
  [3_600_000, 'h'],
  [60_000, 'min'],
  [1_000, 's'],
] as const;

/** An amount in the largest unit in which it is a whole number. */
export function amount(number: number, unit: string): string {
  const units = unit === 'bytes' ? SIZES : unit === 'ms' ? TIMES : [];
  const [size, name] = units.find(([each]) => number >= each && number % each === 0) ?? [1, unit];
  return `${grouped(number / size)}${name === 'entries' ? '' : ` ${name}`}`;
}

export function grouped(number: number): string {
  return number.toLocaleString('en-US');
}
