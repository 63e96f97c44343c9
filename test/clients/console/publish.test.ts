import { describe, expect, it } from 'vitest';
import { copyAs, copyForms } from '../../../src/clients/console/src/copy-as.ts';
import { differenceOf } from '../../../src/clients/console/src/editor/difference.ts';
import { parseJson } from '../../../src/clients/console/src/json/json-tree.ts';
import {
  changed,
  draftOf,
  linkedDraft,
  publishLink,
} from '../../../src/clients/console/src/publish/draft.ts';
import { dryRunsIn } from '../../../src/clients/console/src/publish/dry-run.ts';
import { completionOf, suggestionsFor } from '../../../src/clients/console/src/publish/suggestions.ts';
import { mayPublishTopic, titleOf, topicOf } from '../../../src/clients/console/src/publish/topic.ts';
import { fieldsOf } from '../../../src/clients/console/src/schema/form-fields.ts';

const TEXT = { type: 'string', minLength: 1 };
const DOTTED = { type: 'string', pattern: '^[^.]+\\.[\\s\\S]+$' };
const NATIVE = fieldsOf(
  {
    properties: { id: TEXT, type: TEXT, action: TEXT, key: TEXT, object: {} },
    required: ['type', 'action', 'key'],
  },
  {},
);
const NORN = fieldsOf({ properties: { type: DOTTED, appId: TEXT, payload: {} } }, {});
const DORGU = fieldsOf({ properties: { type: DOTTED, data: { properties: { name: TEXT } } } }, {});
const TOPICS = [
  { type: 'deploy', action: 'begin' },
  { type: 'deploy', action: 'end' },
  { type: 'tasks', action: 'fail' },
];

describe('a draft', () => {
  it('keeps its idempotency key while it stays the same, and gets another one with each change', () => {
    const draft = draftOf('native', '{}');
    expect(changed(draft, { text: '{}', index: 1 }).key).toBe(draft.key);
    expect(changed(draft, { text: '{ }' }).key).not.toBe(draft.key);
    expect(changed(draft, { dialect: 'drp' }).key).not.toBe(draft.key);
  });

  it('is what a link says, with all characters and digits', () => {
    const text = '{"key":"a?b#c&d=%20é","n":1.0}';
    const [, query = ''] = /\?(.*)$/s.exec(publishLink(text, 'drp')) ?? [];
    expect(linkedDraft(new URLSearchParams(query), ['native', 'drp'])).toMatchObject({
      text,
      dialect: 'drp',
    });
    expect(linkedDraft(new URLSearchParams({ event: text, dialect: 'x' }), ['native'])?.dialect).toBe(
      'native',
    );
    expect(linkedDraft(new URLSearchParams(), ['native'])).toBeUndefined();
  });
});

describe('the name of an event', () => {
  it('is its topic, in the format in which it is written', () => {
    const native = parseJson('{"id":"1-0","type":"deploy","action":"begin","key":"a.b"}');
    expect(titleOf(native, NATIVE, false)).toBe('deploy.begin.a.b');
    expect(topicOf(native, NATIVE, false)).toEqual({ type: 'deploy', action: 'begin', key: 'a.b' });
    const norn = parseJson('{"type":"deploy.step","appId":"shop"}');
    expect(topicOf(norn, NORN, false)).toEqual({ type: 'deploy', action: 'step', key: 'shop' });
    const dorgu = parseJson('{"type":"cluster.added","data":{"name":"c1"}}');
    expect(titleOf(dorgu, DORGU, false)).toBe('cluster.added.c1');
    const drp = parseJson('{"TYPE":"a","Action":"b"}');
    expect(topicOf(drp, NATIVE, true)).toEqual({ type: 'a', action: 'b', key: '' });
  });

  it('is no topic while its fields do not show one', () => {
    expect(topicOf(parseJson('{"type":"a"}'), NATIVE, false)).toBeUndefined();
    expect(topicOf(parseJson('{"type":"a","appId":"b"}'), NORN, false)).toBeUndefined();
  });

  it('tells whether the signed-in may publish it', () => {
    const me = { principal: 'user:a', roles: [], subscribe: [], publish: ['deploy.*.shop'], expiresAt: null };
    expect(mayPublishTopic(me, { type: 'deploy', action: 'x', key: 'shop' })).toBe(true);
    expect(mayPublishTopic(me, { type: 'deploy', action: 'x', key: 'other' })).toBe(false);
  });
});

