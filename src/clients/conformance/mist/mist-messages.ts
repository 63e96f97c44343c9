/** What is published for Mist, and how it stands in messages. */
import type { Caused } from '../client-form.ts';
import { expect } from '../outcome.ts';
import { faultIn, type Fields, fieldsOf, has, isFields } from '../frames.ts';
import type { Socket } from '../socket.ts';
import { formAt } from './mist-paths.ts';

export type Kind = 'container' | 'deployment';

export function container(action: string, key: string, object: object): Caused {
  return { type: 'container', action, key, object };
}

export const running = { container: 'mist-app-1', state: 'running', status: 'Up 2 hours' };

export const building = {
  status: 'building',
  stage: 'building_image',
  progress: 50,
  message: 'Building',
  error_message: '',
};

export const statusOf = (kind: Kind, key: string): Caused =>
  kind === 'container'
    ? container('status', key, running)
    : { type: 'deployment', action: 'status', key, object: building };

export const lineOf = (kind: Kind, key: string, line: string): Caused => ({
  type: kind,
  action: 'log',
  key,
  object: { line, stream: 'stdout' },
});

/** The next message of this type. @throws Failed also when it has another form */
export async function message(socket: Socket, type: string, data: Fields = {}): Promise<Fields> {
  const wanted = JSON.stringify(data);
  const { text } = await socket.next(
    `a message of the type ${type}${wanted === '{}' ? '' : ` with ${wanted}`}`,
    (frame) => {
      const fields = fieldsOf(frame.text);
      return fields?.['type'] === type && has(fields['data'], data);
    },
  );
  const fields = fieldsOf(text) ?? {};
  const fault = faultIn(fields, formAt(socket.path, type));
  expect(fault === undefined, `a message of the form of the document; ${fault}`);
  return fields;
}

export function lineIn(text: string): string | undefined {
  const fields = fieldsOf(text);
  const data = fields?.['type'] === 'log' ? fields['data'] : undefined;
  return isFields(data) && typeof data['line'] === 'string' ? data['line'] : undefined;
}

export const numberIn = (text: string): number | undefined => {
  const [, digits] = /^line (\d+)$/.exec(lineIn(text) ?? '') ?? [];
  return digits === undefined ? undefined : Number(digits);
};
