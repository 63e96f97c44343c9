/** Finds the dialect that is served at a path. */
import type { Dialect } from './dialect.ts';

/** The dialect that serves this path on a listener with this default, if one of the served dialects does. */
export function dialectAt(
  path: string,
  byDefault: string | undefined,
  served: readonly Dialect[],
): Dialect | undefined {
  return served.find((dialect) => {
    const own = ownPath(path, dialect);
    if (own === '/ws') return own !== path || dialect.name === byDefault;
    return dialect.entryPoints.some((entryPoint) => entryPoint.path === own);
  });
}

/** The path as the dialect knows it, without the prefix under which every listener has it. */
export function ownPath(path: string, { name }: Dialect): string {
  return path.startsWith(`/${name}/`) ? path.slice(name.length + 1) : path;
}
