import { readFileSync } from 'node:fs';
import { MAX_DEPTH } from '../model/json.ts';
import type { Glob } from '../model/mask.ts';
import type { PatternPart, PatternParts } from '../model/pattern.ts';
import { Redaction, type Layer } from '../model/redaction.ts';
import { REMOVING_ACTIONS, type Keep, type Retention } from '../model/retention.ts';
import { IDEMPOTENCY_MS, type LogBounds } from './broker.ts';
import { INBOX_GROUP } from './redis-log.ts';

const read = (name: string): string => readFileSync(new URL(name, import.meta.url), 'utf8');
const PUBLISH = read('retain.lua') + read('publish.lua');
const VALIDATE = read('strict-json.lua') + read('redact.lua') + read('validate.lua');
const GROUP = `local GROUP = '${INBOX_GROUP}'\n`;

export const LIBRARY_NAME = 'belfry';

const ANY: PatternParts = ['*', '*', '*'];
const NOTHING: PatternParts = [[], [], []];

export interface ScriptLimits {
  readonly bounds: LogBounds;
  readonly maxEventBytes: number;
  readonly retention: Retention;
  /** What nobody may see is masked in what others publish; nothing where absent. */
  readonly redaction?: Redaction;
}

/** ARGV as `publishArguments` in redis-log.ts writes it. */
const PUBLISH_ARGUMENTS = `
  local events, kinds, count = {}, {}, tonumber(ARGV[1])
  for i = 1, count do events[i] = ARGV[i + 1] end
  for i = count + 2, #ARGV, 5 do kinds[tonumber(ARGV[i])] = { unpack(ARGV, i + 1, i + 4) } end
  return publish(KEYS, events, kinds)
`;

/** Lua that offers `publish(keys, events, kinds)`, for scripts that tell what they change in the same step. */
export function publishing(limits: ScriptLimits): string {
  return `${constants(limits)}${PUBLISH}`;
}

/** The hub's own way to publish. It trusts what it is given: the hub has validated it at its edge. */
function publishScript(limits: ScriptLimits): string {
  return `${publishing(limits)}${PUBLISH_ARGUMENTS}`;
}

/** What the connection of an inbox runs. */
export function inboxScripts(limits: ScriptLimits) {
  return {
    belfryTake: { lua: `${GROUP}${publishing(limits)}${read('inbox-take.lua')}` },
    belfrySettle: { lua: `${GROUP}${publishing(limits)}${read('inbox-settle.lua')}` },
  };
}

/** What the connection that reads runs. */
export function readScripts() {
  return { belfryPage: { lua: read('page.lua') }, belfryTails: { lua: read('tails.lua') } };
}

/** What the connection for all other commands runs. */
export function commandScripts(limits: ScriptLimits) {
  return {
    belfryPublish: { lua: publishScript(limits) },
    belfryLeave: { lua: `${GROUP}${read('inbox-leave.lua')}` },
    belfryRetry: { lua: read('dead-retry.lua') },
  };
}

/** The same as a library of Redis functions, behind validation, since anybody may call it. */
export function publishLibrary(limits: ScriptLimits): string {
  return `#!lua name=${LIBRARY_NAME}\n${constants(limits)}${redactions(limits)}${PUBLISH}${VALIDATE}`;
}

function constants({ bounds, maxEventBytes, retention }: ScriptLimits): string {
  const limits = {
    log_events: bounds.maxEvents,
    once_ms: IDEMPOTENCY_MS,
    event_bytes: maxEventBytes,
    depth: MAX_DEPTH,
    dead_entries: 10_000,
    dead_bytes: 64 * 1024 * 1024,
  };
  const fields = Object.entries(limits).map(([name, value]) => `${name} = ${value}`);
  const rules = retention.rules.map(
    ({ type, action, keep }) => `{ types = ${luaSet(type)}, actions = ${luaSet(action)}, ${luaKeep(keep)} }`,
  );
  return [
    `local LIMITS = { ${fields.join(', ')} }`,
    `local RULES = { ${rules.join(', ')} }`,
    `local REMOVING = ${luaSet(REMOVING_ACTIONS)}\n`,
  ].join('\n');
}

function redactions({ redaction = Redaction.none }: ScriptLimits): string {
  return `local REDACTIONS = { ${redaction.standing.map(luaLayer).join(', ')} }\n`;
}

function luaLayer({ events, fields: { names, paths } }: Layer): string {
  const [types, actions, keys] = events === undefined ? ANY : (events.parts ?? NOTHING);
  const luaPaths = paths.map(({ root, steps }) => `{ root = '${root}', steps = ${luaGlobs(steps)} }`);
  return [
    `{ types = ${luaSet(types)}, actions = ${luaSet(actions)}, keys = ${luaSet(keys)}`,
    `names = ${luaGlobs(names)}, paths = { ${luaPaths.join(', ')} }`,
    'known = {}, count = 0 }',
  ].join(', ');
}

function luaGlobs(globs: readonly Glob[]): string {
  const lists = globs.map((glob) => `{ ${glob.map((part) => `'${luaBytes(part)}'`).join(', ')} }`);
  return `{ ${lists.join(', ')} }`;
}

function luaKeep(keep: Keep): string {
  if (keep.kind === 'latest') return 'latest = true';
  return `last = ${keep.last}, ttl = ${keep.ttlMs ?? 'nil'}`;
}

/** A table with `true` for each, or `true` for any value. Whatever characters there are, each byte is written as its number. */
function luaSet(part: PatternPart): string {
  if (part === '*') return 'true';
  const entries = part.map((value) => `['${luaBytes(value)}'] = true`);
  return `{ ${entries.join(', ')} }`;
}

function luaBytes(text: string): string {
  return Array.from(Buffer.from(text), (byte) => `\\${String(byte).padStart(3, '0')}`).join('');
}
