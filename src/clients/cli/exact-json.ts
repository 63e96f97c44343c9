declare global {
  interface JSON {
    /** A number that `stringify` writes as this text. */
    rawJSON(text: string): object;
    parse(
      text: string,
      reviver: (key: string, value: unknown, context: { source?: string }) => unknown,
    ): unknown;
  }
}

/** JSON whose numbers are written by `JSON.stringify` as they are here, digit by digit. */
export function parseExactly(text: string): unknown {
  return JSON.parse(text, (_key, value: unknown, { source }: { source?: string }) =>
    typeof value === 'number' && source !== undefined ? JSON.rawJSON(source) : value,
  );
}
