import { describe, expect, it } from 'vitest';
import { BelfryError } from '../../src/model/errors.ts';
import { thrownBy } from '../support/thrown.ts';
import { regularExpression } from '../../src/registry/regular-expression.ts';
import { aQuery } from './records.ts';
import { cpuMsOf } from '../support/cpu.ts';

describe('a query for connections', () => {
  it('treats a plain value as Eq of that value', () => {
    expect(aQuery('Principal=user:ada')).toEqual(aQuery('Principal=Eq(user:ada)'));
    expect(aQuery('Principal=user:ada').filters).toEqual([
      { field: 'Principal', any: [{ name: 'Eq', values: ['user:ada'] }] },
    ]);
  });

  it('collects the alternatives of each field, and keeps fields apart', () => {
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

  it('splits at commas only the tests that take several values', () => {
    const valuesOf = (text: string) => aQuery(text).filters[0]?.any[0]?.values;
    expect(valuesOf('Node=In(a,b,c)')).toEqual(['a', 'b', 'c']);
    expect(valuesOf('Node=Nin(a)')).toEqual(['a']);
    expect(valuesOf('Node=Between(a,b)')).toEqual(['a', 'b']);
    expect(valuesOf('Node=Eq(a,b)')).toEqual(['a,b']);
    expect(valuesOf('Node=Re(a{1,2})')).toEqual(['a{1,2}']);
  });

  it('treats text that only looks like a function as a value', () => {
    for (const text of ['Mozilla (X11)', 'Mozilla(X11)', 'Eq(a', 'Eq', 'eq(a)']) {
      const [filter] = aQuery(new URLSearchParams({ UserAgent: text }).toString()).filters;
      expect(filter?.any).toEqual([{ name: 'Eq', values: [text] }]);
    }
  });

  it('reads offset, limit, sort and reverse', () => {
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

  it('ignores the token and what DRP adds to any request', () => {
    expect(aQuery('slim=Meta&params=a&decode=true&token=t&Token=t')).toEqual(aQuery(''));
  });

  it('names an unknown field in its refusal', () => {
    for (const text of ['Shoe=4', 'sort=Shoe']) {
      const error = thrownBy(() => aQuery(text));
      expect(error).toBeInstanceOf(BelfryError);
      expect(error).toMatchObject({ code: 'not_acceptable', status: 406 });
      expect(error).toHaveProperty('message', expect.stringMatching(/^Filter not found: Shoe\. Expected /));
    }
  });

  it.each([
    [`Principal=Re(${encodeURIComponent('(\\pL{1,1000})'.repeat(400))})`, 'too large'],
    [`Principal=Re(${encodeURIComponent('\\pL{1,1000}')})`, 'too large'],
    ['Principal=Re(((a{30}){30}){30})', 'too large'],
    ['Principal=Re((?:a?){900})', 'too large'],
    [`Principal=Re(${encodeURIComponent(`[${'\\PL\\pL'.repeat(30)}]`)})`, 'too large'],
    [`Principal=Re(${'a'.repeat(201)})`, 'too large'],
    [`Id=In(${Array.from({ length: 501 }, (_, i) => i).join()})`, '501 values'],
    [Array.from({ length: 3_000 }, (_, i) => `Id=${i}`).join('&'), '3000 parameters'],
    [Array.from({ length: 60 }, () => 'sort=Id').join('&'), '60 parameters'],
  ])('refuses what would cost more than it says before anything is made of it: %.60s', (text, why) => {
    const refuse = (): void =>
      expect(thrownBy(() => aQuery(text))).toMatchObject({
        code: 'not_acceptable',
        message: expect.stringContaining(why) as string,
      });
    expect(cpuMsOf(refuse)).toBeLessThan(50);
  });

  it('accepts the regular expressions that people write', () => {
    for (const text of [
      '^user:.*(ada|bea)$',
      '[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}',
      '^(\\d{1,3}\\.){3}\\d{1,3}:\\d+$',
      '\\p{Greek}+',
      '(?i)mozilla/5\\.0 \\(x11',
    ]) {
      expect(aQuery(new URLSearchParams({ UserAgent: `Re(${text})` }).toString()).filters).toHaveLength(1);
    }
  });

  it('compiles no expression for a caller who may see nothing', () => {
    const text = `Principal=Re(${encodeURIComponent('(\\pL{1,1000})'.repeat(400))})`;
    expect(aQuery(text, []).filters).toHaveLength(1);
  });

  it('compiles the same expression once', () => {
    expect(regularExpression('^once$')).toBe(regularExpression('^once$'));
    const first = regularExpression('^first$');
    for (let i = 0; i < 100; i++) regularExpression(`^${i}$`);
    expect(regularExpression('^first$')).not.toBe(first);
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