describe('what is suggested', () => {
  const field = (name: string): (typeof NATIVE)[number] => NATIVE.find(({ path }) => path[0] === name)!;

  it('are the types that the hub has heard, and the actions of the type', () => {
    expect(suggestionsFor(field('type'), TOPICS, undefined)).toEqual(['deploy', 'tasks']);
    expect(suggestionsFor(field('action'), TOPICS, 'tasks')).toEqual(['fail']);
    expect(suggestionsFor(field('action'), TOPICS, 'other')).toEqual(['begin', 'end', 'fail']);
    expect(suggestionsFor(field('key'), TOPICS, 'tasks')).toEqual([]);
    expect(suggestionsFor(NORN[0]!, TOPICS, undefined)).toEqual(['deploy.begin', 'deploy.end', 'tasks.fail']);
  });

  it('fits the place in the text', () => {
    const complete = completionOf(NATIVE, TOPICS, false);
    const texts = (place: Parameters<typeof complete>[0]): string[] =>
      complete(place).map(({ text }) => text);
    expect(texts({ isName: false, path: ['action'], siblings: { type: 'deploy' } })).toEqual([
      'begin',
      'end',
    ]);
    expect(texts({ isName: false, path: ['object', 'type'], siblings: {} })).toEqual([]);
    expect(texts({ isName: true, path: [], siblings: { type: 'deploy', key: '' } })).toEqual([
      'id',
      'action',
      'object',
    ]);
    expect(completionOf(DORGU, [], false)({ isName: true, path: ['data'], siblings: {} })).toEqual([
      { text: 'name' },
    ]);
  });
});

describe('the answer of a dry run', () => {
  it('has each event with its digits', () => {
    const answer =
      '[{"event":{"object":{"n":12345678901234567890123,"x":1.0}},"topic":"a.b.c","total":2,"silent":["n2"]}]';
    expect(dryRunsIn(answer)).toEqual([
      { event: '{"object":{"n":12345678901234567890123,"x":1.0}}', topic: 'a.b.c', total: 2, silent: ['n2'] },
    ]);
  });
});

describe('a publish that is copied', () => {
  const text = `{"type":"a","action":"b","key":"it's","object":{"n":1.0,"big":12345678901234567890123,"s":"1.0"}}`;

  it('is safe in a shell, and keeps the token out', () => {
    expect(copyAs('curl', 'http://h/', { text, dialect: 'drp' })).toBe(
      `curl 'http://h/api/v3/events?dialect=drp' \\
  -H "Authorization: Bearer $BELFRY_TOKEN" \\
  -H 'Content-Type: application/json' \\
  --data-binary '${text.replace("'", String.raw`'\''`)}'`,
    );
    expect(copyAs('command', 'http://h/', { text: '{"a":1}' })).toBe(
      `belfry publish '{"a":1}' --url http://h/`,
    );
  });

  it('says in a program which numbers JavaScript changes', () => {
    const program = copyAs('SDK', 'http://h/', { text });
    expect(program).toContain('changes these numbers: 1.0, 12345678901234567890123.');
    expect(program).toContain(`hub.publishAll([${text}])`);
    expect(copyAs('SDK', 'http://h/', { text: '[{"n":1}]' })).toContain('hub.publishAll([{"n":1}])');
  });

  it('is offered for the SDK only in the format that the SDK publishes', () => {
    expect(copyForms({ text, dialect: 'norn' })).toEqual(['curl', 'command']);
    expect(copyForms({ text })).toEqual(['curl', 'command', 'SDK']);
  });
});

describe('the difference of two texts', () => {
  it.each([
    ['abc', 'abxc', { from: 2, to: 2, insert: 'x' }],
    ['aaa', 'aa', { from: 2, to: 3, insert: '' }],
    ['', 'x', { from: 0, to: 0, insert: 'x' }],
    ['{"a":1}', '{"a":2}', { from: 5, to: 6, insert: '2' }],
  ])('of %s and %s is one change', (now, then, expected) => {
    expect(differenceOf(now, then)).toEqual(expected);
  });
});
