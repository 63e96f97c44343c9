import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { faultsOf } from '../../../src/clients/console/src/json/event-faults.ts';
import { jsonFault } from '../../../src/clients/console/src/json/json-fault.ts';
import { DIALECTS } from '../../../src/dialects/index.ts';
import { EventFormats } from '../../../src/dialects/event-formats.ts';
import { asBelfryError } from '../../../src/model/errors.ts';
import { readJson } from '../../../src/model/json.ts';

const formats = new EventFormats(DIALECTS);

/** Why the hub does not take these events. */
function refusalOf(text: string, dialect?: string): { readonly code: string; readonly message: string } {
  try {
    const body = readJson(text);
    for (const each of body.items(256) ?? [body]) formats.parse(each, dialect);
  } catch (error) {
    return asBelfryError(error);
  }
  throw new Error(`The hub takes ${text}`);
}

/** The parts of the text that are marked. */
const marked = (text: string, dialect?: string): string[] =>
  faultsOf(text, refusalOf(text, dialect)).map(({ from, to }) => text.slice(from, to));

describe('the fault of a text', () => {
  it.each([
    ['{"a":1,}', '}'],
    ['{"a" 1}', '1'],
    ['{"a":01}', '0'],
    ['{"a":tru}', 't'],
    ['{"a":"x\ty"}', '\t'],
    ['{"a":"\\x"}', 'x'],
    ['{"a":"\\ud800"}', '\\'],
    ['{"a":"b', 'b'],
    ['{"a":1} x', 'x'],
    ['{"a":NaN}', 'N'],
    ['{"a":😀}', '😀'],
    ['{"b":{"__proto__":1}}', '"__proto__"'],
    ['{"b":{"\\u005f_proto__":1}}', '"\\u005f_proto__"'],
    ['\uFEFF{"a":x}', 'x'],
  ])('is marked where JSON ends in %s', (text, expected) => {
    expect(marked(text)).toEqual([expected]);
    const { from = 0, to = 0 } = jsonFault(text) ?? {};
    expect(text.slice(from, to)).toBe(expected);
  });

  it('is marked at the level that is too deep', () => {
    const text = `{"a":"[[[","b":${'['.repeat(64)}${']'.repeat(64)}}`;
    const [fault] = faultsOf(text, refusalOf(text));
    expect(fault?.from).toBe(text.indexOf('"b"') + 4 + 63);
  });

  it.each([
    ['{"type":"a","action":"b"}', ['{']],
    ['{"type":"","action":"b","key":5}', ['""', '5']],
    ['{"type":"a","action":"b","key":"c","foo":1,"b\\"ar":2}', ['"foo":1', '"b\\"ar":2']],
    ['{"type":"a","action":"b","key":"c","metadata":[1]}', ['[1]']],
    ['{"type":"a","action":"b","key":"c","time":"x"}', ['"x"']],
    ['{"Type":"a","Action":"","Key":"c"}', ['""']],
    ['{"Type":"a","Action":7}', ['7']],
    ['{"Type":"a","action":"b","Action":"c"}', ['"action":"b"', '"Action":"c"']],
    ['{"Type":"a","Action":"b","Time":"yesterday"}', ['"yesterday"']],
    ['{"event_type":"a","metadata":1}', ['{', '1']],
    ['{"event_type":5,"data":1,"timestamp":"z"}', ['5', '"z"']],
    ['{"type":"belfry","action":"b","key":"x"}', ['"belfry"']],
    ['{"type":"connections.x","appId":"b"}', ['"connections.x"']],
    ['[{"type":"deploy.a","appId":"b"},{"type":"deploy","appId":"b"}]', ['"deploy"']],
    ['{"a":1}', ['{']],
    ['5', ['5']],
    [
      '[{"type":"a","action":"b","key":"c","time":"2026-01-15T10:30:00Z"},{"type":"a","action":"b","key":"c","time":"x"}]',
      ['"x"'],
    ],
    ['[{"type":"a","action":"b","key":"c"},{"type":"a","action":"b"}]', ['{']],
  ])('is marked at the field that the refusal of %s names', (text, expected) => {
    expect(marked(text)).toEqual(expected);
  });

  it('is not marked where the refusal is not about a place', () => {
    const text = '{"type":"a","action":"b","key":"c"}';
    expect(faultsOf(text, { code: 'event_too_big', message: 'The event has 9 bytes.' })).toEqual([]);
    expect(faultsOf('', { code: 'json_invalid', message: 'the end stands at position 0' })).toEqual([]);
  });

  it('is found for every text that the hub does not take as JSON, within the text, and for no other', () => {
    const characters = fc.constantFrom(
      ...Array.from('{}[]:,"\\ut1.e-0 \n\t_'),
      '__proto__',
      'true',
      'null',
      '\uD83D',
      '😀',
    );
    const texts = fc.oneof(
      fc.array(characters, { maxLength: 30 }).map((parts) => parts.join('')),
      fc.json(),
    );
    fc.assert(
      fc.property(texts, (text) => {
        const fault = jsonFault(text);
        let isTaken = true;
        try {
          readJson(text);
        } catch {
          isTaken = false;
        }
        expect(fault === undefined).toBe(isTaken);
        const { from = 0, to = 0 } = fault ?? {};
        expect(from).toBeGreaterThanOrEqual(0);
        expect(from).toBeLessThanOrEqual(to);
        expect(to).toBeLessThanOrEqual(text.length);
      }),
    );
  });
});
