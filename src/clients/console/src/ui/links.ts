/** The screen of connections with those that have this value. */
export function connectionsLink(field: 'node' | 'principal', value: string): string {
  const quoted = /^[^\s"]+$/.test(value) ? value : `"${value.replaceAll('"', '')}"`;
  return `/connections?${new URLSearchParams({ q: `${field}=${quoted}` })}`;
}

/** The screen of live events with those of a pattern. */
export function liveLink(pattern: string): string {
  return `/live?${new URLSearchParams({ pattern })}`;
}
