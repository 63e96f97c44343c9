import type { Written } from '../../model/exact-number.ts';

/** Parses JSON so that `JSON.stringify` writes each number with the same digits as in this text. */
export function parseExactly(text: string): unknown {
  return JSON.parse(text, (_key, value: unknown, { source }: Written) =>
    typeof value === 'number' && source !== undefined && source !== String(value)
      ? JSON.rawJSON(source)
      : value,
  );
}
