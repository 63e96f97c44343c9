import { createHash } from 'node:crypto';
import type { Result } from 'ioredis';
import type { Format } from '../model/format.ts';
import { lettersOf, type Glob } from '../model/redact-names.ts';
import type { PatternPart, PatternParts } from '../model/pattern.ts';
import { Redaction, type Layer } from '../model/redaction.ts';
import type { Keep, Retention } from '../model/retention.ts';
import type { Layout } from '../model/shards.ts';
import { IDEMPOTENCY_MS } from '../model/idempotency.ts';
import type { LogBounds } from './broker.ts';
import { bound } from '../model/bound.ts';
import { luaSet } from './lua-literals.ts';
import { firstWord } from './redis-channel-message.ts';
import type { RedisConnection } from './redis-connection.ts';
import type { RedisKeys } from './redis-keys.ts';

declare module 'ioredis' {
  interface RedisCommander<Context> {
    /** hub-rules-write.lua */
    belfryWriteRules(keyCount: 2, ...keysAndArguments: string[]): Result<'OK', Context>;
  }
}

const ANY: PatternParts = ['*', '*', '*'];
const NOTHING: PatternParts = [[], [], []];

/** The version of the stored rules. It must rise when an older function could misread them. */
export const RULES_FORMAT = '2';
/** The same for the rules of one shard of several, which functions of earlier versions do not know. */
export const RULES_FORMAT_OF_SHARDS = '3';

const FORGOTTEN = 'the oldest are forgotten';
const MAX_DEAD_LETTERS = bound('dead letters', 10_000, 'entries', FORGOTTEN);
const MAX_DEAD_LETTERS_BYTES = bound('memory of all dead letters in Redis', 67_108_864, 'bytes', FORGOTTEN);
const MAX_OUTCOMES = bound(
  'publishes of a node whose outcome Redis remembers',
  16_384,
  'entries',
  'the oldest are forgotten, and a repetition of one gets outcome_unknown',
);

/** The limits that every publishing script keeps. */
export interface ScriptLimits {
  readonly bounds: LogBounds;
  readonly maxEventBytes: number;
  readonly retention: Retention;
}

/** The limits and rules that the function `belfry_publish` keeps. */
export interface HubRules extends ScriptLimits {
  /** The formats in which services may publish, in the order in which they are tried. */
  readonly formats: readonly Format[];
  /** Masks what nobody may see in what services publish. When it is absent, nothing is masked. */
  readonly redaction?: Redaction;
  /** The layout of the hub, and the shard whose rules these are. If absent, the hub has one shard. */
  readonly layout?: Layout;
  readonly shard?: number;
}

/** The limits in the form that the Lua scripts take, both as constants of a script and as JSON in Redis. */
export function scriptRulesOf({ bounds, maxEventBytes, retention }: ScriptLimits): {
  readonly limits: Readonly<Record<string, number | string>>;
  /** The types of which something may be retained, so that most events need no look at the rules. */
  readonly retainedTypes: '*' | readonly string[];
  readonly retention: readonly object[];
} {
  return {
    limits: {
      // What is only an argument of commands is text, since Redis takes longer to write a number.
      log_events: `${bounds.maxEvents}`,
      log_bytes: bounds.maxBytes,
      once_ms: `${IDEMPOTENCY_MS}`,
      event_bytes: maxEventBytes,
      dead_letter_entries: `${MAX_DEAD_LETTERS}`,
      dead_letter_bytes: MAX_DEAD_LETTERS_BYTES,
      outcomes: `${MAX_OUTCOMES}`,
    },
    retainedTypes: retainedTypesOf(retention),
    retention: retention.rules.map(({ type, action, keep }) => ({
      types: partOf(type),
      actions: partOf(action),
      ...keepOf(keep),
    })),
  };
}

function retainedTypesOf({ rules }: Retention): '*' | readonly string[] {
  const named = new Set(rules.flatMap(({ type }) => type));
  return named.has('*') ? '*' : [...named];
}

function hubRulesOf({ formats, redaction = Redaction.none, layout, shard = 0, ...limits }: HubRules): object {
  const redactions = redaction.unconditional.map(layerOf);
  const { retainedTypes, retention, ...rules } = scriptRulesOf(limits);
  return {
    limits: { ...rules.limits, retained_types: partOf(retainedTypes) },
    retention,
    formats,
    redactions,
    message: firstWord('as published', redaction),
    ...(layout?.isSingle === false && { shards: { shard, ...layout.newest } }),
  };
}

