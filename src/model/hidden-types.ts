/**
 * The event types that tell of connections that open and close, of what these listen to, and of how far sinks came. Among
 * all events they would hide the others, so people and agents are shown them only when a pattern names them.
 */
const COMINGS = ['connections', 'presence', 'interest', 'sink'];

/** The types that these patterns match and that are not shown. */
export function hiddenTypes(patterns: readonly string[]): ReadonlySet<string> {
  const named = new Set(patterns.flatMap((pattern) => (pattern.split('.', 1)[0] ?? '').split(',')));
  return new Set(COMINGS.filter((type) => !named.has(type)));
}
