/** A value that can be written into a Lua script: JSON without null. */
export type LuaValue = string | number | boolean | object | undefined;

/**
 * Writes a value as a literal of Lua. Each byte of a text is written as its number, so that no character needs
 * escaping.
 */
export function luaLiteral(value: LuaValue): string {
  if (value === undefined) return 'nil';
  if (typeof value === 'string') return `'${luaBytes(value)}'`;
  if (typeof value !== 'object') return String(value);
  if (isList(value)) return `{ ${value.map(luaLiteral).join(', ')} }`;
  const fields = Object.entries(value) as [string, LuaValue][];
  return `{ ${fields.map(([name, inner]) => `['${luaBytes(name)}'] = ${luaLiteral(inner)}`).join(', ')} }`;
}

/** A set as Lua has it: a table that holds `true` under each value. */
export function luaSet(values: Iterable<string>): { readonly [value: string]: true } {
  return Object.fromEntries(Array.from(values, (value) => [value, true] as const));
}

/**
 * A Lua function of one argument that says whether the argument is one of these values. A script makes its tables anew at
 * each call; comparisons take no time before the function is called.
 */
export function luaOneOf(name: string, values: readonly string[]): string {
  const tests = values.map((value) => `value == ${luaLiteral(value)}`);
  return `local function ${name}(value) return ${tests.join(' or ') || 'false'} end\n`;
}

function isList(value: object): value is readonly LuaValue[] {
  return Array.isArray(value);
}

function luaBytes(text: string): string {
  return Array.from(Buffer.from(text), (byte) => `\\${String(byte).padStart(3, '0')}`).join('');
}
