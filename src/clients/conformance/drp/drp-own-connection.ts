/** The connections API of DRP, of which checks touch only connections of their own. */
import { expect, Skipped } from '../outcome.ts';
import { type Fields, isFields } from '../frames.ts';
import type { Socket } from '../socket.ts';
import type { Answer, Subject } from '../subject.ts';
import { PATH } from './drp-socket.ts';

export const LIST = '/api/v3/connections';

export function listIn({ text }: Answer): readonly Fields[] | undefined {
  try {
    const list: unknown = JSON.parse(text);
    return Array.isArray(list) ? list.filter(isFields) : undefined;
  } catch {
    return undefined;
  }
}

export async function connections(subject: Subject, query = ''): Promise<readonly Fields[]> {
  const answer = await subject.ask('GET', `${LIST}${query}`);
  const list = listIn(answer);
  expect(answer.status === 200 && list !== undefined, `200 and a list of connections at GET ${LIST}`);
  return list;
}

export function addresses(list: readonly Fields[]): Set<unknown> {
  return new Set(list.map((each) => each['RemoteAddr']));
}

/** How often another socket is opened where it cannot be told which new connection is that of the check. */
const ATTEMPTS = 4;

/** A socket of the check, and its entry in the list. */
export interface OwnConnection {
  readonly socket: Socket;
  readonly entry: Fields;
  readonly address: string;
  /** The entry is that of the socket, beyond doubt. */
  readonly isCertain: boolean;
}

/**
 * Opens a socket and finds its entry in the list: by a principal that no other connection has, where tokens can be made;
 * else by the port of this machine; else, behind a proxy, as the only one that is new. @throws Skipped where others connect
 * all the time
 */
export async function ownConnection(subject: Subject): Promise<OwnConnection> {
  const sub = subject.server.tokens === undefined ? undefined : `user:${subject.name()}`;
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    const before = addresses(await connections(subject));
    const socket = await subject.open(PATH, sub === undefined ? {} : { token: subject.mint({ sub }) });
    const isOwn = (entry: Fields): boolean =>
      sub === undefined
        ? String(entry['RemoteAddr']).endsWith(`:${socket.localPort}`)
        : entry['Principal'] === sub;
    const found = await newEntries(subject, socket, before, isOwn);
    const entry = found.find(isOwn) ?? (found.length === 1 ? found[0] : undefined);
    if (entry !== undefined)
      return { socket, entry, address: String(entry['RemoteAddr']), isCertain: isOwn(entry) };
    socket.close(1000);
  }
  throw new Skipped('others connect all the time, and none of theirs may be touched');
}

/** The new entries of the list, once the own one is among them or time is up. @throws Failed when there is none */
async function newEntries(
  subject: Subject,
  socket: Socket,
  before: Set<unknown>,
  isOwn: (entry: Fields) => boolean,
): Promise<readonly Fields[]> {
  const start = performance.now();
  let found: readonly Fields[] = [];
  while (performance.now() - start < subject.server.patienceMs / 2 && !found.some(isOwn)) {
    found = (await connections(subject)).filter((each) => !before.has(each['RemoteAddr']));
    await socket.settle();
  }
  expect(found.length > 0, 'a new connection in the list');
  return found;
}
