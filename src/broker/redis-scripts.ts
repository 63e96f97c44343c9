import { readFileSync } from 'node:fs';
import { bound } from '../model/bound.ts';
import { RESERVED_TYPES } from '../model/event.ts';
import { MAX_DEPTH } from '../model/json.ts';
import type { Redaction } from '../model/redaction.ts';
import { MAX_KNOWN, MAX_KNOWN_LENGTH, ROLES } from '../model/redact-names.ts';
import { ENVELOPE_FIELDS, VALUE_FIELDS } from '../model/redact-json.ts';
import { REMOVING_ACTIONS, REMOVING_OF_TYPE } from '../model/removal.ts';
import { luaLiteral, luaOneOf, luaSet, type LuaValue } from './lua-literals.ts';
import { firstWord } from './redis-channel-message.ts';
import { INGRESS_GROUP } from './redis-keys.ts';
import { RULES_FORMAT, RULES_FORMAT_OF_SHARDS, scriptRulesOf, type ScriptLimits } from './redis-hub-rules.ts';

const read = (name: string): string => readFileSync(new URL(name, import.meta.url), 'utf8');
const readAll = (names: readonly string[]): string => names.map((name) => read(`${name}.lua`)).join('');
const HUB = readAll(['hub-names', 'publish-rights']);
const PUBLISH = readAll(['retain', 'log-trim', 'idempotency', 'publish']);
const VALIDATE = readAll([
  'scan-json',
  'redact-names',
  'redact-urls',
  'redact',
  'nothing-to-mask',
  'strict-json',
  'event-forms',
  'event-fields',
  'event-shard',
  'event-shapes',
  'publish-usual',
  'validate',
]);
const IS_REMOVING = [
  luaOneOf('is_removing_action', REMOVING_ACTIONS),
  'local function is_removing(kind, action)\n',
  '  return is_removing_action(action)\n',
  `    or kind == ${luaLiteral(REMOVING_OF_TYPE.type)} and action == ${luaLiteral(REMOVING_OF_TYPE.action)}\n`,
  'end\n',
].join('');
const CHECK = read('stream-repair.lua') + read('ingress-repair.lua') + read('log-repair.lua');
const GROUP = `local GROUP = '${INGRESS_GROUP}'\n`;

const MAX_HUBS = bound(
  'hubs of one Redis whose rules the function belfry_publish keeps',
  100,
  'entries',
  'all are forgotten, and read again',
);

const MAX_SHAPES = bound(
  'shapes of events that the function belfry_publish knows for each hub',
  1_000,
  'entries',
  'all are forgotten, and learned again',
);
const MAX_SHAPE_BYTES = bound(
  'the pattern of one such shape, and the text before its key',
  2_048,
  'bytes',
  'events of the shape are looked at closely each time',
);

export const LIBRARY_NAME = 'belfry';
/**
 * It must rise with every change of the library's Lua, so that of two nodes both use the library of the newer one.
 */
export const LIBRARY_VERSION = 14;

/** What a script publishes: canonical JSON that was masked by this redaction; unmasked where it is absent. */
export interface ScriptOptions extends ScriptLimits {
  readonly redaction?: Redaction;
}

/**
 * Lua that offers the functions of publish.lua, for scripts that change something and publish the change in one step.
 */
export function publishing(limits: ScriptOptions): string {
  return `${constants(limits)}${HUB}${PUBLISH}`;
}

/** The scripts of the connections that consume the ingress. */
export function ingressScripts(limits: ScriptOptions) {
  return {
    belfryTake: { lua: `${GROUP}${publishing(limits)}${read('ingress-take.lua')}` },
    belfryLook: { lua: `${GROUP}${readAll(['ingress-consumers', 'ingress-holders', 'ingress-look'])}` },
    belfryClaim: { lua: `${GROUP}${readAll(['ingress-consumers', 'ingress-holders', 'ingress-claim'])}` },
    belfrySettle: {
      lua: `${GROUP}${publishing(limits)}${readAll(['dead-letters', 'ingress-consumers', 'ingress-holders', 'ingress-settle'])}`,
    },
    belfryRepair: { lua: `${GROUP}${publishing(limits)}${CHECK}` },
  };
}

