import { readFileSync } from 'node:fs';
import { MAX_DEPTH } from '../model/json.ts';
import type { Format } from '../model/format.ts';
import { RESERVED_TYPES } from '../model/event.ts';
import { lettersOf, ROLES } from '../model/mask.ts';
import { ENVELOPE_FIELDS, VALUE_FIELDS } from '../model/masking.ts';
import type { PatternPart, PatternParts } from '../model/pattern.ts';
import { Redaction, type Layer } from '../model/redaction.ts';
import { REMOVING_ACTIONS, type Keep, type Retention } from '../model/retention.ts';
import { IDEMPOTENCY_MS, type LogBounds } from './broker.ts';
import { luaOf, setOf, type LuaValue } from './lua.ts';
import { INBOX_GROUP } from './redis-log.ts';

const read = (name: string): string => readFileSync(new URL(name, import.meta.url), 'utf8');
const PUBLISH = read('retain.lua') + read('publish.lua');
const VALIDATE = ['scan-json', 'strict-json', 'redact-names', 'redact', 'validate']
  .map((name) => read(`${name}.lua`))
  .join('');
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

/** What the function belfry_publish goes by, beside that. */
export interface FunctionRules extends ScriptLimits {
  /** In which others may publish, in the order in which one is looked for. */
  readonly formats: readonly Format[];
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
export function publishLibrary(limits: FunctionRules): string {
  return `#!lua name=${LIBRARY_NAME}\n${constants(limits)}${functionRules(limits)}${PUBLISH}${VALIDATE}`;
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
  const rules = retention.rules.map(({ type, action, keep }) => ({
    types: partOf(type),
    actions: partOf(action),
    ...keepOf(keep),
  }));
  return locals({ LIMITS: limits, RULES: rules, REMOVING: setOf(REMOVING_ACTIONS) });
}

/** By what an event is read and masked; the hub's own way to do so goes by the same. */
function functionRules({ formats, redaction = Redaction.none }: FunctionRules): string {
  return locals({
    FORMATS: formats,
    RESERVED: setOf(RESERVED_TYPES),
    REDACTIONS: redaction.standing.map(layerOf),
    VALUE_FIELDS,
    ENVELOPE_FIELDS: setOf(ENVELOPE_FIELDS),
    ROLES,
  });
}

function locals(values: Readonly<Record<string, LuaValue>>): string {
  return Object.entries(values)
    .map(([name, value]) => `local ${name} = ${luaOf(value)}\n`)
    .join('');
}

/** `known` and `count` are for what the script learns of names. */
function layerOf({ events, fields: { names, paths, usual }, fields }: Layer): LuaValue {
  const [types, actions, keys] = (events === undefined ? ANY : (events.parts ?? NOTHING)).map(partOf);
  const known = { known: {}, count: 0 };
  return { types, actions, keys, names, paths, usual, letters: lettersOf(fields), ...known };
}

function keepOf(keep: Keep): { readonly [name: string]: LuaValue } {
  return keep.kind === 'latest' ? { latest: true } : { last: keep.last, ttl: keep.ttlMs };
}

/** A set of values, or `true` for any value. */
function partOf(part: PatternPart): LuaValue {
  return part === '*' ? true : setOf(part);
}
