import { partsMatch } from '../../model/pattern-parts.ts';
import { HubError } from './errors.ts';
import type { HubEvent } from './item.ts';
import { readPattern } from './match.ts';
import type { NewEvent } from './outbox.ts';

/** The interface of Standard Schema 1, which zod, valibot, arktype and others implement. */
export interface StandardSchema<Input = unknown, Output = Input> {
  readonly '~standard': {
    readonly version: 1;
    readonly vendor: string;
    readonly validate: (value: unknown) => Result<Output> | Promise<Result<Output>>;
    readonly types?: { readonly input: Input; readonly output: Output } | undefined;
  };
}

type Result<Output> =
  | { readonly value: Output; readonly issues?: undefined }
  | { readonly issues: readonly { readonly message: string }[] };

/** The schema of the objects of events, by the pattern of the events. The first pattern that matches counts. */
export type Schemas = Readonly<Record<string, StandardSchema>>;

/** What happens to an event that does not fit its schema. */
export type Invalid = 'drop' | 'throw' | 'pass';

type Types<S> = S extends { readonly '~standard': { readonly types?: infer T } } ? NonNullable<T> : never;
type OutputOf<S> = Types<S> extends { readonly output: infer Output } ? Output : unknown;
type InputOf<S> = Types<S> extends { readonly input: infer Input } ? Input : unknown;

/** Whether a part of one pattern matches everything that the same part of another pattern matches. */
type Holds<Wide, Narrow> = Wide extends '*' ? true : Narrow extends Wide ? true : false;
type Covers<Wide, Narrow> = Wide extends `${infer T}.${infer A}.${infer K}`
  ? Narrow extends `${infer T2}.${infer A2}.${infer K2}`
    ? [Holds<T, T2>, Holds<A, A2>, Holds<K, K2>] extends [true, true, true]
      ? true
      : false
    : false
  : false;
type SchemaOf<S, P> = { [Pattern in keyof S]: Covers<Pattern, P> extends true ? S[Pattern] : never }[keyof S];

/** The type of the object of events that a pattern matches, or `unknown` if no schema covers the pattern. */
export type Heard<S extends Schemas, P> = [SchemaOf<S, P>] extends [never]
  ? unknown
  : OutputOf<SchemaOf<S, P>>;

/** The type of objects that may be published to a topic. */
export type Published<S extends Schemas, P> = [SchemaOf<S, P>] extends [never]
  ? unknown
  : InputOf<SchemaOf<S, P>>;

/** Reads the objects of events by their schemas. */
export class Validator {
  readonly #schemas: readonly {
    readonly parts: ReturnType<typeof readPattern>['parts'];
    readonly schema: StandardSchema;
  }[];
  readonly #invalid: Invalid;

  constructor(schemas: Schemas, invalid: Invalid) {
    this.#schemas = Object.entries(schemas).map(([text, schema]) => ({ ...readPattern(text), schema }));
    this.#invalid = invalid;
  }

  /** An event as its reader gets it. @throws HubError `schema_invalid` */
  readonly heard = (event: HubEvent): HubEvent | undefined | Promise<HubEvent | undefined> => {
    const schema = this.#schemaOf(event);
    if (schema === undefined) return event;
    return (async () => {
      const result = await schema['~standard'].validate(event.object);
      if (result.issues === undefined) return { ...event, object: result.value };
      if (this.#invalid === 'throw') throw misfit(event, result.issues);
      return this.#invalid === 'pass' ? event : undefined;
    })();
  };

  /** Rejects with `schema_invalid`. The given object is published, and not what a schema makes of it. */
  async check(events: readonly NewEvent[]): Promise<void> {
    for (const event of events) {
      const result = await this.#schemaOf(event)?.['~standard'].validate(event.object);
      if (result?.issues !== undefined) throw misfit(event, result.issues);
    }
  }

  #schemaOf(event: Pick<NewEvent, 'type' | 'action' | 'key'>): StandardSchema | undefined {
    return this.#schemas.find(({ parts }) => partsMatch(parts, event))?.schema;
  }
}

function misfit(
  { type, action, key }: Pick<NewEvent, 'type' | 'action' | 'key'>,
  issues: readonly { readonly message: string }[],
): HubError {
  const why = issues.map(({ message }) => message).join('; ');
  return new HubError(
    'schema_invalid',
    `The object of ${type}.${action}.${key} does not fit its schema: ${why}`,
  );
}
