import type { Written } from '../../model/exact-number.ts';

/** JSON whose numbers are written by `JSON.stringify` as they are here, digit by digit. */
export function parseExactly(text: string): unknown {
  return JSON.parse(text, (_key, value: unknown, { source }: Written) =>
    typeof value === 'number' && source !== undefined ? JSON.rawJSON(source) : value,
  );
}
