import { chmodSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { dirname, join } from 'node:path';
import { randomUUID } from 'node:crypto';
import { configFolder } from './config-folder.ts';
import { UsageError } from './errors.ts';

/** A hub, and how to come in. Only one of `token` and `tokenCommand` is there. */
export interface Context {
  readonly url: string;
  readonly token?: string;
  /** A command of the shell that prints a token. */
  readonly tokenCommand?: string;
  readonly insecure?: boolean;
  /** A hub without settings wrote it for itself, and replaces it when it starts again. */
  readonly made?: boolean;
}

export interface Contexts {
  readonly selected?: string;
  readonly contexts: Readonly<Record<string, Context>>;
}

/** The context that `npm start` writes. It is used where none is selected. */
export const LOCAL = 'local';
/** A variable with the path of the file of contexts, for tests and for programs that keep their own. */
export const CONTEXTS_FILE = 'BELFRY_CONTEXTS';

export const SEE_CONTEXTS = 'command#contexts';

export function contextsFile(): string {
  return (
    process.env[CONTEXTS_FILE] ||
    join(configFolder(process.platform, process.env, homedir()), 'contexts.json')
  );
}

/** @throws UsageError when there is a file that cannot be used */
export function readContexts(file = contextsFile()): Contexts {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === 'ENOENT') return { contexts: {} };
    throw new UsageError(`The contexts in ${file} cannot be read: ${String(cause)}.`, {
      cause,
      see: SEE_CONTEXTS,
    });
  }
  try {
    const { selected, contexts } = JSON.parse(text) as Partial<Contexts>;
    for (const { url } of Object.values(contexts ?? {}))
      if (typeof url !== 'string') throw new Error('a URL is missing');
    // The names are those of a user, so that `__proto__` is one like any other.
    return {
      contexts: Object.assign(Object.create(null) as Record<string, Context>, contexts),
      ...(selected !== undefined && { selected }),
    };
  } catch (cause) {
    throw new UsageError(
      `${file} does not hold contexts: ${cause instanceof Error ? cause.message : ''}. Expected what "belfry context add" writes; mend the file or delete it.`,
      { cause, see: SEE_CONTEXTS },
    );
  }
}

/** Replaces the file at once, so that nobody reads half of it. Only its owner can read it, since it holds tokens. */
export function writeContexts(contexts: Contexts, file = contextsFile()): void {
  mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
  const made = `${file}.${randomUUID()}`;
  try {
    writeFileSync(made, `${JSON.stringify(contexts, null, 2)}\n`, { mode: 0o600, flag: 'wx' });
    chmodSync(made, 0o600);
    renameSync(made, file);
  } catch (error) {
    rmSync(made, { force: true });
    throw error;
  }
}

/** The context of this name. @throws UsageError when there is none */
export function contextNamed(name: string, { contexts } = readContexts()): Context {
  const found = contexts[name];
  if (found !== undefined) return found;
  const names = Object.keys(contexts);
  const known = names.length === 0 ? 'there is none yet' : names.join(', ');
  throw new UsageError(
    `There is no context "${name}". Expected one that "belfry context list" shows: ${known}. "belfry context add ${name} <url>" makes it.`,
    { see: SEE_CONTEXTS },
  );
}

/** The name of the context that is used where nothing else names a hub. */
export function currentName({ selected, contexts } = readContexts()): string | undefined {
  return selected ?? (LOCAL in contexts ? LOCAL : undefined);
}

/**
 * Writes the context of a hub that runs by itself. Answers how the command is told to use it, or `undefined` where it is not
 * there: a user made one of that name, or the file cannot be written.
 */
export function writeLocal(context: Pick<Context, 'url' | 'token' | 'insecure'>): string | undefined {
  try {
    const { selected, contexts } = readContexts();
    if (contexts[LOCAL] !== undefined && contexts[LOCAL].made !== true) return undefined;
    writeContexts({
      ...(selected !== undefined && { selected }),
      contexts: { ...contexts, [LOCAL]: { ...context, made: true } },
    });
    return selected === undefined || selected === LOCAL ? '' : ` --context ${LOCAL}`;
  } catch {
    return undefined;
  }
}
