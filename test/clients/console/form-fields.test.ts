import { Ajv2020 } from 'ajv/dist/2020.js';
import addFormats from 'ajv-formats';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseJson } from '../../../src/clients/console/src/json/json-tree.ts';
import { publishFormIn } from '../../../src/clients/console/src/publish/event-formats.ts';
import { misfits } from '../../../src/clients/console/src/schema/check.ts';
import { fieldsOf, nodeAt, templateOf } from '../../../src/clients/console/src/schema/form-fields.ts';
import { resolved, type JsonSchema } from '../../../src/clients/console/src/schema/json-schema.ts';
import { DIALECTS } from '../../../src/dialects/index.ts';
import { EventFormats } from '../../../src/dialects/event-formats.ts';
import { openApi } from '../../../src/gateway/api-docs/openapi.ts';
import { PUBLISH_ROUTES } from '../../../src/gateway/rest/publish-routes.ts';

const form = publishFormIn(
  JSON.parse(JSON.stringify(openApi('1.0.0', PUBLISH_ROUTES, new EventFormats(DIALECTS)))),
);
const { definitions } = form;
const schemaOf = (dialect: string): JsonSchema =>
  resolved(form.formats.find((each) => each.dialect === dialect)?.schema ?? {}, definitions);
const said = (text: string, dialect: string): string[] =>
  misfits(parseJson(text), schemaOf(dialect), definitions).map(
    ({ path, from, to, message }) => `${path.join('.')} ${text.slice(from, to)} ${message}`,
  );

describe('the form of an event', () => {
  it('has every format that the hub serves', () => {
    expect(form.formats.map(({ dialect }) => dialect).toSorted()).toEqual([
      'cloudevents',
      'dorgu',
      'drp',
      'native',
      'norn',
      'provisioning',
    ]);
    expect(form.maxEvents).toBe(256);
    expect(form.maxKey).toBe(200);
  });

  it('has the fields of the schema, those within an object too', () => {
    const brief = (dialect: string): string[] =>
      fieldsOf(schemaOf(dialect), definitions).map(
        ({ path, kind, isRequired }) => `${path.join('.')} ${kind}${isRequired ? ' required' : ''}`,
      );
    expect(brief('native')).toEqual([
      'id string',
      'time time',
      'type string required',
      'action string required',
      'key string required',
      'principal string',
      'object json',
      'original json',
      'metadata json',
    ]);
    expect(brief('drp').slice(0, 5)).toEqual([
      'Time time',
      'Type string required',
      'Action string required',
      'Key string',
      'Principal string',
    ]);
    expect(brief('dorgu')).toEqual([
      'type string required',
      'data json required',
      'data.name string required',
    ]);
  });

  it('offers what an enumeration has, and true and false', () => {
    const schema = { type: 'object', properties: { a: { enum: ['x', 1] }, b: { type: 'boolean' } } };
    expect(fieldsOf(schema, {}).map(({ kind, choices }) => [kind, choices])).toEqual([
      ['choice', ['"x"', '1']],
      ['choice', ['true', 'false']],
    ]);
  });

  it('begins with what is required, and what has a default', () => {
    expect(templateOf(schemaOf('native'), definitions)).toBe(
      '{\n  "type": "",\n  "action": "",\n  "key": "",\n  "object": {}\n}',
    );
    expect(templateOf(schemaOf('dorgu'), definitions)).toBe(
      '{\n  "type": "",\n  "data": {\n    "name": ""\n  }\n}',
    );
  });

  it('finds the value of a field, of the last one with its name', () => {
    const event = parseJson('{"a":1,"a":{"b":1.0}}');
    expect(nodeAt(event, ['a', 'b'])?.text).toBe('1.0');
    expect(nodeAt(event, ['a', 'c'])).toBeUndefined();
    expect(nodeAt(event, ['A'], true)?.text).toBe('{"b":1.0}');
  });

  it('tells a description of another form', () => {
    expect(() => publishFormIn({ paths: {} })).toThrow('has no format of events');
  });
});

describe('a check by a schema', () => {
  it('marks each value that does not fit, and what is missing', () => {
    expect(said('{"type":"","action":"b","key":5}', 'native')).toEqual([
      'type "" It is empty.',
      'key 5 Expected a string.',
    ]);
    expect(said('{"type":"a","action":"b","foo":1}', 'native')).toEqual([
      'key { The field key is missing.',
      'foo "foo":1 There is no field foo. Expected id, time, type, action, key, principal, object, original, metadata.',
    ]);
    expect(said('{"type":"deploy","appId":"a"}', 'norn')).toEqual([
      'type "deploy" Expected a type and an action with a dot between them.',
    ]);
    expect(said('{"type":"a.b","data":{}}', 'dorgu')).toEqual(['data.name { The field name is missing.']);
    expect(said('{"event_type":"a","data":1,"timestamp":"z"}', 'provisioning')).toEqual([
      'timestamp "z" Expected a time in the format of RFC 3339, such as 2026-01-15T10:30:00Z.',
    ]);
  });

  it('reads the names of DRP without regard to case, as the hub does', () => {
    expect(said('{"type":"a","ACTION":"b"}', 'drp')).toEqual([]);
  });

  it('says the same as another validator about any event of each format', () => {
    const ajv = addFormats.default(new Ajv2020({ strict: false, allErrors: true }));
    const value = fc.oneof(
      fc.constantFrom('', 'a', 'a.b', '2026-01-15T10:30:00Z', 'x', 1.5, null, true, [], {}, { name: 'n' }),
      fc.jsonValue({ maxDepth: 1 }),
    );
    for (const { dialect } of form.formats) {
      const schema = schemaOf(dialect);
      const validate = ajv.compile(schema);
      const names = [...Object.keys(schema.properties ?? {}), 'other'];
      const events = fc.dictionary(fc.constantFrom(...names), value, { maxKeys: 8 });
      fc.assert(
        fc.property(events, (event) => {
          fc.pre(!JSON.stringify(event).includes('__proto__'));
          const own = misfits(parseJson(JSON.stringify(event)), schema, definitions);
          expect(own.length === 0).toBe(validate(event));
        }),
      );
    }
  });
});