/** The scripts of the connection for long reads. */
export function readScripts() {
  return {
    belfryStreamPage: { lua: read('stream-page.lua') },
    belfryRetained: { lua: read('retained-read.lua') },
    belfryNewest: { lua: read('retained-newest.lua') },
    belfryTails: { lua: read('retained-tails.lua') },
  };
}

/** The scripts of the connection for all other commands. */
export function commandScripts(limits: ScriptOptions) {
  return {
    // It validates nothing, since the node has validated the events at its edge.
    belfryPublish: { lua: `${publishing(limits)}${read('publish-batch.lua')}` },
    belfryOutcome: { lua: `${publishing(limits)}${read('publish-outcome.lua')}` },
    belfryBegin: { lua: `${publishing(limits)}${read('publish-begin.lua')}` },
    belfryMove: { lua: `${publishing(limits)}${read('ingress-move.lua')}` },
    belfryLease: { lua: read('lease.lua') },
    belfryCopyLease: { lua: read('lease-copy.lua') },
    belfryLayout: { lua: read('layout.lua') },
    belfryLayoutStep: { lua: read('layout-step.lua') },
    belfryCloseShard: { lua: read('shard-close.lua') },
    belfryOpenShard: { lua: read('shard-open.lua') },
    belfryCopyRetained: { lua: read('retained-copy.lua') },
    belfryLeave: { lua: `${GROUP}${readAll(['ingress-consumers', 'ingress-leave'])}` },
    belfryEvictRetained: { lua: `${publishing(limits)}${read('retained-evict.lua')}` },
    belfryAddDeadLetter: { lua: `${constants(limits)}${readAll(['dead-letters', 'dead-letter-add'])}` },
    belfryWriteRules: { lua: read('hub-rules-write.lua') },
    belfryRepair: { lua: `${GROUP}${publishing(limits)}${CHECK}` },
    belfryRetry: { lua: read('dead-letter-retry.lua') },
  };
}

/**
 * The library with the function belfry_publish, which validates its input, since any service may call it. All hubs on
 * one Redis share the library and store their rules beside their logs; the constants here hold for every hub of this
 * version.
 */
export const PUBLISH_LIBRARY = [
  `#!lua name=${LIBRARY_NAME}\n-- version ${LIBRARY_VERSION}\n`,
  read('library-globals.lua'),
  'local LIMITS, RULES, REDACTIONS, FORMATS, MESSAGE, SIGNS, SHAPES, SHARDS\n',
  locals({
    RULES_FORMATS: luaSet([RULES_FORMAT, RULES_FORMAT_OF_SHARDS]),
    MAX_HUBS,
    MAX_SHAPES,
    MAX_SHAPE_BYTES,
    MAX_KNOWN,
    MAX_KNOWN_LENGTH,
    MAX_DEPTH,
    RESERVED: luaSet(RESERVED_TYPES),
    VALUE_FIELDS: Object.fromEntries(VALUE_FIELDS),
    ENVELOPE_FIELDS: luaSet(ENVELOPE_FIELDS),
    ROLES,
  }),
  IS_REMOVING,
  HUB,
  read('hub-rules.lua'),
  PUBLISH,
  VALIDATE,
].join('');

function constants(options: ScriptOptions): string {
  const { limits: LIMITS, retainedTypes, retention } = scriptRulesOf(options);
  const MESSAGE = firstWord('canonical', options.redaction);
  const isRetained =
    retainedTypes === '*'
      ? 'local function may_be_retained() return true end\n'
      : luaOneOf('may_be_retained', retainedTypes);
  // The rules are made where one of them may apply.
  const rules = `local RULES\nlocal function retention_rules()\n  RULES = RULES or ${luaLiteral(retention)}\n  return RULES\nend\n`;
  return [locals({ LIMITS, MESSAGE, RESERVED: luaSet(RESERVED_TYPES) }), isRetained, IS_REMOVING, rules].join(
    '',
  );
}

function locals(values: Readonly<Record<string, LuaValue>>): string {
  return Object.entries(values)
    .map(([name, value]) => `local ${name} = ${luaLiteral(value)}\n`)
    .join('');
}
