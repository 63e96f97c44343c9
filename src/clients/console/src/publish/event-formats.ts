import type { Definitions, JsonSchema } from '../schema/json-schema.ts';

/** A format in which an event can be published. */
export interface EventFormat {
  /** The name of its dialect. */
  readonly dialect: string;
  readonly schema: JsonSchema;
}

/** What the hub says of publishing, in its own description. */
export interface PublishForm {
  readonly formats: readonly EventFormat[];
  readonly definitions: Definitions;
  /** How many events a list may have. */
  readonly maxEvents: number;
  /** How long an idempotency key may be. */
  readonly maxKey: number;
}

interface Parameter {
  readonly name: string;
  readonly schema?: JsonSchema;
}

interface OpenApi {
  readonly paths?: Readonly<
    Record<
      string,
      {
        readonly post?: {
          readonly parameters?: readonly Parameter[];
          readonly requestBody?: {
            readonly content?: Readonly<Record<string, { readonly schema?: JsonSchema }>>;
          };
        };
      }
    >
  >;
  readonly components?: { readonly schemas?: Definitions };
}

/** Reads `/openapi.json`: the body of `POST /api/v3/events` has the formats. @throws Error if the description is of another form */
export function publishFormIn(document: unknown): PublishForm {
  const { paths, components } = document as OpenApi;
  const post = paths?.['/api/v3/events']?.post;
  const [event, list] = post?.requestBody?.content?.['application/json']?.schema?.anyOf ?? [];
  const parameter = (name: string): JsonSchema | undefined =>
    post?.parameters?.find((each) => each.name === name)?.schema;
  const references = event?.anyOf ?? [];
  const formats = (parameter('dialect')?.enum ?? []).flatMap((dialect) => {
    const schema = references.find(({ $ref = '' }) => $ref.endsWith(`_${String(dialect)}`));
    return schema === undefined ? [] : [{ dialect: String(dialect), schema }];
  });
  if (formats.length === 0)
    throw new Error('The description of this hub in /openapi.json has no format of events.');
  return {
    formats,
    definitions: components?.schemas ?? {},
    maxEvents: list?.maxItems ?? 1,
    maxKey: parameter('Idempotency-Key')?.maxLength ?? 200,
  };
}
