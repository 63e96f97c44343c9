import { accessSettings } from '../../src/config/access.ts';
import { loadConfig } from '../../src/config/config.ts';
import { describeConfig, type SettingLine } from '../../src/config/description.ts';
import { eventSettings } from '../../src/config/events.ts';
import { limitSettings } from '../../src/config/limits.ts';
import { listeningSettings } from '../../src/config/listening.ts';
import { settingName } from '../../src/config/names.ts';
import { traceSettings } from '../../src/config/traces.ts';
import { DIALECTS } from '../../src/dialects/index.ts';
import { amount, cell, code, prose } from './tables.ts';

const noFile = (): string => '';

/** The heading for the settings of each part of the schema. */
const GROUPS = [
  ['Listening', listeningSettings(noFile, DIALECTS)],
  ['Traces', traceSettings],
  ['Access', accessSettings(noFile, DIALECTS)],
  ['Limits', limitSettings()],
  ['Events', eventSettings()],
] as const;

const UNITS: readonly (readonly [end: string, unit: string])[] = [
  ['_MS', 'ms'],
  ['_BYTES', 'bytes'],
  ['_S', 's'],
];

/** Every setting with its default and its meaning, in the order of `belfry check`. */
export function settingsPart(): string {
  const lines = describeConfig(loadConfig({}));
  const tables = GROUPS.map(([title, settings]) => {
    const names = new Set(Object.keys(settings).map(settingName));
    const rows = lines.filter(({ name }) => names.has(name)).map(rowOf);
    return `## ${title}\n\n| setting | default | meaning |\n|---|---|---|\n${rows.join('\n')}\n`;
  });
  const groups = new Set(GROUPS.flatMap(([, settings]) => Object.keys(settings).map(settingName)));
  const missing = lines.filter(({ name }) => !groups.has(name)).map(({ name }) => name);
  if (missing.length > 0)
    throw new Error(`${missing.join(', ')} is in no group. Expected its part of the schema in GROUPS.`);
  return tables.join('\n');
}

function rowOf(line: SettingLine): string {
  const { name, description } = line;
  return `| <a id="${name}"></a>\`${name}\` | ${defaultOf(line)} | ${cell(prose(description))} |`;
}

function defaultOf({ name, value, source }: SettingLine): string {
  if (source === 'made') return 'made';
  const unit = UNITS.find(([end]) => name.endsWith(end))?.[1];
  if (unit === undefined || value === '') return code(value);
  const short = amount(Number(value), unit);
  return short.endsWith(` ${unit}`) ? `${code(value)} ${unit}` : `${code(value)} ${unit} (${short})`;
}
