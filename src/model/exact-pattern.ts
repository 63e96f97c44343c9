/** How a pattern is written. Clients write patterns as the hub does, so this file runs in a browser as well. */

/** A value as it is written inside a pattern. */
export function escapeValue(value: string): string {
  return value.replaceAll('.', '\\1').replaceAll(',', '\\2').replaceAll('*', '\\3');
}

/** The pattern of exact values, whatever characters they hold; `undefined` means any value. */
export function exactPattern(...values: readonly [type?: string, action?: string, key?: string]): string {
  const [type, action, key] = values;
  return [type, action, key].map((value) => (value === undefined ? '*' : escapeValue(value))).join('.');
}
