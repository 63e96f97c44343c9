import { z } from 'zod';
import type { Dialect } from '../dialects/dialect.ts';
import { accessSettings } from './access.ts';
import { eventSettings } from './events.ts';
import type { ReadText } from './forms.ts';
import { limitSettings } from './limits.ts';
import { listeningSettings } from './listening.ts';
import { traceSettings } from './traces.ts';

export type { Endpoint } from './listening.ts';

type Schema = ReturnType<typeof makeSchema>;

/** Each schema is kept, since it takes longer to make one than to check all settings by it. */
const MADE = new WeakMap<readonly Dialect[], WeakMap<ReadText, Schema>>();

/**
 * Every setting with its form, default and meaning. Every setting may be absent. No message repeats a value that could
 * be a secret. The settings are shown in this order.
 */
export function settingsSchema(readFile: ReadText, dialects: readonly Dialect[]): Schema {
  const byReader = MADE.get(dialects) ?? new WeakMap<ReadText, Schema>();
  const schema = byReader.get(readFile) ?? makeSchema(readFile, dialects);
  MADE.set(dialects, byReader.set(readFile, schema));
  return schema;
}

function makeSchema(readFile: ReadText, dialects: readonly Dialect[]) {
  return z.strictObject({
    ...listeningSettings(readFile, dialects),
    ...traceSettings,
    ...accessSettings(readFile, dialects),
    ...limitSettings(),
    ...eventSettings(),
  });
}

export type Settings = z.infer<Schema>;
