import { CircleCheck, CircleX, TriangleAlert } from 'lucide-react';
import type { ReactElement } from 'react';
import { Link } from 'wouter';
import { BASE } from '../session/base.ts';
import { useMe } from '../session/use-session.ts';
import { maySeeConnections } from '../ui/links.ts';
import type { Finding } from './finding.ts';

const LOOKS = {
  bad: { Icon: CircleX, box: 'bg-bad-tint', what: 'text-bad', says: 'Wrong: ' },
  warn: { Icon: TriangleAlert, box: 'bg-warn-tint', what: 'text-warn', says: 'Warning: ' },
} as const;

/** What is wrong, in words, and what to do about it; or one line that says that nothing is. */
export function FindingList({
  findings,
  nodes,
}: {
  readonly findings: readonly Finding[];
  /** How many nodes there are; 0 before the first answer. */
  readonly nodes: number;
}): ReactElement | null {
  if (findings.length === 0 && nodes === 0) return null;
  if (findings.length === 0)
    return (
      <p className="flex min-h-9 items-center gap-2 px-1 text-muted">
        <CircleCheck aria-hidden className="size-4 shrink-0 text-good" />
        {nodes === 1
          ? 'Nothing is wrong: the node is ready, and hears what is published.'
          : `Nothing is wrong: all ${nodes} nodes are ready, hear what is published, and have the same version and settings.`}
      </p>
    );
  return (
    <ul className="flex flex-col gap-2" aria-label="What is wrong" aria-live="polite">
      {findings.map((finding) => (
        <FindingRow key={finding.id} finding={finding} />
      ))}
    </ul>
  );
}

function FindingRow({
  finding: { tone, what, todo, page, screen },
}: {
  readonly finding: Finding;
}): ReactElement {
  const { Icon, box, what: colour, says } = LOOKS[tone];
  const me = useMe();
  const mayOpen = screen?.path !== '/connections' || maySeeConnections(me);
  return (
    <li className={`flex items-start gap-2.5 rounded-md px-3 py-2 ${box}`}>
      <Icon aria-hidden className={`mt-0.5 size-4 shrink-0 ${colour}`} />
      <div className="min-w-0 flex-1">
        <p className={`font-medium break-words ${colour}`}>
          <span className="sr-only">{says}</span>
          {what}
        </p>
        <p className="break-words text-text">
          {todo}{' '}
          {screen !== undefined && mayOpen && (
            <Link className="underline" href={screen.path}>
              {screen.title}
            </Link>
          )}{' '}
          <a className="underline" href={`${BASE}docs/${page}`} target="_blank" rel="noreferrer">
            Read more
          </a>
        </p>
      </div>
    </li>
  );
}
