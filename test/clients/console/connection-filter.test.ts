import { describe, expect, it } from 'vitest';
import {
  hasTerm,
  matcherOf,
  parseFilter,
  toggleTerm,
  writeTerm,
} from '../../../src/clients/console/src/connections/filter.ts';
import { filterQuery, sortParameters } from '../../../src/clients/console/src/connections/filter-query.ts';
import { parseQuery } from '../../../src/registry/connection-query.ts';
import { EVERYBODY, Selection } from '../../../src/registry/connection-selection.ts';
import { connectionOf } from './connections.ts';

const PEOPLE = [
  connectionOf('1', { Principal: 'user:ada', Node: 'n1', Patterns: ['deploy.*.shop'], UserAgent: 'curl/8' }),
  connectionOf('2', {
    Principal: 'user:bob',
    Node: 'n2',
    RemoteAddr: '10.0.0.2:80',
    UserAgent: 'My Agent (2)',
  }),
  connectionOf('3', { Principal: 'unknown', Node: 'n2', Dialect: 'norn' }),
  connectionOf('4', { Principal: 'user:ada', Type: 'api', Dialect: '' }),
];

const found = (written: string): string[] =>
  PEOPLE.filter(matcherOf(parseFilter(written))).map(({ Id }) => Id);

describe('the filter of connections', () => {
  it.each([
    ['', ['1', '2', '3', '4']],
    ['ADA', ['1', '4']],
    ['user:ada', ['1', '4']],
    ['principal:user:ada node:n1', ['1', '4']],
    ['node:n1 node:n2', ['1', '2', '3', '4']],
    ['node=n', []],
    ['node=n2 dialect:norn', ['3']],
    ['pattern:shop', ['1']],
    ['shop', ['1']],
    ['agent:"my agent"', ['2']],
    ['"my agent (2)', ['2']],
    ['-user', ['3']],
    ['-node:n1 -dialect=norn', ['2']],
    ['address:10.0.', ['2']],
    ['type:api', ['4']],
    ['dialect=api', ['4']],
    ['node:', ['1', '2', '3', '4']],
    ['id=2', ['2']],
    ['*(', []],
  ])('"%s" finds %j', (written, ids) => {
    expect(found(written)).toEqual(ids);
  });

  it('gets a word by one click, and loses it by the next', () => {
    const word = writeTerm('node', 'a b');
    const filter = toggleTerm('ada', word);
    expect(filter).toBe('ada node="a b"');
    expect(hasTerm(filter, word)).toBe(true);
    expect(toggleTerm(filter, word)).toBe('ada');
  });
});

describe('the filter in the grammar of the API', () => {
  const NOBODY_ELSE = { anonymous: false, rest: false };
  const ALL = { anonymous: true, rest: true };
  const selected = (written: string, kinds = ALL): { readonly ids: string[]; readonly isWhole: boolean } => {
    const { parameters, isWhole } = filterQuery(parseFilter(written), kinds);
    const selection = new Selection({ ...EVERYBODY, ...parseQuery(parameters, 'all', 100) });
    const withUnknown = parameters.has('Principal');
    for (const each of PEOPLE) if (withUnknown || each.Principal !== 'unknown') selection.offer(each);
    return {
      ids: selection
        .page()
        .map(({ Id }) => Id)
        .toSorted(),
      isWhole,
    };
  };

  it.each([
    '',
    'principal:ADA',
    'node=n2',
    'node:n1 node=n2',
    'agent:"agent (2)"',
    'address:10.0.',
    'id=2',
    'dialect:nat',
  ])('selects for "%s" what the page itself would find', (written) => {
    expect(selected(written)).toEqual({ ids: found(written), isWhole: true });
  });

  it.each(['pattern:shop', '-node:n1', `agent:${'x'.repeat(300)}`])(
    'selects more for "%s", which the API cannot say',
    (written) => {
      expect(selected(written)).toEqual({ ids: ['1', '2', '3', '4'], isWhole: false });
    },
  );

  it('looks for a word without a field in the principals', () => {
    expect(selected('ada')).toEqual({ ids: ['1', '4'], isWhole: false });
  });

  it('leaves out anonymous connections and callers of the REST API, unless they are wanted', () => {
    expect(selected('', NOBODY_ELSE)).toEqual({ ids: ['1', '2'], isWhole: true });
    expect(selected('', { anonymous: true, rest: false })).toEqual({ ids: ['1', '2', '3'], isWhole: true });
    expect(selected('principal:unknown', NOBODY_ELSE).isWhole).toBe(false);
  });

  it('asks for the order of a column that the registry knows', () => {
    const order = (column: 'since' | 'queued' | 'node', isDescending: boolean): string =>
      sortParameters(new URLSearchParams(), { column, isDescending }).toString();
    expect(order('since', true)).toBe('sort=CreateTime&reverse=true');
    expect(order('node', false)).toBe('sort=Node');
    expect(order('queued', true)).toBe('');
  });
});
