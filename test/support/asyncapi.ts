import { readFileSync } from 'node:fs';
import { DIALECTS } from '../../src/dialects/index.ts';
import { asyncApi, type AsyncApiOptions } from '../../src/gateway/api-docs/asyncapi.ts';
import { formats } from './formats.ts';
import { validatorsOf } from './json-schema.ts';

interface ChannelObject {
  readonly address: string;
  readonly servers: readonly [{ readonly $ref: string }];
  readonly parameters?: { readonly key: { readonly enum: readonly [string] } };
  readonly bindings?: {
    readonly ws: {
      readonly headers?: { readonly properties: Readonly<Record<string, { description: string }>> };
    };
  };
  readonly messages: Readonly<Record<string, { readonly payload: { readonly type?: string } }>>;
}

/** An AsyncAPI document as a reader uses it, who looks up which messages a path allows. */
export class Description {
  readonly document: {
    readonly channels: Readonly<Record<string, ChannelObject>>;
    readonly operations: Readonly<
      Record<string, { readonly security?: readonly { readonly $ref: string }[] }>
    >;
  };
  readonly #complaintsAt: ReturnType<typeof validatorsOf>;

  constructor(options: Partial<AsyncApiOptions> = {}) {
    const defaults = {
      version: '1.2.3',
      prefix: 'belfry',
      byDefault: 'metrics',
      tls: false,
      dialects: DIALECTS,
      anonymous: ['norn', 'dorgu'],
      formats,
    };
    this.document = asyncApi({ ...defaults, ...options }) as Description['document'];
    this.#complaintsAt = validatorsOf(this.document, '7');
  }

  /** The addresses of the sockets, or of the channels and keys in Redis. */
  addresses(on: 'hub' | 'redis'): string[] {
    return Object.values(this.document.channels)
      .filter(({ servers: [server] }) => server.$ref === `#/servers/${on}`)
      .map(addressOf);
  }

  asksWhoComes(address: string): boolean {
    return this.#securityOf(address).length > 0;
  }

  /** Whether a client may send its token to this channel as this security scheme says. */
  asksBy(address: string, scheme: string): boolean {
    return this.#securityOf(address).some(({ $ref }) => $ref === `#/components/securitySchemes/${scheme}`);
  }

  /** The messages that a channel allows to be heard or sent. */
  messages(address: string, how: 'hear' | 'say'): string[] {
    const names = Object.keys(this.#channel(address)[1].messages);
    return names.filter((name) => name.startsWith(`${how}.`)).map((name) => name.slice(how.length + 1));
  }

  /** The messages that a text fits. The text is JSON, unless the message itself is a plain text. */
  fitting(address: string, how: 'hear' | 'say', text: string): string[] {
    const [id, { messages }] = this.#channel(address);
    return this.messages(address, how).filter((name) => {
      const isText = messages[`${how}.${name}`]?.payload.type === 'string';
      const complaints = this.#complaintsAt(`/channels/${id}/messages/${how}.${name}/payload`);
      const value: unknown = isText ? text : jsonIn(text);
      return value !== undefined && complaints(value).length === 0;
    });
  }

  #securityOf(address: string): readonly { readonly $ref: string }[] {
    return this.document.operations[`${this.#channel(address)[0]}.send`]?.security ?? [];
  }

  #channel(address: string): [id: string, channel: ChannelObject] {
    const found = Object.entries(this.document.channels).find(([, each]) => addressOf(each) === address);
    if (found === undefined) throw new Error(`nothing is described at ${address}`);
    return found;
  }
}

function addressOf({ address, parameters }: ChannelObject): string {
  return parameters?.key.enum[0] ?? address;
}

function jsonIn(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}

/** The golden examples of a file of `test/fixtures`: each input with the line that it results in. */
export function goldenLines(path: string): { readonly given: string; readonly came: string }[] {
  const text = readFileSync(new URL(`../fixtures/${path}`, import.meta.url), 'utf8');
  const blocks = text.split('\n\n').map((block) => block.split('\n').filter((line) => !line.startsWith('#')));
  return blocks.map(([given = '', came = '']) => ({ given: given.slice(2), came }));
}
