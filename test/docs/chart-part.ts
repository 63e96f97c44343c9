import { readFileSync } from 'node:fs';
import { format, resolveConfig } from 'prettier';
import { stringify } from 'yaml';
import { loadConfig } from '../../src/config/config.ts';
import { describeConfig } from '../../src/config/description.ts';
import { settingName } from '../../src/config/names.ts';
import { cell, code, prose } from './tables.ts';

/** A schema of a value of the chart: a value with its default, or a group of values, which has none. */
interface ValueSchema {
  readonly type?: string;
  readonly description?: string;
  readonly default?: unknown;
  readonly enum?: readonly string[];
  readonly properties?: Readonly<Record<string, ValueSchema>>;
}

const CHART = new URL('../../k8s/chart/', import.meta.url);
const SCHEMA = new URL('values.schema.json', CHART);
/** What the chart sets itself, and what belongs into a Secret. */
const NOT_IN_SETTINGS = new Set(
  ['listen', 'node', 'redisUrl', 'jwtSecret', 'users', 'otlpHeaders', 'tlsKey'].map(settingName),
);

/** Helm reads YAML 1.1, where a plain `off` is false. */
const HELM_YAML = { version: '1.1', singleQuote: true } as const;

const readSchema = (): ValueSchema => JSON.parse(readFileSync(SCHEMA, 'utf8')) as ValueSchema;

async function formatted(path: string, text: string): Promise<string> {
  return format(text, { ...(await resolveConfig(path)), filepath: path });
}

/** The schema of the values, with the names of the settings that exist now. The rest of it is written by hand. */
export async function chartSchema(): Promise<string> {
  const schema = readSchema();
  const permitted = describeConfig(loadConfig({})).filter(({ name }) => !NOT_IN_SETTINGS.has(name));
  const settings = Object.fromEntries(
    permitted.map(({ name, description }) => [name, { type: 'string', description }]),
  );
  const { properties } = schema;
  const made = {
    ...schema,
    properties: { ...properties, settings: { ...properties?.['settings'], properties: settings } },
  };
  return formatted(SCHEMA.pathname, JSON.stringify(made, undefined, 2));
}

/** The file of the default values, which says of each what its schema says. */
export async function chartValues(): Promise<string> {
  const head = '# The default values, written by `npm run docs` from values.schema.json.\n';
  return formatted(new URL('values.yaml', CHART).pathname, head + linesOf(readSchema(), '').join('\n'));
}

function linesOf({ properties = {} }: ValueSchema, indent: string): string[] {
  return Object.entries(properties).flatMap(([name, schema]) => {
    const about = wrapped(schema.description ?? '', 110 - indent.length).map((line) => `${indent}# ${line}`);
    if (!('default' in schema)) return [...about, `${indent}${name}:`, ...linesOf(schema, `${indent}  `)];
    const value = stringify({ [name]: schema.default }, HELM_YAML)
      .trimEnd()
      .split('\n');
    return [...about, ...value.map((line) => indent + line)];
  });
}

function wrapped(text: string, width: number): string[] {
  return [...text.matchAll(new RegExp(`.{1,${width}}(?:\\s|$)`, 'g'))].map(([line]) => line.trimEnd());
}

/** The table of the values in the reference. */
export function chartPart(): string {
  const rows = rowsOf(readSchema(), '');
  return `| value | default | meaning |\n|---|---|---|\n${rows.join('\n')}\n`;
}

function rowsOf({ properties = {} }: ValueSchema, prefix: string): string[] {
  return Object.entries(properties).flatMap(([name, schema]) => {
    const path = prefix + name;
    const about = [schema.description ?? '', ...(schema.enum ? [`One of ${schema.enum.join(', ')}.`] : [])];
    const shown = 'default' in schema ? code(asText(schema.default)) : '';
    const row = `| \`${path}\` | ${shown} | ${cell(prose(about.join(' ')))} |`;
    return 'default' in schema ? [row] : [row, ...rowsOf(schema, `${path}.`)];
  });
}

const asText = (value: unknown): string => (typeof value === 'string' ? value : JSON.stringify(value));
