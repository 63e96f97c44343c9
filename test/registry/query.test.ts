import { describe, expect, it } from 'vitest';
import { BelfryError } from '../../src/model/errors.ts';
import { thrownBy } from '../support/thrown.ts';
import { aQuery } from './records.ts';

describe('a query', () => {
  it('takes a value for Eq of that value', () => {
    expect(aQuery('Principal=user:ada')).toEqual(aQuery('Principal=Eq(user:ada)'));
    expect(aQuery('Principal=user:ada').filters).toEqual([
      { field: 'Principal', any: [{ name: 'Eq', values: ['user:ada'] }] },
    ]);
  });

  it('gathers what is said of one field, and keeps fields apart', () => {
    expect(aQuery('Node=a&Type=api&Node=Ne(b)').filters).toEqual([
      {
        field: 'Node',
        any: [
          { name: 'Eq', values: ['a'] },
          { name: 'Ne', values: ['b'] },
        ],
      },
      { field: 'Type', any: [{ name: 'Eq', values: ['api'] }] },
    ]);
  });

  it('splits at commas what takes several values, and nothing else', () => {
    const valuesOf = (text: string) => aQuery(text).filters[0]?.any[0]?.values;
    expect(valuesOf('Node=In(a,b,c)')).toEqual(['a', 'b', 'c']);
    expect(valuesOf('Node=Nin(a)')).toEqual(['a']);
    expect(valuesOf('Node=Between(a,b)')).toEqual(['a', 'b']);
    expect(valuesOf('Node=Eq(a,b)')).toEqual(['a,b']);
    expect(valuesOf('Node=Re(a{1,2})')).toEqual(['a{1,2}']);
  });

  it('takes for a value what only looks like a function', () => {
    for (const text of ['Mozilla (X11)', 'Mozilla(X11)', 'Eq(a', 'Eq', 'eq(a)']) {
      const [filter] = aQuery(new URLSearchParams({ UserAgent: text }).toString()).filters;
      expect(filter?.any).toEqual([{ name: 'Eq', values: [text] }]);
    }
  });

  it('reads page and order', () => {
    expect(aQuery('offset=5&limit=10&sort=Node&sort=Id&reverse=true')).toEqual({
      visible: 'all',
      filters: [],
      sort: ['Node', 'Id'],
      reverse: true,
      offset: 5,
      limit: 10,
    });
    expect(aQuery('')).toMatchObject({ sort: [], reverse: false, offset: 0, limit: Infinity });
  });

  it('passes over what DRP adds to any request, and the token', () => {
    expect(aQuery('slim=Meta&params=a&decode=true&token=t&Token=t')).toEqual(aQuery(''));
  });

  it('names the field that there is not', () => {
    for (const text of ['Shoe=4', 'sort=Shoe']) {
      const error = thrownBy(() => aQuery(text));
      expect(error).toBeInstanceOf(BelfryError);
      expect(error).toMatchObject({ code: 'not_acceptable', status: 406 });
      expect(error).toHaveProperty('message', expect.stringMatching(/^Filter not found: Shoe\. Expected /));
    }
  });

  it.each([
    'offset=-1',
    'limit=-1',
    'limit=many',
    'limit=',
    'limit=1.5',
    'reverse=perhaps',
    'Node=Re(()',
    'Node=Re((?=a))',
    'RemoteAddr=somewhere',
    'RemoteAddr=Lt(10.0.0.256:1)',
    'RemoteAddr=10.0.0.1:65536',
    'RemoteAddr=Between(10.0.0.1:1,%5B::1)',
    'CreateTime=yesterday',
    'ExpiresAt=Gt(2025-02-30T00:00:00Z)',
    'Node=Between(a)',
    'Node=Except(a,b,c)',
  ])('refuses %s', (text) => {
    expect(thrownBy(() => aQuery(text))).toMatchObject({ code: 'not_acceptable' });
  });
});
