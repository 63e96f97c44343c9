import type { ReactElement, ReactNode } from 'react';
import { CopyButton } from '../ui/CopyButton.tsx';
import { bytesText, countText } from '../ui/numbers.ts';
import { Time } from '../ui/Time.tsx';
import { visibleText } from '../ui/visible-text.ts';
import type { EventFacts } from './event-facts.ts';

const SHOWN_MAX = 300;

/** When, by whom, in which trace, and how large. */
export function EventFactsList({ facts }: { readonly facts: EventFacts }): ReactElement {
  const { id, time, principal, traceId, bytes } = facts;
  return (
    <dl className="grid grid-cols-[auto_minmax(0,1fr)] items-center gap-x-3 px-3 py-1 text-xs">
      <Fact name="Time">
        <Time at={time} />
      </Fact>
      <Fact name="Id" copy={id}>
        {id ?? <span className="text-muted">none: it was live only, and no history has it</span>}
      </Fact>
      {principal !== undefined && (
        <Fact name="By" copy={principal}>
          {visibleText(principal, SHOWN_MAX)}
        </Fact>
      )}
      {traceId !== undefined && (
        <Fact name="Trace" copy={traceId}>
          {traceId}
        </Fact>
      )}
      <Fact name="Size">
        {bytesText(bytes)}
        {bytes >= 1_024 && ` (${countText(bytes)} bytes)`}
      </Fact>
    </dl>
  );
}

function Fact({
  name,
  copy,
  children,
}: {
  readonly name: string;
  readonly copy?: string | undefined;
  readonly children: ReactNode;
}): ReactElement {
  return (
    <>
      <dt className="text-muted">{name}</dt>
      <dd className="flex min-h-6 items-center gap-1 font-mono [&_button]:h-6 [&_button]:w-6!">
        <span className="min-w-0 break-all">{children}</span>
        {copy !== undefined && <CopyButton text={copy} label={`Copy: ${name}`} />}
      </dd>
    </>
  );
}
