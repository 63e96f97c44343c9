/**
 * The settings that somebody gave, before they are checked: those of the environment, of files and of standard
 * variables.
 */
import { parseDocument } from 'yaml';
import { isJsonObject } from '../model/json.ts';
import type { ReadText } from './forms.ts';
import { canonicalName, CONFIG_FILE, isOurs, nearestName, settingName } from './names.ts';
import { openTelemetryIn } from './open-telemetry.ts';

export type GivenSource = 'environment' | 'file';

export interface Given {
  readonly values: Map<string, GivenValue>;
  readonly problems: string[];
  /** The settings by the names that they have in the environment. */
  readonly fieldOf: ReadonlyMap<string, string>;
}

interface GivenValue {
  readonly value: unknown;
  readonly source: GivenSource;
  /** The name under which the value was given, where that is not the name of the setting. */
  readonly written?: string;
}

/**
 * A variable with the name of a setting and `_FILE` holds the path of a file with the value. The variable without
 * `_FILE` takes precedence.
 */
const FROM_FILE = /^(BELFRY_.+)_FILE$/;

/**
 * The settings of the environment, of the YAML file and of the standard variables of OpenTelemetry. A standard variable
 * counts only where neither the environment nor the file gives the setting.
 */
export function gather(env: NodeJS.ProcessEnv, readFile: ReadText, fields: readonly string[]): Given {
  const fieldOf = new Map(fields.map((field) => [settingName(field), field]));
  const given: Given = { values: new Map(), problems: [], fieldOf };
  const path = env[CONFIG_FILE];
  if (path) readYaml(path, readFile, given);
  for (const [name, value = ''] of Object.entries(env)) {
    if (name === CONFIG_FILE || !isOurs(name, value)) continue;
    const setting = FROM_FILE.exec(name)?.[1];
    if (setting === undefined || fieldOf.has(name)) take(given, name, value, 'environment');
    else if (value !== '' && !env[setting]) takeFile(given, setting, value, readFile);
  }
  const standard = openTelemetryIn(env, new Set(given.values.keys()));
  for (const [field, value, written] of standard.values)
    given.values.set(field, { value, source: 'environment', written });
  given.problems.push(...standard.problems);
  return given;
}

/** A secret that Docker or Kubernetes hands over as a file: `BELFRY_JWT_SECRET_FILE=/run/secrets/jwt`. */
function takeFile(given: Given, setting: string, path: string, readFile: ReadText): void {
  try {
    take(given, setting, readFile(path, 'utf8').replace(/\r?\n$/, ''), 'environment');
  } catch (error) {
    const why = (error as NodeJS.ErrnoException).code ?? 'unknown reason';
    given.problems.push(
      `${setting}_FILE (environment) cannot be read: ${why}. Expected the path of a file that holds the value of ${setting}.`,
    );
  }
}

function readYaml(path: string, readFile: ReadText, given: Given): void {
  try {
    const document = parseDocument(readFile(path, 'utf8'), { logLevel: 'silent' });
    const [error] = document.errors;
    // The message is cut after its first line, because the next lines quote the file and may hold a secret.
    if (error !== undefined) throw new Error(error.message.split('\n')[0]);
    const content: unknown = document.toJS() ?? {};
    if (!isJsonObject(content)) throw new Error('it does not hold names with values');
    for (const [key, value] of Object.entries(content)) take(given, key, value, 'file');
  } catch (error) {
    const why = (error as NodeJS.ErrnoException).code ?? (error as Error).message;
    given.problems.push(
      `${CONFIG_FILE} (environment) cannot be read: ${why}. Expected the path of a YAML file.`,
    );
  }
}

function take(
  { values, problems, fieldOf }: Given,
  written: string,
  value: unknown,
  source: GivenSource,
): void {
  const name = canonicalName(written);
  const field = fieldOf.get(name);
  if (field === undefined) {
    const nearest = nearestName(name, [...fieldOf.keys(), CONFIG_FILE]);
    problems.push(`${written} (${source}) is not a setting. Nearest known: ${nearest}.`);
  } else if (value === '' || value == null) {
    // An empty value counts as absent.
  } else if (values.get(field)?.source === source) {
    problems.push(`${written} (${source}) is given under two names. Expected one of them.`);
  } else {
    values.set(field, { value, source });
  }
}
