/** The variable that names the YAML file. It is the only setting that the file cannot hold. */
export const CONFIG_FILE = 'BELFRY_CONFIG';

/** Names that existing systems use for a setting of Belfry. */
const BORROWED: ReadonlyMap<string, string> = new Map([
  ['NORN_ALLOWED_ORIGINS', 'BELFRY_NORN_ALLOWED_ORIGINS'],
]);

/**
 * Variables that begin with `BELFRY_` and are no settings: those of the tests, and what the CLI and the sources read.
 */
const FOREIGN = /^BELFRY_(TEST_.*|SOURCE_.*|SINK_.*|WEBHOOK_SECRET|URL|TOKEN|CONTEXTS?)$/;

/**
 * Kubernetes writes these into every pod beside a service whose name begins with `belfry`
 * (`BELFRY_SERVICE_HOST`, `BELFRY_PORT=tcp://…`, `BELFRY_REDIS_PORT_6379_TCP_ADDR`).
 */
const SERVICE_LINK = {
  name: /_SERVICE_(HOST|PORT)(_|$)|_PORT_\d+_(TCP|UDP|SCTP)(_|$)/,
  value: /^(tcp|udp|sctp):\/\//,
};

/** `redisUrl` as it is written in the environment: `BELFRY_REDIS_URL`. */
export function settingName(field: string): string {
  return `BELFRY_${field.replaceAll(/[A-Z]/g, (letter) => `_${letter}`).toUpperCase()}`;
}

/** Whether a variable of the environment is meant as a setting, even if no setting has that name. */
export function isOurs(name: string, value: string): boolean {
  if (BORROWED.has(name)) return true;
  if (!name.startsWith('BELFRY_') || FOREIGN.test(name)) return false;
  return !SERVICE_LINK.name.test(name) && !SERVICE_LINK.value.test(value);
}

/** The name of the setting that a name in the environment or the file means. `redis_url` means BELFRY_REDIS_URL too. */
export function canonicalName(written: string): string {
  const name = written === written.toLowerCase() ? `BELFRY_${written.toUpperCase()}` : written;
  return BORROWED.get(name) ?? name;
}

/** The known name that differs from this name by the fewest letters. */
export function nearestName(name: string, known: readonly string[]): string {
  return known.reduce((best, candidate) =>
    distance(name, candidate) < distance(name, best) ? candidate : best,
  );
}

/** The Levenshtein distance: how many letters are to be inserted, removed or replaced. */
function distance(from: string, to: string): number {
  let row = Array.from({ length: to.length + 1 }, (_, index) => index);
  for (let at = 0; at < from.length; at++) {
    const next = [at + 1];
    for (let index = 1; index <= to.length; index++) {
      const replaced = (row[index - 1] ?? 0) + (from[at] === to[index - 1] ? 0 : 1);
      next.push(Math.min(replaced, (row[index] ?? 0) + 1, (next[index - 1] ?? 0) + 1));
    }
    row = next;
  }
  return row[to.length] ?? 0;
}
