/** Checks that several dialects share, each made for the words of one of them. */
import type { Caused } from './client-form.ts';
import { expect, Failed } from './outcome.ts';
import { numbers } from './frames.ts';
import type { Socket } from './socket.ts';
import { NAME, type How, type Subject } from './subject.ts';

const EVENTS = 20;
/** The text of one event of a flood, and how many events a publish has and how many publishes there are. */
const FLOOD_BYTES = 64_000;
const FLOOD_EVENTS = 20;
const FLOOD_PUBLISHES = 20;
/** How long a client that hung has for what waits in buffers of the network. */
const DRAIN_MS = 30_000;

/** The number that one event of a sequence carries, as it stands in a frame, or `undefined` for other frames. */
export type NumberIn = (text: string) => number | undefined;

/** Causes numbered events and one more after them, and returns the numbers in the order in which the socket had them. */
export async function sequence(
  subject: Subject,
  socket: Socket,
  eventOf: (number: number) => Caused,
  numberIn: NumberIn,
  count = EVENTS,
): Promise<readonly number[]> {
  const last = count + 1;
  await subject.publish(...numbers(count).map(eventOf));
  // The last one is published alone: what is doubled or late comes before it.
  await subject.publish(eventOf(last));
  await socket.next(`event ${last} of ${last}`, ({ text }) => numberIn(text) === last);
  return socket.frames.flatMap(({ text }) => numberIn(text) ?? []).slice(0, -1);
}

/** @throws Failed unless each number came once */
export function expectOnce(came: readonly number[], count = EVENTS): string {
  const missing = numbers(count).filter((number) => !came.includes(number));
  const doubled = came.filter((number, i) => came.indexOf(number) !== i);
  expect(missing.length === 0, `each of ${count} events; missing are ${missing.join(', ')}`);
  expect(doubled.length === 0, `each of ${count} events once; doubled are ${doubled.join(', ')}`);
  return `${count} events`;
}

/** @throws Failed unless the numbers came in the order in which they were published */
export function expectOrder(came: readonly number[]): string {
  const first = came.findIndex((number, i) => i > 0 && number < (came[i - 1] ?? 0));
  expect(first < 0, `the order of publishing; ${came[first]} came after ${came[first - 1]}`);
  expect(came.length > 1, 'at least two events');
  return `${came.length} events`;
}

/** Waits for a ping of the server. @throws Failed when none comes in time */
export async function expectPing(
  subject: Subject,
  socket: Socket,
  periodMs: number,
  slackMs = 5_000,
): Promise<string> {
  const { time } = subject;
  const from = time.elapsed();
  const at = await socket.within(periodMs + slackMs, () => socket.pings[0], time);
  const seconds = periodMs / 1_000;
  if (at === undefined) throw new Failed(`a ping at least every ${seconds} s`);
  return `the first ping came after ${((at - from) / 1_000).toFixed(1)} s`;
}

/** Waits until the server cuts a client that answers no ping. @throws Failed when that is too early or too late */
export async function expectCut(
  subject: Subject,
  path: string,
  how: How,
  [earliestMs, latestMs]: readonly [number, number],
): Promise<string> {
  const [silent, alive] = [
    await subject.open(path, { ...how, answersPings: false }),
    await subject.open(path, how),
  ];
  const from = subject.time.elapsed();
  const ended = await silent.endWithin(latestMs);
  if (ended === undefined)
    throw new Failed(`the end of a client that answers no ping within ${latestMs / 1_000} s`);
  const after = ended.at - from;
  expect(
    after >= earliestMs,
    `that a client has ${earliestMs / 1_000} s to answer a ping; it was cut after ${(after / 1_000).toFixed(1)} s`,
  );
  expect(alive.isOpen, 'that a client which answers pings stays connected as long as that');
  await alive.settle();
  return `cut after ${(after / 1_000).toFixed(1)} s, and a client that answers stays`;
}

/** Says something to a server that reads nothing. @throws Failed when it answers or closes */
export async function expectIgnored(socket: Socket, said: readonly (string | Buffer)[]): Promise<void> {
  await socket.settle();
  const before = socket.frames.length;
  for (const each of said)
    if (typeof each === 'string') socket.send(each);
    else socket.sendBinary(each);
  await socket.settle();
  expect(socket.isOpen, 'that the connection stays open');
  // A server may still be telling what the check before this one did.
  const answers = socket.frames.slice(before).filter(({ text }) => !text.includes(NAME));
  expect(answers.length === 0, 'no answer');
}

/**
 * Floods two clients, of which one does not read. The one that reads must have every event, and the other one must be
 * disconnected, or told. @throws Failed
 */
export async function slowClient(
  subject: Subject,
  open: () => Promise<Socket>,
  eventOf: (number: number, text: string) => Caused,
  numberIn: NumberIn,
  codes?: readonly number[],
): Promise<string> {
  const [slow, fast] = [await open(), await open()];
  slow.pause();
  const text = 'x'.repeat(FLOOD_BYTES);
  const count = FLOOD_EVENTS * FLOOD_PUBLISHES;
  for (let publish = 0; publish < FLOOD_PUBLISHES; publish++) {
    const batch = numbers(FLOOD_EVENTS).map((i) => eventOf(publish * FLOOD_EVENTS + i, text));
    await subject.publish(...batch);
    const last = (publish + 1) * FLOOD_EVENTS;
    await fast.next(
      `event ${last} at the client that reads`,
      (frame) => numberIn(frame.text) === last,
      DRAIN_MS,
    );
  }
  expectOnce(
    fast.frames.flatMap((frame) => numberIn(frame.text) ?? []),
    count,
  );
  slow.resume();
  const ended = await slow.endWithin(DRAIN_MS);
  const had = slow.frames.filter((frame) => numberIn(frame.text) !== undefined).length;
  if (ended === undefined) throw new Failed('that the client which does not read is disconnected');
  expect(had < count, 'that the client which does not read is disconnected before it has every event');
  expect(codes === undefined || codes.includes(ended.code), `the close code ${codes?.join(' or ')}`);
  return `closed with ${ended.code} after ${had} of ${count} events`;
}

/** @throws Failed unless a client that closes with 1000 gets 1000 back */
export async function expectCloseEcho(socket: Socket): Promise<void> {
  await socket.settle();
  socket.close(1000);
  const { code } = await socket.ended;
  expect(code === 1000, 'the close code 1000 as the answer to 1000');
}
