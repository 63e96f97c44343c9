import { z } from 'zod';
import type { Messages } from '../../dialects/dialect.ts';
import type { EventFormats } from '../../dialects/event-formats.ts';
import { CLOSE } from '../../model/close-codes.ts';
import { jsonSchema } from './json-schema.ts';
import { errorTable, HTTP_SCHEMES } from './openapi.ts';
import { redisChannels } from './redis-channels.ts';
import { TOKEN_PROTOCOL } from '../auth/credentials.ts';
import { socketChannels, SUBPROTOCOLS, type Channel, type Served } from './socket-channels.ts';

export interface AsyncApiOptions extends Served {
  readonly version: string;
  /** The prefix of Redis keys and channels. */
  readonly prefix: string;
  /** The dialect that `/ws` speaks on the described listener. */
  readonly byDefault: string;
  readonly tls: boolean;
  readonly formats: EventFormats;
}

const SECURITY_SCHEMES = {
  ...HTTP_SCHEMES,
  token: { type: 'httpApiKey', in: 'query', name: 'token' },
  subprotocol: {
    type: 'httpApiKey',
    in: 'header',
    name: SUBPROTOCOLS,
    description: `A JWT after ${TOKEN_PROTOCOL}, as one of the subprotocols that a page offers`,
  },
};

type ServerName = 'hub' | 'redis';

/** The AsyncAPI 3.0 description of the sockets of one listener, and of Redis. */
export function asyncApi({ version, prefix, byDefault, tls, formats, ...served }: AsyncApiOptions): object {
  const all: [ServerName, Channel][] = [
    ...socketChannels(byDefault, served).map((channel): [ServerName, Channel] => ['hub', channel]),
    ...redisChannels(prefix, formats).map((channel): [ServerName, Channel] => ['redis', channel]),
  ];
  return {
    asyncapi: '3.0.0',
    info: {
      title: 'Belfry',
      version,
      description:
        'An event hub. The paths of one system are also served after its name, as /drp/api/v3/ws where DRP is served. ' +
        'For HTTP see /openapi.json.',
    },
    defaultContentType: 'application/json',
    servers: {
      hub: server(tls ? 'wss' : 'ws', 'localhost:8800'),
      redis: server('redis', 'localhost:6379'),
    },
    channels: Object.fromEntries(all.map(([on, channel]) => [idOf(on, channel), channelObject(on, channel)])),
    operations: Object.assign({}, ...all.map(([on, channel]) => operationObjects(on, channel))) as object,
    components: { securitySchemes: SECURITY_SCHEMES },
    'x-belfry-errors': errorTable(),
    'x-belfry-close-codes': CLOSE,
  };
}

function server(protocol: string, host: string): object {
  return { protocol, host: '{host}', variables: { host: { default: host } } };
}

/** The address in characters that a key may have. */
function idOf(on: ServerName, { address }: Channel): string {
  const words = address.split(/[^\w]+/).filter((word) => word !== '');
  // The name of a Redis key and the name of a channel may differ only in the braces.
  if (address.includes('{')) words.unshift('key');
  return [on, ...words].join('.');
}

function channelObject(on: ServerName, { address, summary, sends, takes, ...binding }: Channel): object {
  return {
    // Braces in an address mean a parameter. A Redis key that has braces gets one parameter with one value.
    ...(address.includes('{') ? { address: '{key}', parameters: { key: { enum: [address] } } } : { address }),
    summary,
    servers: [{ $ref: `#/servers/${on}` }],
    messages: { ...messageObjects(sends, 'output'), ...messageObjects(takes, 'input') },
    ...(binding.query && { bindings: { ws: bindingOf(binding) } }),
  };
}

function bindingOf({ query, headers }: Pick<Channel, 'query' | 'headers'>): object {
  return {
    method: 'GET',
    ...(query && { query: fieldsOf(query) }),
    ...(headers && { headers: fieldsOf(headers) }),
    bindingVersion: '0.1.0',
  };
}

/** Clients and the hub may use one name for different messages, so each message name also says its direction. */
function messageObjects(messages: Messages, io: 'input' | 'output'): Record<string, object> {
  return Object.fromEntries(
    Object.entries(messages).map(([name, schema]) => {
      const payload = jsonSchema(schema, io, 'draft-7');
      const contentType = payload['type'] === 'string' ? 'text/plain' : 'application/json';
      return [messageName(name, io), { name, contentType, payload }];
    }),
  );
}

function messageName(name: string, io: 'input' | 'output'): string {
  return `${io === 'output' ? 'hear' : 'say'}.${name}`;
}

function fieldsOf(fields: Readonly<Record<string, z.ZodType>>): object {
  return jsonSchema(z.looseObject(fields).partial(), 'input', 'draft-7');
}

/** A socket that needs credentials accepts any one of these. */
function securityOf({ query = {}, headers = {} }: Channel): object[] | undefined {
  if (!('token' in query)) return undefined;
  const names = Object.keys(SECURITY_SCHEMES);
  const fit = names.filter((name) => name !== 'subprotocol' || SUBPROTOCOLS in headers);
  return fit.map((name) => ({ $ref: `#/components/securitySchemes/${name}` }));
}

/** `send` is an operation of the hub, and `receive` an operation of others. */
function operationObjects(on: ServerName, channel: Channel): Record<string, object> {
  const id = idOf(on, channel);
  const security = securityOf(channel);
  const operation = (action: 'send' | 'receive', messages: Messages, io: 'input' | 'output'): object => ({
    action,
    channel: { $ref: `#/channels/${id}` },
    ...(security && { security }),
    messages: Object.keys(messages).map((name) => ({
      $ref: `#/channels/${id}/messages/${messageName(name, io)}`,
    })),
  });
  return {
    ...(Object.keys(channel.sends).length > 0 && {
      [`${id}.send`]: operation('send', channel.sends, 'output'),
    }),
    ...(Object.keys(channel.takes).length > 0 && {
      [`${id}.receive`]: operation('receive', channel.takes, 'input'),
    }),
  };
}
