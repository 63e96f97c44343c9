/**
 * A dialect that no real system has: `watch <type>` in plain text, and events such as `docked Aurora {"tons":3}`. It
 * uses everything that a dialect can bring to the hub.
 */
import { z } from 'zod';
import { HEARTBEAT, Refusal, type Dialect } from '../../src/dialects/dialect.ts';
import { apiRefusal } from '../../src/dialects/refusal.ts';
import { BelfryError, ProtocolError } from '../../src/model/errors.ts';
import { isFields, textOf } from '../../src/model/json.ts';
import { Pattern } from '../../src/model/pattern.ts';

const MESSAGES = {
  sends: { event: z.string().regex(/^\w+ \w+ /) },
  takes: { watch: z.string().regex(/^watch \w+$/) },
};

export const harbour: Dialect = {
  name: 'harbour',
  listener: { port: 7070, tls: false },
  usesCookies: true,
  subprotocols: ['harbour.v1'],
  entryPoints: [
    { ...MESSAGES, path: '/ws', summary: 'The harbour' },
    { ...MESSAGES, path: '/radio', summary: 'Its radio', query: { band: z.enum(['fm', 'am']) } },
  ],
  publishing: {
    format: {
      whole: ['signal', 'ship'],
      isOpen: false,
      fields: { signal: 'filled', ship: 'text', cargo: 'json?' },
      object: 'cargo',
      topic: { kind: 'dotted', name: 'signal', key: 'ship' },
    },
    fields: 'signal, ship',
    schema: z.strictObject({ signal: z.string(), ship: z.string(), cargo: z.unknown().optional() }),
    parse: (body) => {
      if (!isFields(body)) return undefined;
      const { signal, ship, cargo = null } = body;
      if (typeof signal !== 'string' || typeof ship !== 'string') return undefined;
      const [type = '', action = ''] = signal.split('.');
      return { type, action, key: ship, object: cargo };
    },
  },

  open: ({ caller }) => {
    if (!(caller instanceof BelfryError)) {
      return { identity: caller, subscriptions: [], heartbeat: HEARTBEAT };
    }
    const { status, headers, body } = apiRefusal(caller, 'GET');
    throw new Refusal(status, headers, body);
  },

  decode: (frame) => {
    const [command, type = ''] = frame.split(' ');
    if (command !== 'watch') throw new ProtocolError('command_invalid', 'Expected "watch <type>".');
    const pattern = Pattern.of(type);
    return { kind: 'subscribe', ref: type, subscriptions: [{ name: type, pattern, filters: [] }] };
  },

  encode: ({ type, action, key, object }) =>
    type === 'belfry' ? undefined : `${action} ${key} ${textOf(object)}`,
};
