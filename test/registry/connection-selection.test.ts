import { describe, expect, it } from 'vitest';
import { isAddress, sortableAddress } from '../../src/registry/address.ts';
import type { ConnectionRecord } from '../../src/registry/registry.ts';
import { Selection } from '../../src/registry/connection-selection.ts';
import { aQuery, aRecord, idsOf } from './records.ts';

const RECORDS = [
  aRecord({
    Id: 'a',
    RemoteAddr: '192.168.1.9:80',
    Principal: 'user:ada',
    CreateTime: '2025-01-01T00:00:00Z',
    ExpiresAt: '2025-01-02T00:00:00Z',
  }),
  aRecord({
    Id: 'b',
    RemoteAddr: '192.168.1.10:80',
    Principal: 'user:bob',
    CreateTime: '2025-01-01T00:30:00.500Z',
    Node: 'two',
  }),
  aRecord({
    Id: 'c',
    RemoteAddr: '192.168.1.10:9',
    Principal: 'unknown',
    CreateTime: '2025-01-01T01:00:00Z',
    Node: 'two',
  }),
  aRecord({
    Id: 'd',
    RemoteAddr: '[2001:db8::1]:80',
    Principal: 'user:dora',
    CreateTime: '2025-01-01T02:00:00Z',
    Type: 'api',
  }),
  aRecord({ Id: 'e', RemoteAddr: 'unknown:0', Principal: 'user:eve', CreateTime: '2025-01-01T03:00:00Z' }),
];

function select(text: string, visible?: string[], records: readonly ConnectionRecord[] = RECORDS): string {
  const selection = new Selection(aQuery(text, visible));
  for (const record of records) selection.offer(record);
  return idsOf(selection.page()).join('');
}

describe('a selection of connections', () => {
  it('hides anonymous connections, unless the query names principals', () => {
    expect(select('')).toBe('abde');
    expect(select('Principal=unknown')).toBe('c');
    expect(select('Principal=Ne(user:ada)')).toBe('cbde');
  });

  it('shows only the connections that the caller may see', () => {
    expect(select('', ['user:bob', 'unknown'])).toBe('b');
    expect(select('Principal=Ne()', ['user:bob', 'unknown'])).toBe('cb');
    expect(select('Principal=user:ada', ['user:bob'])).toBe('');
    expect(select('', [])).toBe('');
  });

  it('compares addresses as addresses: 9 before 10, port 9 before 80, IPv4 before IPv6, no address last', () => {
    const base = 'Principal=Ne()&';
    expect(select(base)).toBe('acbde');
    expect(select(`${base}RemoteAddr=Lt(192.168.1.10:0)`)).toBe('a');
    expect(select(`${base}RemoteAddr=Lt(192.168.1.255:0)`)).toBe('acb');
    expect(select(`${base}RemoteAddr=Lte(192.168.1.10:9)`)).toBe('ac');
    expect(select(`${base}RemoteAddr=Gt(192.168.1.10:9)`)).toBe('bde');
    expect(select(`${base}RemoteAddr=Between(192.168.1.10,192.168.1.11)`)).toBe('cb');
    expect(select(`${base}RemoteAddr=[2001:0DB8:0:0::1]:80`)).toBe('d');
    expect(select(`${base}RemoteAddr=::ffff:192.168.1.9`)).toBe('');
    expect(select(`${base}RemoteAddr=[::ffff:192.168.1.9]:80`)).toBe('a');
  });

  it('compares times as times, and never as later than all of them', () => {
    expect(select('CreateTime=2025-01-01T01:00:00%2B01:00')).toBe('a');
    expect(select('CreateTime=Gte(2025-01-01T00:30:00.5Z)')).toBe('bde');
    expect(select('CreateTime=Lt(2025-01-01T00:30:00.5Z)')).toBe('a');
    expect(select('ExpiresAt=Lt(9999-12-31T00:00:00Z)')).toBe('a');
    expect(select('ExpiresAt=Gt(9999-12-31T00:00:00Z)')).toBe('bde');
    expect(select('sort=ExpiresAt&reverse')).toBe('edba');
  });

  it.each([
    ['Id=b', 'b'],
    ['Id=Eq(b)', 'b'],
    ['Id=Ne(b)', 'ade'],
    ['Id=Lt(b)', 'a'],
    ['Id=Lte(b)', 'ab'],
    ['Id=Gt(b)', 'de'],
    ['Id=Gte(b)', 'bde'],
    ['Id=Between(b,d)', 'bd'],
    ['Id=Except(b,d)', 'ae'],
    ['Id=In(b,d)', 'bd'],
    ['Id=Nin(b,d)', 'ae'],
    ['Id=Re(^[b-d]$)', 'bd'],
    ['UserAgent=Re(X11)&Id=a', 'a'],
    ['Id=a&Id=d', 'ad'],
    ['Id=a&Id=d&Type=api', 'd'],
    ['Id=Re((a*)*$)', 'abde'],
  ])('finds by %s', (text, found) => {
    expect(select(text)).toBe(found);
  });

  it('sorts by the named fields, then by address and id, and reverse turns the whole order round', () => {
    expect(select('sort=Node')).toBe('adeb');
    expect(select('sort=Node&reverse=true')).toBe('beda');
    expect(select('reverse=true')).toBe('edba');
    expect(select('sort=Type&sort=CreateTime')).toBe('dabe');
    const twins = ['y', 'x', 'z'].map((Id) => aRecord({ Id, RemoteAddr: '10.0.0.1:1' }));
    expect(select('', undefined, twins)).toBe('xyz');
  });

  it('applies reverse before offset and limit', () => {
    expect(select('offset=1&limit=2')).toBe('bd');
    expect(select('offset=1&limit=2&reverse=true')).toBe('db');
    expect(select('offset=4')).toBe('');
    expect(select('limit=0')).toBe('');
  });

  it('finds the page among many records, in whatever order they come', () => {
    const many = Array.from({ length: 500 }, (_, i) =>
      aRecord({ Id: `${(i * 263) % 500}`.padStart(3, '0') }),
    );
    expect(select('sort=Id&offset=100&limit=2', undefined, many)).toBe('100101');
  });
});

describe('an address', () => {
  it('has one sortable text, however it is written', () => {
    const written = ['[::1]:8', '[0:0:0:0:0:0:0:1]:8', '[0000::0001]:8'];
    expect(new Set(written.map(sortableAddress))).toEqual(new Set([`${'0'.repeat(31)}10008`]));
    expect(sortableAddress('10.0.0.1:8')).toBe(sortableAddress('[::ffff:a00:1]:8'));
    expect(sortableAddress('::1')).toBe(sortableAddress('[::1]'));
    expect(sortableAddress('[1::]:0')).toBe(`0001${'0'.repeat(32)}`);
  });

  it('with a zone, a wrong port or a wrong form is refused', () => {
    for (const text of ['[fe80::1%eth0]:1', '10.0.0.1:99999', 'host:1', '', '[10.0.0.1', '1.2.3']) {
      expect([text, isAddress(text)]).toEqual([text, false]);
      expect(sortableAddress(text) > 'f'.repeat(36)).toBe(true);
    }
  });
});
