import { describe, expect, it } from 'vitest';
import { asBelfryError, BelfryError, ERRORS, ProtocolError, type ErrorCode } from '../../src/model/errors.ts';

describe('an error', () => {
  it.each(Object.entries(ERRORS))(
    '%s has an error status and one sentence of explanation',
    (code, { status, title }) => {
      expect(code).toMatch(/^[a-z]+(_[a-z]+)*$/);
      expect(status).toBeGreaterThanOrEqual(400);
      expect(status).toBeLessThan(600);
      expect(title).toMatch(/^[A-Z].*\.$/);
    },
  );

  it('has its status and the place where it is explained', () => {
    const error = new BelfryError('event_too_big', 'The event is 2 MB.');
    expect(error).toMatchObject({
      name: 'BelfryError',
      status: 413,
      see: '/docs/reference/errors#event_too_big',
    });
  });

  it('of the protocol is a BelfryError that may name the command that it answers', () => {
    const error = new ProtocolError('command_invalid', 'No.', { ref: '7' });
    expect(error).toBeInstanceOf(BelfryError);
    expect(error).toMatchObject({ name: 'ProtocolError', ref: '7', code: 'command_invalid' });
    expect(new ProtocolError('command_invalid', 'No.').ref).toBe('');
  });

  it('that is a BelfryError stays what it is', () => {
    const error = new BelfryError('forbidden' satisfies ErrorCode, 'No.');
    expect(asBelfryError(error)).toBe(error);
  });

  it('of any other kind becomes internal, without details in its message, and keeps its cause', () => {
    for (const thrown of [new TypeError('secret'), 'secret', undefined]) {
      const error = asBelfryError(thrown);
      expect(error).toMatchObject({ code: 'internal', status: 500 });
      expect(error.message).not.toContain('secret');
      expect(error.cause).toBe(thrown);
    }
  });
});
