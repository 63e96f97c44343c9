import { z } from 'zod';
import { accessSettings } from './access.ts';
import { eventSettings } from './events.ts';
import type { ReadText } from './forms.ts';
import { limitSettings } from './limits.ts';
import { listeningSettings } from './listening.ts';
import { traceSettings } from './traces.ts';

export type { Endpoint } from './listening.ts';

/**
 * Every setting: form, default and meaning. Each may be absent. No message repeats a value that could be a secret.
 * Their order is the order in which they are shown.
 */
export function settingsSchema(readFile: ReadText) {
  return z.strictObject({
    ...listeningSettings(readFile),
    ...traceSettings,
    ...accessSettings(readFile),
    ...limitSettings(),
    ...eventSettings(),
  });
}

export type Settings = z.infer<ReturnType<typeof settingsSchema>>;
