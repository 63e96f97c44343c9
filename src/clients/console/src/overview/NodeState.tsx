import type { ReactElement } from 'react';
import { Badge } from '../ui/Badge.tsx';
import { durationText } from '../ui/numbers.ts';
import type { FleetNode } from './fleet.ts';

/** Whether a node is ready, answers, and has the settings of the others. */
export function NodeState({
  node: { report, status, statusAt, isSilent, goneAt },
  now,
  isEqual,
}: {
  readonly node: FleetNode;
  readonly now: number;
  readonly isEqual: boolean;
}): ReactElement {
  if (goneAt !== undefined) return <Badge tone="warn">gone for {durationText(now - goneAt)}</Badge>;
  return (
    <span className="flex flex-wrap gap-1">
      {isSilent && (
        <Badge tone="bad" title="The hub has it on its list, but it did not answer">
          {statusAt === undefined ? 'silent' : `silent for ${durationText(now - statusAt)}`}
        </Badge>
      )}
      {!isSilent && report.ready && <Badge tone="good">ready</Badge>}
      {!isSilent && !report.ready && (
        <Badge tone={status?.healthy === true ? 'warn' : 'bad'}>
          {status?.healthy === true ? 'stopping' : 'not ready'}
        </Badge>
      )}
      <Badge tone={isEqual ? 'plain' : 'warn'} title={`The digest of its settings is ${report.digest}`}>
        {isEqual ? 'settings equal' : 'settings differ'}
      </Badge>
    </span>
  );
}
