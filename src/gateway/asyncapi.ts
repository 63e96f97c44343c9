import { z } from 'zod';
import type { DialectName } from '../dialects/dialect.ts';
import type { Messages } from '../dialects/messages.ts';
import { CLOSE } from '../model/close.ts';
import { jsonSchema } from './json-schema.ts';
import { errorTable, HTTP_SCHEMES } from './openapi.ts';
import { redisChannels } from './redis-channels.ts';
import { socketChannels, type Channel, type Served } from './socket-channels.ts';

export interface AsyncApiOptions extends Served {
  readonly version: string;
  /** Of Redis keys and channels. */
  readonly prefix: string;
  /** What `/ws` speaks on the listener that is described. */
  readonly byDefault: DialectName | undefined;
  readonly tls: boolean;
}

/** Any one of them, where a socket asks who comes. */
const SECURITY_SCHEMES = { ...HTTP_SCHEMES, token: { type: 'httpApiKey', in: 'query', name: 'token' } };
const SECURITY = Object.keys(SECURITY_SCHEMES).map((name) => ({
  $ref: `#/components/securitySchemes/${name}`,
}));

type ServerName = 'hub' | 'redis';

/** AsyncAPI 3.0 of the sockets of one listener, and of Redis. */
export function asyncApi({ version, prefix, byDefault, tls, ...served }: AsyncApiOptions): object {
  const all: [ServerName, Channel][] = [
    ...socketChannels(byDefault, served).map((channel): [ServerName, Channel] => ['hub', channel]),
    ...redisChannels(prefix).map((channel): [ServerName, Channel] => ['redis', channel]),
  ];
  return {
    asyncapi: '3.0.0',
    info: {
      title: 'Belfry',
      version,
      description:
        'An event hub. The paths of one system are also served after the name of its dialect, as in /mist/ws/metrics. ' +
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

/** Its address in the characters that a key may have. */
function idOf(on: ServerName, { address }: Channel): string {
  const words = address.split(/[^\w]+/).filter((word) => word !== '');
  // A key of Redis and a channel may differ in the braces alone.
  if (address.includes('{')) words.unshift('key');
  return [on, ...words].join('.');
}

function channelObject(on: ServerName, { address, summary, sends, takes, query }: Channel): object {
  return {
    // Braces in an address are a parameter, and so is a key of Redis that has some: this one, and no other.
    ...(address.includes('{') ? { address: '{key}', parameters: { key: { enum: [address] } } } : { address }),
    summary,
    servers: [{ $ref: `#/servers/${on}` }],
    messages: { ...messageObjects(sends, 'output'), ...messageObjects(takes, 'input') },
    ...(query && { bindings: { ws: { method: 'GET', query: queryOf(query), bindingVersion: '0.1.0' } } }),
  };
}

/** Clients and hub may call different things by one name, so each is also named after its direction. */
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

function queryOf(query: NonNullable<Channel['query']>): object {
  return jsonSchema(z.looseObject(query).partial(), 'input', 'draft-7');
}

/** `send` is what the hub does, `receive` what others do to it. */
function operationObjects(on: ServerName, channel: Channel): Record<string, object> {
  const id = idOf(on, channel);
  const asks = channel.query !== undefined && 'token' in channel.query;
  const operation = (action: 'send' | 'receive', messages: Messages, io: 'input' | 'output'): object => ({
    action,
    channel: { $ref: `#/channels/${id}` },
    ...(asks && { security: SECURITY }),
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
