import { readFileSync } from 'node:fs';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Dialect, Encoding } from '../../src/dialects/dialect.ts';
import { ProtocolError } from '../../src/model/errors.ts';
import { HUB_TYPE, refuseReservedType, type HubEvent, type NewEvent } from '../../src/model/event.ts';
import type { Filter } from '../../src/model/filter.ts';
import { isJsonObject, parseJson, type Json, type JsonObject } from '../../src/model/json.ts';
import { Pattern } from '../../src/model/pattern.ts';
import { thrownBy } from '../support/thrown.ts';
import { runs } from '../support/runs.ts';

/** One golden example: the input, and the result. A result can also be a refusal (`! code ref`), or nothing (`-`). */
interface Golden {
  readonly fact: string;
  readonly given: string;
  readonly said: string | undefined;
  readonly refused: string | undefined;
}

export interface ContractOptions {
  /** The event that a publisher would publish with the encoded frame, or `undefined` where nobody can publish it. */
  readonly comesBack: (event: HubEvent) => NewEvent | undefined;
  /** Fields that make an event one that the dialect supports, for dialects that support few events. */
  readonly says?: readonly Partial<HubEvent>[];
}

/** The rules that every dialect keeps. Its golden frames are in `test/fixtures/<name>`. */
export function dialectContract(dialect: Dialect, { comesBack, says = [{}] }: ContractOptions): void {
  describe(`the ${dialect.name} dialect encodes`, () => {
    encodesGolden(dialect, 'events', dialect);

    it('an event the same way twice, and leaves the event unchanged', () => {
      fc.assert(
        fc.property(hubEvent, (event) => {
          const given = frozen(event);
          expect(dialect.encode(given)).toBe(dialect.encode(given));
        }),
      );
    });

    it('an event as one JSON object without line breaks, or as nothing', () => {
      const anyType = fc.tuple(
        hubEvent,
        fc.constantFrom(HUB_TYPE, 'websocket', 'profiles', '', 'constructor'),
      );
      fc.assert(
        fc.property(anyType, ([event, type]) => {
          const text = dialect.encode({ ...event, type });
          if (text === undefined) return;
          expect(text).not.toMatch(/[\r\n]/);
          expect(isJsonObject(parseJson(text))).toBe(true);
        }),
      );
    });

    it('an event so that its own format parses it back, if it supports the event', () => {
      fc.assert(
        fc.property(hubEvent, fc.constantFrom(...says), (any, said) => {
          const event = { ...any, ...said };
          const text = dialect.encode(event);
          if (text === undefined) return;
          expect(dialect.publishing?.parse(parseJson(text))).toEqual(throughJson(comesBack(event)));
        }),
        { numRuns: runs(500) },
      );
    });
  });

  describe(`the ${dialect.name} dialect decodes`, () => {
    const commands = golden(dialect, 'commands');

    it.each(named(commands))('%s', (_fact, example) => {
      expect(outcomeOf(() => dialect.decode(example.given))).toEqual(expectedOf(example));
    });

    it('any text to a command, or throws ProtocolError', () => {
      const valid = commands.filter(({ said }) => said !== undefined).map(({ given }) => given);
      const frame = fc.oneof(
        fc.string({ unit: 'binary' }),
        fc.string({ unit: 'grapheme' }).map((text) => `register ${text}`),
        fc.json(),
        { weight: 3, arbitrary: mutated(valid) },
      );
      fc.assert(
        fc.property(frame, (text) => {
          const error = thrownBy(() => dialect.decode(text));
          expect(error === undefined || error instanceof ProtocolError).toBe(true);
        }),
        { numRuns: runs(20_000) },
      );
    });

    it('deeply nested frames to nothing, or throws ProtocolError', () => {
      for (const text of [
        '['.repeat(10_000),
        '{"a":'.repeat(10_000),
        '['.repeat(9_999) + ']'.repeat(9_999),
      ]) {
        const outcome = outcomeOf(() => dialect.decode(text));
        expect(JSON.stringify(outcome)).toMatch(/^\{"said":\{"kind":"ignore"|^\{"refused":"/);
      }
    });
  });

  describe(`the ${dialect.name} dialect parses`, () => {
    const examples = golden(dialect, 'published');

    it.each(named(examples))('%s', (_fact, example) => {
      const body = frozen(parseJson(example.given));
      expect(outcomeOf(() => published(dialect, body))).toEqual(expectedOf(example));
    });

    it('any JSON to an event, leaves it to another format, or throws ProtocolError', () => {
      const bodies = examples.map(({ given }) => parseJson(given)).filter((body) => isJsonObject(body));
      const changed = fc
        .tuple(fc.constantFrom(...bodies), fc.dictionary(fieldName(bodies), jsonValue, { maxKeys: 3 }))
        .map(([body, fields]): Json => Object.assign({}, body, fields));
      fc.assert(
        fc.property(fc.oneof(jsonValue, { weight: 3, arbitrary: changed }), (body) => {
          const event = { parsed: undefined as NewEvent | undefined };
          const error = thrownBy(() => (event.parsed = dialect.publishing?.parse(frozen(body))));
          expect(error === undefined || error instanceof ProtocolError).toBe(true);
          expect(event.parsed === undefined || isWhole(event.parsed)).toBe(true);
        }),
        { numRuns: runs(20_000) },
      );
    });
  });
}

/** Tests the golden frames of a file. Each frame is a test of its own. */
export function encodesGolden(dialect: Dialect, file: string, { encode }: Encoding): void {
  it.each(named(golden(dialect, file)))('%s', (_fact, { given, said }) => {
    expect(encode(frozen(parseJson(given)) as unknown as HubEvent)).toBe(said);
  });
}

/** The examples of a file. Each one is a block of three lines, `# fact`, `< input` and `> result`. */
function golden(dialect: Dialect, file: string): Golden[] {
  const url = new URL(`../fixtures/${dialect.name}/${file}.txt`, import.meta.url);
  const blocks = readFileSync(url, 'utf8').trimEnd().split('\n\n');
  return blocks.map((block) => {
    const [fact = '', given = '', out = '', ...more] = block.split('\n');
    const readable = fact.startsWith('# ') && given.startsWith('< ') && /^(> |! |-$)/.test(out);
    if (!readable || more.length > 0) throw new Error(`not an example: ${block}`);
    return {
      fact: fact.slice(2),
      given: given.slice(2),
      said: out.startsWith('> ') ? out.slice(2) : undefined,
      refused: out.startsWith('! ') ? out.slice(2) : undefined,
    };
  });
}

const jsonValue = fc
  .jsonValue({ maxDepth: 4, stringUnit: 'grapheme' })
  .filter((value) => !JSON.stringify(value).includes('__proto__')) as fc.Arbitrary<Json>;
const jsonObject = fc
  .dictionary(fc.string(), jsonValue, { maxKeys: 3, noNullPrototype: true })
  .filter((value) => !Object.hasOwn(value, '__proto__')) as fc.Arbitrary<JsonObject>;
const name = fc.oneof(
  fc.string({ unit: 'grapheme', minLength: 1 }),
  fc.constantFrom('profiles', 'save', 'a.b', '*', 'constructor', ' a '),
);

/** Any event that may have been published. */
const hubEvent: fc.Arbitrary<HubEvent> = fc.record(
  {
    id: fc.constantFrom('1736937000123-0', '2-7'),
    previous: fc.constant('1-0'),
    size: fc.nat(),
    time: fc.constantFrom(
      '2025-01-15T10:30:00Z',
      '2025-01-15T10:30:00.120000000Z',
      '2025-01-15t10:30:00.123456789+05:30',
      '0001-01-01T00:00:00Z',
    ),
    type: name.filter((type) => type !== HUB_TYPE && type !== 'websocket'),
    action: name,
    key: fc.oneof(name, fc.constant('')),
    principal: fc.oneof(name, fc.constant('')),
    object: jsonValue,
    original: jsonValue,
    metadata: jsonObject,
  },
  { requiredKeys: ['size', 'time', 'type', 'action', 'key', 'object'], noNullPrototype: true },
);

/** Commands that had a piece removed, inserted, doubled or replaced. */
function mutated(valid: readonly string[]): fc.Arbitrary<string> {
  const bit = fc.oneof(
    fc.constantFrom(
      '',
      '"',
      '{',
      '}',
      '[',
      ']',
      ',',
      '.',
      ' ',
      '\\',
      '\u0000',
      'null',
      '1',
      '__proto__',
      '*',
    ),
    fc.string({ unit: 'binary', maxLength: 2 }),
  );
  const change = fc.record({ at: fc.nat(200), removed: fc.nat(5), bit });
  return fc
    .tuple(fc.constantFrom(...valid), fc.array(change, { minLength: 1, maxLength: 3 }))
    .map(([text, changes]) =>
      changes.reduce((given, { at, removed, bit: put }) => {
        const start = at % (given.length + 1);
        return given.slice(0, start) + put + given.slice(start + removed);
      }, text),
    );
}

/** The names of fields in these bodies, in any case. */
function fieldName(bodies: readonly JsonObject[]): fc.Arbitrary<string> {
  const names = [...new Set(bodies.flatMap((body) => Object.keys(body)))];
  return fc.oneof(
    fc.constantFrom(...names),
    fc.constantFrom(...names).map((field) => field.toLowerCase()),
    fc.constantFrom('toString', 'constructor', ''),
  );
}

function isWhole({ type, action, key, object }: NewEvent): boolean {
  return type !== '' && action !== '' && typeof key === 'string' && object !== undefined;
}

const named = (examples: readonly Golden[]): [string, Golden][] =>
  examples.map((example) => [example.fact, example]);

function expectedOf({ said, refused }: Golden): object {
  return refused === undefined ? { said: said && (JSON.parse(said) as unknown) } : { refused };
}

/** The outcome: the result, or the code of a refusal with the id of the command that it answers, if there is one. */
function published(dialect: Dialect, body: Json): NewEvent | undefined {
  const event = dialect.publishing?.parse(body);
  if (event !== undefined) refuseReservedType(event);
  return event;
}

function outcomeOf(run: () => object | undefined): object {
  try {
    return { said: plain(run()) };
  } catch (error) {
    if (!(error instanceof ProtocolError)) throw error;
    return { refused: `${error.code} ${error.ref}`.trimEnd() };
  }
}

/** Commands with their patterns as parts and their filters as texts. */
function plain(value: object | undefined): unknown {
  if (value === undefined) return undefined;
  return JSON.parse(
    JSON.stringify(value, (field, inner: unknown) => {
      if (inner instanceof Pattern) return inner.parts ?? null;
      return field === 'filters' ? (inner as readonly Filter[]).map(({ text }) => text) : inner;
    }),
  );
}

function throughJson(value: object | undefined): unknown {
  return value && JSON.parse(JSON.stringify(value));
}

function frozen<T>(value: T): T {
  if (typeof value !== 'object' || value === null) return value;
  for (const inner of Object.values(value)) frozen(inner);
  return Object.freeze(value);
}
