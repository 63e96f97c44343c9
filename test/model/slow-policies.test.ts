import { readdirSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { slowPolicy } from '../../src/dialects/native-messages.ts';
import { native } from '../../src/dialects/native.ts';
import { EncodedEvent } from '../../src/hub/encoded-event.ts';
import { Stats } from '../../src/hub/stats.ts';
import { droppableOf } from '../../src/hub/subscription.ts';
import { Pattern } from '../../src/model/pattern.ts';
import {
  SLOW_POLICIES,
  SLOW_POLICY_NAMES,
  type SlowPolicyName,
} from '../../src/model/slow-policies/index.ts';
import { page } from '../docs/pages.ts';
import { anEvent } from '../support/connection.ts';

const subscribe = (slow: string): string =>
  JSON.stringify({ id: 1, command: 'subscribe', patterns: ['*.*.*'], slow });

/** What decides over an event that a subscription of each of these policies admits. */
function deciding(...names: readonly SlowPolicyName[]): SlowPolicyName | undefined {
  const pattern = Pattern.parse('*.*.*');
  const droppable = droppableOf(
    names.map((slow) => ({ name: slow, pattern, filters: [], slow })),
    new EncodedEvent(anEvent(), new Stats()),
  );
  return SLOW_POLICY_NAMES.find((name) => SLOW_POLICIES[name] === droppable?.policy);
}

describe('the table of slow policies', () => {
  it('names each file of its folder, and no other policy', () => {
    const folder = new URL('../../src/model/slow-policies/', import.meta.url);
    const others = new Set(['index.ts', 'slow-policy.ts']);
    const files = readdirSync(folder).filter((file) => !others.has(file));
    expect(SLOW_POLICY_NAMES.map((name) => `${name}.ts`).toSorted()).toEqual(files.toSorted());
  });

  it.each(SLOW_POLICY_NAMES)('has %s, which a native client may ask for and the docs explain', (name) => {
    expect(native.decode(subscribe(name))).toMatchObject({ subscriptions: [{ slow: name }] });
    expect(page('src/docs/how-to/slow-clients.md').text).toContain(`| \`${name}\` |`);
    expect(slowPolicy.description).toContain(`${name}: ${SLOW_POLICIES[name].text}`);
  });

  it('has nothing else that a native client may ask for', () => {
    expect(() => native.decode(subscribe('never'))).toThrow('"close"|"latest-per-key"|"drop-oldest"');
  });

  it('begins with the policies that give up less, of which the first decides over an event of several', () => {
    expect(deciding('drop-oldest')).toBe('drop-oldest');
    expect(deciding('drop-oldest', 'latest-per-key')).toBe('latest-per-key');
    expect(deciding('drop-oldest', 'close', 'latest-per-key')).toBeUndefined();
  });
});
