import type { DeadLetter } from '../../model/dead-letter.ts';
import { call } from './http.ts';
import { UsageError, type TargetOptions } from './target.ts';

const PATH = '/api/v3/dead-letters';
const PAGE = 100;

/**
 * Yields one line for each entry that the ingress could not accept, oldest first.
 * @throws UsageError with the answer of the hub, as every function of this file does
 */
export async function* listDeadLetters(options: TargetOptions): AsyncGenerator<string> {
  for await (const { id, time, reason, message } of entries(options)) {
    yield [id, time, reason, message].join('  ');
  }
}

/** One dead letter with its text, as JSON. */
export async function showDeadLetter(id: string, options: TargetOptions): Promise<string> {
  const { body } = await call({ method: 'GET', path: pathOf(id) }, options);
  return JSON.stringify(JSON.parse(body), null, 2);
}

/**
 * Puts the named dead letters, or all that exist now, back into the ingress, and yields the id of each one that is put
 * back.
 */
export async function* retryDeadLetter(
  ids: readonly string[],
  { all, ...options }: TargetOptions & { readonly all?: boolean | undefined },
): AsyncGenerator<string> {
  if ((ids.length === 0) !== (all === true))
    throw new UsageError('Expected either ids of the list, or --all.');
  // All ids are listed before the first retry: a letter that is refused again comes back under a new id, and would be
  // retried for ever.
  const wanted = [...ids];
  if (all === true) for await (const { id } of entries(options)) wanted.push(id);
  for (const id of wanted) {
    await call({ method: 'POST', path: `${pathOf(id)}/retry` }, options);
    yield id;
  }
}

/** Deletes the dead letters, and yields the id of each one. */
export async function* deleteDeadLetter(
  ids: readonly string[],
  options: TargetOptions,
): AsyncGenerator<string> {
  for (const id of ids) {
    await call({ method: 'DELETE', path: pathOf(id) }, options);
    yield id;
  }
}

/** Reads the dead letters page by page. Letters that are added meanwhile come last, so none is skipped. */
async function* entries(options: TargetOptions): AsyncGenerator<DeadLetter> {
  let total: number;
  let offset = 0;
  do {
    const path = `${PATH}?offset=${offset}&limit=${PAGE}`;
    const { headers, body } = await call({ method: 'GET', path }, options);
    yield* JSON.parse(body) as DeadLetter[];
    offset += PAGE;
    total = Number(headers['x-drp-list-total-count']);
  } while (offset < total);
}

function pathOf(id: string): string {
  return `${PATH}/${encodeURIComponent(id)}`;
}
