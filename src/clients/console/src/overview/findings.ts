import { clockText } from '../ui/clock.ts';
import { countText } from '../ui/numbers.ts';
import { deliveryFindings } from './delivery-findings.ts';
import type { Finding, Looked } from './finding.ts';
import { nodeFindings } from './node-findings.ts';
import { redisFindings } from './redis-findings.ts';

/** All that is wrong, the worst first, each kind in one order that stays. */
export function findingsOf(looked: Looked): readonly Finding[] {
  const all = [
    ...unanswered(looked),
    ...nodeFindings(looked.fleet),
    ...redisFindings(looked.fleet),
    ...deliveryFindings(looked),
    ...deadLetters(looked),
  ];
  return [...all.filter(({ tone }) => tone === 'bad'), ...all.filter(({ tone }) => tone === 'warn')];
}

function* unanswered({ error, fleet: { at } }: Looked): Generator<Finding> {
  if (error === null) return;
  const since = at === undefined ? '' : ` The figures are those of ${clockText(new Date(at).toISOString())}.`;
  yield {
    id: 'unanswered',
    tone: 'bad',
    what: `The hub does not tell of its nodes: ${error.message}`,
    todo: `This page goes on asking.${since}`,
    page: pageOf(error.see) ?? 'how-to/does-not-start',
  };
}

function* deadLetters({ deadLetters: count }: Looked): Generator<Finding> {
  if (count === undefined || count === 0) return;
  yield {
    id: 'dead-letters',
    tone: 'warn',
    what: `${countText(count)} ${count === 1 ? 'dead letter waits' : 'dead letters wait'} for somebody to decide.`,
    todo: 'Each is an entry of the ingress that is no usable event. Mend and retry it, or delete it.',
    page: 'how-to/dead-letters',
    screen: { path: '/dead-letters', title: 'Dead letters' },
  };
}

/** The page under `docs/` in an address that the hub gave. */
function pageOf(see: string | undefined): string | undefined {
  return see === undefined ? undefined : /\/docs\/(.+)$/.exec(see)?.[1];
}
