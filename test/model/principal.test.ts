import { describe, expect, it } from 'vitest';
import { ANONYMOUS, asPrincipal, Grants, UNKNOWN } from '../../src/model/principal.ts';
import { Pattern } from '../../src/model/pattern.ts';

const of = (type: string, action: string, key: string) => ({ type, action, key });

const text = (...patterns: string[]): string => Grants.parse(patterns).text;

describe('a principal', () => {
  it('without a colon is the name of a user', () => {
    expect(asPrincipal('ada')).toBe('user:ada');
    expect(asPrincipal('user:ada')).toBe('user:ada');
    expect(asPrincipal('runner:0b7e')).toBe('runner:0b7e');
  });

  it('of an anonymous connection is unknown, and may do nothing', () => {
    expect(ANONYMOUS.principal).toBe(UNKNOWN);
    expect(ANONYMOUS.subscribe.permit(of('a', 'b', 'c'))).toBe(false);
    expect(ANONYMOUS.publish.permit(of('a', 'b', 'c'))).toBe(false);
  });
});

describe('grants', () => {
  const grants = Grants.parse(['profiles.*.*', 'machines.update,save.m1']);

  it('permit what one of their patterns matches', () => {
    expect(grants.permit(of('profiles', 'delete', 'x'))).toBe(true);
    expect(grants.permit(of('machines', 'save', 'm1'))).toBe(true);
    expect(grants.permit(of('machines', 'save', 'm2'))).toBe(false);
    expect(grants.permit(of('jobs', 'save', 'm1'))).toBe(false);
  });

  it('overlap a pattern of which they permit some event', () => {
    expect(grants.overlap(Pattern.parse('*.*.*'))).toBe(true);
    expect(grants.overlap(Pattern.parse('*.save.m1'))).toBe(true);
    expect(grants.overlap(Pattern.parse('machines.*.m2'))).toBe(false);
    expect(grants.overlap(Pattern.nothing('profiles'))).toBe(false);
  });

  it('permit nothing as Grants.none, and everything as Grants.all', () => {
    expect(Grants.none.permit(of('a', 'b', 'c'))).toBe(false);
    expect(Grants.all.permit(of('a', 'b', ''))).toBe(true);
    expect(Grants.parse([])).toBe(Grants.none);
  });

  it('have equal texts exactly when they list the same patterns', () => {
    expect(text('a.b.c', 'd.e.f')).toBe(text('d.e.f', 'a.b.c', 'd.e.f'));
    expect(text('a.b.c')).not.toBe(text('a.b.d'));
    expect(text('a.b.c', 'd.e.f')).not.toBe(text('a.b.c\nd.e.f'));
    expect(text()).not.toBe(text('a.b.c'));
  });

  it('are refused when a pattern is invalid', () => {
    expect(() => Grants.parse(['a.b'])).toThrow(expect.objectContaining({ code: 'pattern_invalid' }));
  });
});
