import type { DeadLetter } from '../../model/dead-letter.ts';
import { call } from './http.ts';
import { UsageError, type TargetOptions } from './target.ts';

const PATH = '/api/v3/dead-letters';
const PAGE = 100;

/** What the ingress could not accept, one a line, oldest first. @throws UsageError with what the hub said, as do all here */
export async function* listDeadLetters(options: TargetOptions): AsyncGenerator<string> {
  for await (const { id, time, reason, message } of entries(options)) {
    yield [id, time, reason, message].join('  ');
  }
}

/** One of them with its text, as JSON. */
export async function showDeadLetter(id: string, options: TargetOptions): Promise<string> {
  const { body } = await call({ method: 'GET', path: pathOf(id) }, options);
  return JSON.stringify(JSON.parse(body), null, 2);
}

/** Puts those named, or all that are dead by now, back into the ingress; yields the id of each that is. */
export async function* retryDeadLetter(
  ids: readonly string[],
  { all, ...options }: TargetOptions & { readonly all?: boolean | undefined },
): AsyncGenerator<string> {
  if ((ids.length === 0) !== (all === true))
    throw new UsageError('Expected either ids of the list, or --all.');
  // Listed before any is retried: what cannot be accepted comes back under another id, and would be tried for ever.
  const wanted = [...ids];
  if (all === true) for await (const { id } of entries(options)) wanted.push(id);
  for (const id of wanted) {
    await call({ method: 'POST', path: `${pathOf(id)}/retry` }, options);
    yield id;
  }
}

/** Forgets them; yields the id of each. */
export async function* deleteDeadLetter(
  ids: readonly string[],
  options: TargetOptions,
): AsyncGenerator<string> {
  for (const id of ids) {
    await call({ method: 'DELETE', path: pathOf(id) }, options);
    yield id;
  }
}

/** A page at a time. What is added meanwhile comes last, so nothing is passed over. */
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
