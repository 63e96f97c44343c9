import { readFileSync } from 'node:fs';
import { MAX_DEPTH } from '../model/json.ts';
import { IDEMPOTENCY_MS, type LogBounds } from './broker.ts';

const read = (name: string): string => readFileSync(new URL(name, import.meta.url), 'utf8');
const PUBLISH = read('publish.lua');
const VALIDATE = read('strict-json.lua') + read('validate.lua');

export const LIBRARY_NAME = 'belfry';

export interface ScriptLimits {
  readonly bounds: LogBounds;
  readonly maxEventBytes: number;
}

/** The hub's own way to publish. It trusts what it is given: the hub has validated it at its edge. */
export function publishScript(limits: ScriptLimits): string {
  return `${constants(limits)}${PUBLISH}return publish(KEYS, ARGV)\n`;
}

/** The same as a library of Redis functions, behind validation, since anybody may call it. */
export function publishLibrary(limits: ScriptLimits): string {
  return `#!lua name=${LIBRARY_NAME}\n${constants(limits)}${PUBLISH}${VALIDATE}`;
}

function constants({ bounds, maxEventBytes }: ScriptLimits): string {
  const limits = {
    log_events: bounds.maxEvents,
    once_ms: IDEMPOTENCY_MS,
    event_bytes: maxEventBytes,
    depth: MAX_DEPTH,
  };
  const fields = Object.entries(limits).map(([name, value]) => `${name} = ${value}`);
  return `local LIMITS = { ${fields.join(', ')} }\n`;
}
