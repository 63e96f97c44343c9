import { describe, expect, it } from 'vitest';
import type { Control, Order } from '../../src/registry/control.ts';

/** A control with what it was told to obey. */
export interface ControlUnderTest {
  readonly control: Control;
  readonly obeyed: Order[];
  /** Milliseconds since 1970, as the control has it. */
  readonly now: () => number;
}

/** What every control keeps to. */
export function controlContract(name: string, start: () => Promise<ControlUnderTest>): void {
  describe(`the ${name} control`, () => {
    it('hands an order to whoever obeys, as it was given', async () => {
      const { control, obeyed } = await start();
      const order: Order = { kind: 'close', by: 'principal', values: ['user:ada'], reason: 'tea' };
      await control.send(order);
      await control.send({ kind: 'close', by: 'id', values: ['a', 'b'] });
      await expect.poll(() => obeyed).toEqual([order, { kind: 'close', by: 'id', values: ['a', 'b'] }]);
    });

    it('knows a token as revoked from then on, until it would have ended', async () => {
      const { control, obeyed, now } = await start();
      const until = now() + 60_000;
      expect(control.isRevoked('a')).toBe(false);
      await control.send({ kind: 'revoke', tokenId: 'a', until });
      await control.send({ kind: 'revoke', tokenId: 'b', until: now() - 1 });
      expect(['a', 'b', 'c'].map((id) => control.isRevoked(id))).toEqual([true, false, false]);
      await expect.poll(() => obeyed).toContainEqual({ kind: 'revoke', tokenId: 'a', until });
    });

    it('takes the later of two ends', async () => {
      const { control, now } = await start();
      for (const until of [now() + 60_000, now() - 1])
        await control.send({ kind: 'revoke', tokenId: 'a', until });
      expect(control.isRevoked('a')).toBe(true);
    });
  });
}
