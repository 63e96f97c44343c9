import { describe, expect, it } from 'vitest';
import type { Control, ControlCommand } from '../../src/registry/control.ts';

/** A control, and the commands that its handler received. */
export interface ControlUnderTest {
  readonly control: Control;
  readonly handled: ControlCommand[];
  /** The time of the control, in milliseconds since 1970. */
  readonly now: () => number;
}

/** Whether the token of this id is revoked. */
export function isRevoked(control: Control, tokenId: string): boolean {
  return control.isRevoked({ principal: 'user:ada', tokenId, signedInAt: 0 });
}

/** The contract of every control. */
export function controlContract(name: string, start: () => Promise<ControlUnderTest>): void {
  describe(`the ${name} control`, () => {
    it('hands a command to the handler, as it was sent', async () => {
      const { control, handled } = await start();
      const command: ControlCommand = { kind: 'close', by: 'principal', values: ['user:ada'], reason: 'tea' };
      await control.send(command);
      await control.send({ kind: 'close', by: 'id', values: ['a', 'b'] });
      await expect.poll(() => handled).toEqual([command, { kind: 'close', by: 'id', values: ['a', 'b'] }]);
    });

    it('treats a token as revoked until it would have expired', async () => {
      const { control, handled, now } = await start();
      const until = now() + 60_000;
      expect(isRevoked(control, 'a')).toBe(false);
      await control.send({ kind: 'revoke', id: 'a', until });
      await control.send({ kind: 'revoke', id: 'b', until: now() - 1 });
      expect(['a', 'b', 'c'].map((id) => isRevoked(control, id))).toEqual([true, false, false]);
      await expect.poll(() => handled).toContainEqual({ kind: 'revoke', id: 'a', until });
    });

    it('treats all tokens of a session as revoked by its id', async () => {
      const { control, now } = await start();
      await control.send({ kind: 'revoke', id: 's', until: now() + 60_000 });
      const of = (sessionId: string): boolean =>
        control.isRevoked({ principal: 'user:ada', tokenId: 't', sessionId, signedInAt: 0 });
      expect([of('s'), of('other')]).toEqual([true, false]);
    });

    it('revokes the tokens of a principal up to a time, but no later sign-in, password or other principal', async () => {
      const { control, handled, now } = await start();
      const [before, until] = [now() - 5_000, now() + 60_000];
      const principal = 'runner:a\tb';
      await control.send({ kind: 'revoke', principal, before: before - 1_000, until });
      await control.send({ kind: 'revoke', principal, before, until });
      const cases = [{ signedInAt: 0 }, { signedInAt: before }, { signedInAt: before + 1 }, {}];
      expect(cases.map((each) => control.isRevoked({ principal, ...each }))).toEqual([
        true,
        true,
        false,
        false,
      ]);
      expect(control.isRevoked({ principal: 'runner:a', signedInAt: 0 })).toBe(false);
      await expect.poll(() => handled).toContainEqual({ kind: 'revoke', principal, before, until });
    });

    it('keeps a revocation until the later of two ends', async () => {
      const { control, now } = await start();
      for (const until of [now() + 60_000, now() - 1]) await control.send({ kind: 'revoke', id: 'a', until });
      expect(isRevoked(control, 'a')).toBe(true);
    });
  });
}