/**
 * A layer in the form that the Lua scripts take. In `known` and `count` the script caches what it learns about names.
 */
function layerOf({ events, fields: { names, paths, usual }, fields }: Layer): object {
  const [types, actions, keys] = (events === undefined ? ANY : (events.parts ?? NOTHING)).map(partOf);
  const sorted = usual && {
    names: sortedOut(usual.names),
    noSecrets: sortedOut(usual.noSecrets),
    directories: sortedOut(usual.directories),
  };
  const known = { known: {}, count: 0 };
  return {
    types,
    actions,
    keys,
    names: sortedOut(names),
    paths,
    usual: sorted,
    letters: lettersOf(fields),
    ...known,
  };
}

/** Sorts globs into whole names and endings of names, grouped by their length in bytes, and all other globs. */
function sortedOut(globs: readonly Glob[]): object {
  const endings = globs.filter(isEnding).map((glob) => ({
    text: glob.at(-1) ?? '',
    what: glob.length === 1 ? 'name' : 'ending',
  }));
  // Where a text is both a whole name and an ending, it must count as an ending: the later entry wins.
  const namesFirst = endings.toSorted((a, b) => b.what.localeCompare(a.what));
  const byLength = Map.groupBy(namesFirst, ({ text }) => Buffer.byteLength(text));
  return {
    endings: Array.from(byLength, ([length, list]) => ({
      length,
      of: Object.fromEntries(list.map(({ text, what }) => [text, what])),
    })),
    others: globs.filter((glob) => !isEnding(glob)),
  };
}

function isEnding([first, last, ...more]: Glob): boolean {
  return last === undefined || (first === '' && more.length === 0);
}

function keepOf(keep: Keep): object {
  return keep.kind === 'latest'
    ? { latest: true, pinned: keep.isPinned }
    : { last: keep.last, ttl: keep.ttlMs };
}

/** The values of a pattern part as a set, or `true` for any value. */
function partOf(part: PatternPart): true | object {
  return part === '*' ? true : luaSet(part);
}

/**
 * Stores the rules of this hub in Redis, where the function `belfry_publish` reads them. Hubs with different prefixes
 * share one Redis and one function, each with limits and masks of its own.
 */
export class StoredHubRules {
  readonly #connection: RedisConnection;
  readonly #keys: readonly [rules: string, last: string];
  readonly #rules: HubRules;
  #text = '';
  #format = RULES_FORMAT;
  #digest = '';
  /** Whether nobody may publish in the shard yet. */
  #isAhead = false;

  constructor(connection: RedisConnection, { rules: key, last }: RedisKeys, rules: HubRules) {
    this.#connection = connection;
    this.#keys = [key, last];
    this.#rules = rules;
    this.divide(rules.layout);
  }

  /** From now on these are the rules of a hub with this layout. They must be written next. */
  divide(layout: Layout | undefined): void {
    const { shard = 0 } = this.#rules;
    this.#isAhead = layout?.shards.includes(shard) === false;
    this.#text = JSON.stringify(hubRulesOf({ ...this.#rules, ...(layout && { layout }) }));
    this.#format = layout?.isSingle === false ? RULES_FORMAT_OF_SHARDS : RULES_FORMAT;
    this.#digest = createHash('sha1').update(this.#text).digest('hex');
  }

  /**
   * Writes the rules. The nodes of one hub should have the same settings; where they differ, the node that started
   * last decides.
   */
  async write(): Promise<void> {
    if (this.#isAhead) return;
    const fields = ['digest', this.#digest, 'rules', this.#text, 'format', this.#format];
    await this.#connection.ask((redis) => redis.belfryWriteRules(2, ...this.#keys, ...fields));
  }

  /**
   * Writes the rules only where there are none, as in a Redis that was emptied, or where a node of an earlier version has
   * written its own: by these the function would add to shard 0 what belongs into others.
   */
  async restore(): Promise<void> {
    if (this.#isAhead) return;
    const format = await this.#connection.ask((redis) => redis.hget(this.#keys[0], 'format'));
    if (format === null || Number(format) < Number(this.#format)) await this.write();
  }
}
