/** What the hub tells about dead letters. */
import { session } from '../session/session.ts';
import type { Letter, LetterPage, ListedLetter } from './letter.ts';

const PATH = 'api/v3/dead-letters';
export const PAGE = 500;

export async function readPage(offset: number, limit: number, signal: AbortSignal): Promise<LetterPage> {
  const response = await session.request(`${PATH}?texts=short&offset=${offset}&limit=${limit}`, { signal });
  const letters = (await response.json()) as readonly ListedLetter[];
  const total = Number(response.headers.get('X-DRP-LIST-TOTAL-COUNT') ?? letters.length);
  const next = offset + limit;
  return { letters, total, next: next < total ? next : undefined };
}

export async function readLetter(id: string, signal: AbortSignal): Promise<Letter> {
  return (await (await session.request(pathOf(id), { signal })).json()) as Letter;
}

/** Puts it back at the end of the ingress. @throws HubError `not_found`, `forbidden`, … */
export async function retryLetter(id: string): Promise<void> {
  await session.request(`${pathOf(id)}/retry`, { method: 'POST' });
}

/** @throws HubError `not_found`, `forbidden`, … */
export async function deleteLetter(id: string): Promise<void> {
  await session.request(pathOf(id), { method: 'DELETE' });
}

function pathOf(id: string): string {
  return `${PATH}/${encodeURIComponent(id)}`;
}
