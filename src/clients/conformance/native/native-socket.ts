/** The words of Belfry's own protocol, for its checks. */
import type { Caused } from '../client-form.ts';
import { expect } from '../outcome.ts';
import { equal, faultIn, type Fields, fieldsOf, type Form, has } from '../frames.ts';
import type { Socket } from '../socket.ts';
import type { How, Subject } from '../subject.ts';

export const PATH = '/native/ws';

export const EVENT: Form = { time: 'time', type: 'text', action: 'text', key: 'text', object: 'value' };

export function eventOf(type: string, key = 'one', object: unknown = { name: key }): Caused {
  return { type, action: 'save', key, object };
}

/** The next event of the hub itself with this action. @throws Failed */
export async function told(socket: Socket, action: string, key: string): Promise<Fields> {
  const { text } = await socket.next(`belfry.${action}.${key}`, (frame) =>
    has(fieldsOf(frame.text), { type: 'belfry', action, key }),
  );
  return objectIn(text);
}

function objectIn(text: string): Fields {
  return (fieldsOf(text)?.['object'] ?? {}) as Fields;
}

let commands = 0;

/** Sends a command and waits for its reply. @throws Failed, also where it is refused */
export async function say(socket: Socket, command: string, more: object = {}): Promise<Fields> {
  const id = `c${++commands}`;
  socket.send({ id, command, ...more });
  const { text } = await socket.next(`belfry.${command}.${id}`, (frame) => {
    const { type, action, key } = fieldsOf(frame.text) ?? {};
    return type === 'belfry' && key === id && (action === command || action === 'error');
  });
  expect(fieldsOf(text)?.['action'] === command, `belfry.${command}.${id} and no error`);
  return objectIn(text);
}

/** Sends a command that must be refused with this code. @throws Failed */
export async function expectRefused(socket: Socket, command: object, code: string): Promise<void> {
  const id = `c${++commands}`;
  socket.send({ id, ...command });
  const refusal = await told(socket, 'error', id);
  expect(refusal['code'] === code, `the code ${code}`);
  const form: Form = { command: 'value', message: 'text', see: 'text' };
  const fault = faultIn(refusal, form);
  expect(fault === undefined, `an error with command, code, message and see; ${fault}`);
  await say(socket, 'ping');
}

export async function subscribed(
  subject: Subject,
  patterns: readonly string[],
  more: object = {},
  how: How = {},
): Promise<Socket> {
  const socket = await subject.open(PATH, how);
  await say(socket, 'subscribe', { patterns, ...more });
  return socket;
}

/** The next event of this topic, with its object unchanged. @throws Failed */
export async function heard(socket: Socket, { type, action, key, object }: Caused): Promise<Fields> {
  const { text } = await socket.next(`the event ${type}.${action}.${key}`, (frame) =>
    has(fieldsOf(frame.text), { type, action, key }),
  );
  const event = fieldsOf(text) ?? {};
  const fault = faultIn(event, EVENT);
  expect(fault === undefined, `the fields of an event; ${fault}`);
  expect(equal(event['object'], object), `the object ${JSON.stringify(object)}`);
  return event;
}

/** The events of a type, of everything that came. */
export function eventsOf(socket: Socket, type: string): readonly Fields[] {
  return socket.frames.flatMap(({ text }) => {
    const event = fieldsOf(text);
    return event?.['type'] === type ? [event] : [];
  });
}

export function numberIn(type: string): (text: string) => number | undefined {
  return (text) => {
    const event = fieldsOf(text);
    const number = event?.['type'] === type ? (event['object'] as Fields | null)?.['number'] : undefined;
    return typeof number === 'number' ? number : undefined;
  };
}
