/** The words of DRP, for its checks. */
import type { Caused } from '../client-form.ts';
import { expect } from '../outcome.ts';
import { equal, type Fields, fieldsOf, type Form, has } from '../frames.ts';
import type { Socket } from '../socket.ts';
import type { How, Subject } from '../subject.ts';

export const PATH = '/api/v3/ws';

export const FIELDS = ['Time', 'Type', 'Action', 'Key', 'Principal', 'Object', 'Original'];

export const FORM: Form = {
  Time: 'time',
  Type: 'text',
  Action: 'text',
  Key: 'text',
  Principal: 'text',
  Object: 'value',
  Original: 'value',
};

export function eventOf(type: string, key: string, more: object = {}): Caused {
  return { type, action: 'save', key, object: { Name: key, ...more } };
}

export async function heard(socket: Socket, { type, action, key, object }: Caused): Promise<Fields> {
  const { text } = await socket.next(`the event ${type}.${action}.${key}`, (frame) =>
    has(fieldsOf(frame.text), { Type: type, Action: action, Key: key }),
  );
  const event = fieldsOf(text) ?? {};
  expect(equal(event['Object'], object), `the Object ${JSON.stringify(object)}`);
  return event;
}

/** Sends a command and waits for its ack. @throws Failed */
export async function say(
  socket: Socket,
  command: 'register' | 'deregister',
  filter: string,
): Promise<Fields> {
  socket.send(`${command} ${filter}`);
  const { text } = await socket.next(
    `{"Type":"websocket","Action":"${command}","Key":${JSON.stringify(filter)}}`,
    (frame) => has(fieldsOf(frame.text), { Type: 'websocket', Action: command, Key: filter }),
  );
  return fieldsOf(text) ?? {};
}

export async function registered(
  subject: Subject,
  filters: readonly string[],
  how: How = {},
): Promise<Socket> {
  const socket = await subject.open(PATH, how);
  for (const filter of filters) await say(socket, 'register', filter);
  return socket;
}

/** The keys of the events of a type, in the order in which they came. */
export function keysOf(socket: Socket, type: string): unknown[] {
  return socket.frames.flatMap(({ text }) => {
    const event = fieldsOf(text);
    return event?.['Type'] === type ? [event['Key']] : [];
  });
}
