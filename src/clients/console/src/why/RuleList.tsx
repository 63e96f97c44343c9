import { Check, Minus, X } from 'lucide-react';
import type { ReactElement } from 'react';
import type { Step } from './explanation.ts';
import { rulesOf, type Rule } from './rules.ts';

const MARKS = {
  passed: { icon: Check, class: 'text-good', text: 'passed' },
  failed: { icon: X, class: 'text-bad', text: 'failed' },
  'not asked': { icon: Minus, class: 'text-muted', text: 'not asked' },
} as const satisfies Record<Rule['state'], object>;

/** All rules in their order. The one that stopped the event stands out. */
export function RuleList({ why }: { readonly why: readonly Step[] }): ReactElement {
  return (
    <ol className="flex flex-col">
      {rulesOf(why).map(({ question, state, answer }) => {
        const { icon: Mark, class: tone, text } = MARKS[state];
        return (
          <li
            key={question}
            data-state={state}
            className={`flex items-start gap-3 px-4 py-1.5 ${state === 'failed' ? 'bg-bad-tint' : ''} ${state === 'not asked' ? 'text-muted' : ''}`}
          >
            <Mark aria-hidden className={`mt-0.5 size-4 shrink-0 ${tone}`} />
            <div className="min-w-0">
              <p className={state === 'failed' ? 'font-semibold text-bad' : ''}>
                {question} <span className="sr-only">{text}</span>
              </p>
              <p className="text-[13px] break-words text-muted">{answer}</p>
            </div>
          </li>
        );
      })}
    </ol>
  );
}
