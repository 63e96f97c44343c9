import type { Explanation, Outcome, Step } from './explanation.ts';

/** One rule as the screen shows it. Those after the one that stopped the event were not asked. */
export interface Rule {
  readonly question: string;
  readonly state: 'passed' | 'failed' | 'not asked';
  /** What the rule found, in words. */
  readonly answer: string;
}

interface Form {
  readonly rule: Step['rule'];
  readonly question: string;
  readonly passed: (detail: string) => string;
  readonly failed: (detail: string) => string;
}

const yes = (detail: string): string => `Yes: ${detail}.`;
const no = (detail: string): string => `No: ${detail}.`;
/** The patterns of a grant stand in the detail as JSON. */
const grants = (detail: string): string => {
  const [, before = detail, json = ''] = /^(.*?) (\[.*\])$/s.exec(detail) ?? [];
  const patterns = json === '' ? [] : (JSON.parse(json) as readonly string[]);
  return patterns.length === 0 ? before : `${before} ${quoted(patterns)}`;
};
const quoted = (names: readonly string[]): string => names.map((name) => `“${name}”`).join(', ');
const sentence = (text: string): string => `${text.charAt(0).toUpperCase()}${text.slice(1)}.`;

/** All rules in the order in which the hub asks them. It asks twice about subscriptions: which pattern, and since when. */
const FORMS: readonly Form[] = [
  {
    rule: 'reached',
    question: 'Has its node come as far as the event?',
    passed: () => 'Yes, its node has delivered the event to those who hear it.',
    failed: (detail) => `No: ${detail}, and the event is later.`,
  },
  {
    rule: 'subscribed',
    question: 'Does one of its patterns match?',
    passed: (detail) => `Yes, ${quoted(detail.replace(/^by /, '').split(' and '))}.`,
    failed: (detail) =>
      detail.startsWith('none of') ? `No, ${detail}.` : 'No, it is subscribed to nothing.',
  },
  {
    rule: 'subscribed',
    question: 'Was it subscribed when the event came?',
    passed: () => 'Yes, its subscription began before.',
    failed: (detail) => `No, its subscription began later: ${detail}.`,
  },
  {
    rule: 'grant',
    question: 'May it hear the event?',
    passed: (detail) => yes(grants(detail)),
    failed: (detail) => no(grants(detail)),
  },
  {
    rule: 'filter',
    question: 'Do its filters let it pass?',
    passed: (detail) => (detail.startsWith('there is no') ? sentence(detail) : yes(detail)),
    failed: (detail) => `No, it wants ${detail}.`,
  },
  {
    rule: 'dialect',
    question: 'Has its dialect a form for the event?',
    passed: yes,
    failed: no,
  },
  { rule: 'queue', question: 'Does the client keep up?', passed: sentence, failed: sentence },
];

/** All rules, those that were not asked as well. */
export function rulesOf(why: readonly Step[]): readonly Rule[] {
  const steps = [...why];
  return FORMS.flatMap(({ rule, question, passed, failed }): Rule[] => {
    const [step] = steps;
    if (step === undefined) return [{ question, state: 'not asked', answer: 'Not asked any more.' }];
    // Who would hear a topic is asked without the rules that only an event of the log has.
    if (step.rule !== rule) return [];
    steps.shift();
    const { detail } = step;
    return [
      {
        question,
        state: step.passed ? 'passed' : 'failed',
        answer: step.passed ? passed(detail) : failed(detail),
      },
    ];
  });
}

/** Which rule stopped the event. `late`: the subscription began after it. */
export type Stopped = Outcome | 'late';

export function stoppedBy({ outcome, why }: Pick<Explanation, 'outcome' | 'why'>): Stopped {
  const isLate = why.filter(({ rule }) => rule === 'subscribed').length > 1;
  return outcome === 'not_subscribed' && isLate ? 'late' : outcome;
}

/** What became of the event, in one sentence. */
export const VERDICTS: Readonly<Record<Stopped, string>> = {
  sent: 'Every rule lets it pass: the event was sent to this connection.',
  queued: 'The client is slow: the event waits for it, or was left out.',
  not_reached: 'Its node has not come as far as this event.',
  not_subscribed: 'None of its patterns matches the event.',
  late: 'It subscribed only after the event.',
  not_permitted: 'It has no grant to hear the event.',
  filtered: 'One of its filters does not let the event pass.',
  unsupported: 'Its dialect has no form for this event.',
};

/** The page of the documentation about each. */
export const PAGES: Readonly<Record<Stopped, { readonly path: string; readonly title: string }>> = {
  sent: { path: 'docs/how-to/event-not-heard', title: 'My event was not heard' },
  queued: { path: 'docs/how-to/slow-clients', title: 'Slow clients' },
  not_reached: { path: 'docs/how-to/monitor', title: 'Monitor' },
  not_subscribed: { path: 'docs/reference/events-and-patterns', title: 'Events and patterns' },
  late: { path: 'docs/how-to/resume', title: 'Resume after a break' },
  not_permitted: { path: 'docs/how-to/secure', title: 'Secure it' },
  filtered: { path: 'docs/reference/native', title: 'Filters' },
  unsupported: { path: 'docs/reference/dialects', title: 'Dialects' },
};
