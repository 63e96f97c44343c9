import { describe, expect, it } from 'vitest';
import { allBounds } from '../../src/model/bound.ts';
import { boundsPart, hubModules, luaFiles, sourceOf } from './bounds-part.ts';

/**
 * The names of numbers that are no bounds. A new one belongs here only if no input and no load can reach it. Otherwise it
 * is declared by `bound`, with what happens when it is reached.
 */
const NO_BOUND = [
  // These are bytes and bits of a format, and values computed from them.
  /^(?:QUOTE|BACKSLASH|COMMA|COLON|(?:OPEN|CLOSE)_(?:LIST|OBJECT)|LOWER_U|UNDERSCORE|FINAL_TEXT|COMPRESSED|LEFT_OUT|TOPIC_PARTS)$/,
  /^(?:ZERO|NINE|LF|CR|CR_LF|DEFLATE_TAIL_BYTES|HASH_BASIS|HASH_PRIME|HASH_CHARACTERS|DECIDING_(?:DIGITS|VALUES)|MAX_HEADER_BYTES|DNS|IP|FAILED)$/,
  // How positions are written.
  /^(?:DIGIT_BASE|MAX_NUMBER)$/,
  /^(?:VERSION|LIBRARY_VERSION|MASKING|FIELDS|MAX_SECOND|LATEST_S|MAX_EXPONENT_LENGTH|WAS_REFUSED)$/,
  /^(?:CLOSE|PING|PONG|FINAL|RESERVED|OPCODE|MASKED|LENGTH|CONTINUATION|TEXT|BINARY|FIRST_CONTROL|CLOSING|CONTROL_MAX)$/,
  /^(?:MASK_BYTES|CODE_BYTES|NO_CODE|LOST|INNER|OUTER|FIRST_BYTES|NONCE_BYTES)$/,
  // These are units, and limits of settings.
  /^(?:[KMG]IB|DAY_MS|MINUTE_MS|SECOND_MS|YEAR_MS|YEAR_S|MAX_MS|MAX_TTL_MS|QUOTA_BYTES)$/,
  // These say how often something is done or reported, and how long a pause is.
  /_EVERY_MS$|^(?:TICK|WATCH|UPKEEP|SWEEP|COMPARE|PASS|LOOK|EVERY|PING|LOOP_PROBE|TURN|TOGETHER|BEHIND|PROVEN)_MS$/,
  /^(?:AGAIN_MS|AGAIN_AFTER_MS|ASK_AGAIN_MS|ASK_AGAIN_S|RETRY_MS|RETRY_AFTER_S|RETRY_SPREAD_MS|RETRY_ENDED_MS|SHORTEST_TIMER_MS)$/,
  /^(?:FIRST_WAIT_MS|MAX_WAIT_MS|MAX_RETRY_MS|MAX_BLOCK_MS|SLOTS|PREFLIGHT_MAX_AGE_S)$/,
  // These say how a source asks a Kubernetes API server.
  /^(?:EARLY_MS|PAGE_OBJECTS|PAGE_EVENTS|WATCH_S|SHORTEST_WATCH_MS|SILENT_WATCHES|RENEWAL_MS|RELEASE_MS)$/,
  // These are defaults for settings and queries.
  /^(?:LIMIT|TIMEOUT_S|BATCH_SIZE|JWKS_MAX_AGE_MS|PRESENCE_GRACE_MS|INTEREST_HOLD_MS|LEASE_TTL_MIN_MS|LEASE_TTL_MS|WHOLE_LOG|LOOK_BACK_MS|RATE_OVER_MS)$/,
  // These are sizes from which on another way is cheaper, and weights.
  /^(?:LONG|PART_BYTES|MIN_DEFLATE_BYTES|MIN_WRITE_BYTES|EARLY|MAX_STEPS|MAX_BEFORE|ENCODED_BYTES|FRAME_BYTES|SEGMENT_BYTES|CLASS_WEIGHT|SHARE)$/,
  /^(?:READ_BYTES|BLOCK_BYTES|BLOCK_EVENTS|MAX_PACKED_BYTES|PLACE_BYTES|OFTEN_MS)$/,
  // These say how pages of the documentation are found and shown.
  /^(?:ENOUGH|AROUND_CHARACTERS|LONG_SECTIONS|LONG_WORDS|WHOLE_BELOW_CHARACTERS)$/,
  // A setting's limit, and how the processes of one command are named and started again.
  /^(?:WORKERS_MAX|NAME_CHARACTERS|PAUSE_MS|SOUND_MS)$/,
  // How far apart clocks are of which a node warns.
  /^CLOCKS_APART_MS$/,
  // How many calls of Redis wait for each other.
  /^SETTLING$/,
  // What a source of Docker reads back before a position, how frames are read, and when a broken connection is found.
  /^(?:MARGIN_S|REACH_ENTRIES|HEADER_BYTES|JSON_GROWTH|KEEP_ALIVE_MS)$/,
];

const LUA_CONSTANT = /^local ([A-Z][A-Z0-9_]*)[\w, ]* = \d[\d, ]*$/gm;
const CONSTANT = /^(?:export )?const ([A-Z][A-Z0-9_]*)(?:: number)? = ([\d(][^;]*);/gm;

describe('the bounds of the hub', () => {
  it('are declared only once each', async () => {
    await boundsPart();
    const names = allBounds().map(({ of }) => of);
    expect(names.filter((name, i) => names.indexOf(name) !== i)).toEqual([]);
  });
});

describe('a number in the source of the hub', () => {
  it('is a declared bound, or is listed as one that bounds nothing', () => {
    const found = hubModules().flatMap((file) =>
      Array.from(sourceOf(file).matchAll(CONSTANT), ([, name = '', value = '']) => ({ file, name, value })),
    );
    const unknown = found.filter(({ name }) => !NO_BOUND.some((none) => none.test(name)));
    expect(unknown.map(({ file, name, value }) => `${file} ${name} = ${value}`)).toEqual([]);
  });

  it('is no bound within a script of Redis, since scripts are given their bounds', () => {
    const found = luaFiles().flatMap((file) =>
      Array.from(sourceOf(file).matchAll(LUA_CONSTANT), ([, name = '']) => name),
    );
    // These say how much one step of a longer task handles, or how often; or they are facts of JSON and Redis, or names of
    // kinds.
    const none = new Set([
      'AT_ONCE',
      'COUNT_MAX',
      'FIELD_BYTES',
      'LEARNS_EACH',
      'LOOK_AT',
      'MANY',
      'MANY_FIELDS',
      'TRIM_BYTES',
      'PARTS',
      'STEP',
      'NONE',
      'ROOT',
    ]);
    expect(found.filter((name) => !none.has(name))).toEqual([]);
  });
});
