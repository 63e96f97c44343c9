import { pino } from 'pino';
import { startApp } from '../../src/app.ts';
import { signToken } from '../../src/app-token.ts';
import { loadConfig, type Config } from '../../src/config/config.ts';
import { ADMIN } from '../../src/model/principal.ts';

/** The documents of a running node from which pages are generated. */
export interface Live {
  readonly openApi: OpenApi;
  readonly asyncApi: AsyncApi;
  /** The metrics in the text format of Prometheus, read after a client was refused. */
  readonly metrics: string;
}

export interface OpenApi {
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>;
}

export interface Operation {
  readonly summary: string;
  readonly security: readonly object[];
  readonly parameters: readonly Parameter[];
  readonly requestBody?: { readonly description: string; readonly content: object };
  readonly responses: Readonly<Record<string, Answer>>;
}

export interface Parameter {
  readonly in: string;
  readonly name: string;
  readonly description?: string;
  readonly required?: boolean;
  readonly schema?: Schema;
  readonly content?: Readonly<Record<string, { readonly schema: Schema }>>;
}

export interface Schema {
  readonly type?: string | readonly string[];
  readonly enum?: readonly string[];
  readonly format?: string;
  readonly description?: string;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly items?: Schema;
  readonly anyOf?: readonly Schema[];
  readonly properties?: Readonly<Record<string, Schema>>;
}

interface Answer {
  readonly description: string;
  readonly headers?: object;
  readonly content?: object;
}

export interface AsyncApi {
  readonly channels: Readonly<Record<string, Channel>>;
}

export interface Channel {
  readonly address: string;
  readonly description?: string;
  readonly summary?: string;
  readonly messages: Readonly<Record<string, object>>;
  readonly bindings?: { readonly ws?: { readonly query?: Schema; readonly headers?: Schema } };
}

let asked: Promise<Live> | undefined;

/** A request whose body is refused, so that the metrics have a sample of rejected input. */
async function refused(config: Config): Promise<RequestInit> {
  const token = await signToken(config, { subject: 'admin', roles: [ADMIN], ttlS: 60 });
  return { method: 'POST', body: 'no event', headers: { Authorization: `Bearer ${token}` } };
}

/** Asks a node with default settings, except for its ports and its tracing. */
export function live(): Promise<Live> {
  asked ??= ask();
  return asked;
}

async function ask(): Promise<Live> {
  const config = loadConfig({
    BELFRY_LISTEN: '127.0.0.1:0=native',
    BELFRY_JWT_SECRET: 'a secret for the pages alone',
    BELFRY_OTLP_URL: 'http://127.0.0.1:9',
  });
  const app = await startApp(config, pino({ level: 'silent' }));
  try {
    const get = (path: string) => fetch(`${app.listening[0]?.url}${path}`);
    await fetch(`${app.listening[0]?.url}/api/v3/events`, await refused(config));
    return {
      openApi: (await (await get('/openapi.json')).json()) as OpenApi,
      asyncApi: (await (await get('/asyncapi.json')).json()) as AsyncApi,
      metrics: await (await get('/metrics')).text(),
    };
  } finally {
    await app.stop();
  }
}
