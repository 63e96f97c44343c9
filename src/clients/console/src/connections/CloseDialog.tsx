import { useMutation } from '@tanstack/react-query';
import { useState, type ReactElement, type ReactNode } from 'react';
import { session } from '../session/session.ts';
import { useMe } from '../session/use-session.ts';
import { Button } from '../ui/Button.tsx';
import { Dialog } from '../ui/Dialog.tsx';
import { ErrorNote } from '../ui/ErrorNote.tsx';
import { plural } from '../ui/numbers.ts';
import { visibleText } from '../ui/visible-text.ts';
import { close, type Target } from './closing.ts';

const CLOSED =
  'The hub closes with 4009, “closed by an operator”. A client that keeps to the close codes does not come back by itself. Its user can come back, as long as the token is good.';

/** Asks before something is closed, and says what happens then. */
export function CloseDialog({
  target,
  onClose,
}: {
  /** `undefined` while nothing is asked. */
  readonly target: Target | undefined;
  readonly onClose: () => void;
}): ReactElement {
  const [latest, remember] = useState(target);
  if (target !== undefined && target !== latest) remember(target);
  // The text stays while the dialog goes.
  const asked = target ?? latest;
  return (
    <Dialog
      title={asked === undefined ? '' : visibleText(titleOf(asked), 200)}
      open={target !== undefined}
      onClose={onClose}
    >
      {asked !== undefined && <Question key={titleOf(asked)} target={asked} onClose={onClose} />}
    </Dialog>
  );
}

function Question({
  target,
  onClose,
}: {
  readonly target: Target;
  readonly onClose: () => void;
}): ReactElement {
  const { principal } = useMe();
  const closing = useMutation({
    mutationFn: () => close(target, (path, init) => session.request(path, init)),
  });
  if (closing.data !== undefined)
    return (
      <Lines>
        <p role="status">{closing.data}</p>
        <Buttons>
          <Button kind="main" autoFocus onClick={onClose}>
            Done
          </Button>
        </Buttons>
      </Lines>
    );
  return (
    <Lines>
      <p>{target.kind === 'tokens' ? visibleText(revokedText(target.principal)) : CLOSED}</p>
      {principalsOf(target).includes(principal) && (
        <p className="text-warn">
          {target.kind === 'tokens'
            ? 'This is you: the console asks you to sign in again.'
            : 'The connection of this page may be among them. It then says so, and connects again when you ask it to.'}
        </p>
      )}
      {closing.error !== null && <ErrorNote error={closing.error} />}
      <Buttons>
        <Button onClick={onClose}>Cancel</Button>
        <Button kind="danger" autoFocus disabled={closing.isPending} onClick={() => closing.mutate()}>
          {closing.isPending ? 'Waiting for the node …' : actionOf(target)}
        </Button>
      </Buttons>
    </Lines>
  );
}

function titleOf(target: Target): string {
  switch (target.kind) {
    case 'one':
      return `Close ${target.connection.RemoteAddr} of ${target.connection.Principal}?`;
    case 'principal':
      return `Close all connections of ${target.principal}?`;
    case 'shown':
      return `Close ${plural(target.connections.length, 'connection')}?`;
    case 'query':
      return 'Close all that match the filter?';
    case 'tokens':
      return `Revoke the tokens of ${target.principal}?`;
  }
}

function actionOf(target: Target): string {
  switch (target.kind) {
    case 'one':
      return 'Close it';
    case 'principal':
    case 'query':
      return 'Close all';
    case 'shown':
      return `Close ${plural(target.connections.length, 'connection')}`;
    case 'tokens':
      return 'Revoke';
  }
}

function revokedText(principal: string): string {
  return `No node takes the tokens any more for which ${principal} has signed in so far, and what they opened is closed with 4001. ${principal} may sign in again with a password or a new token.`;
}

function principalsOf(target: Target): readonly string[] {
  switch (target.kind) {
    case 'one':
      return [target.connection.Principal];
    case 'shown':
      return target.connections.map(({ Principal }) => Principal);
    case 'query':
      return [];
    case 'principal':
    case 'tokens':
      return [target.principal];
  }
}

function Lines({ children }: { readonly children: ReactNode }): ReactElement {
  return <div className="flex flex-col gap-3 break-words">{children}</div>;
}

function Buttons({ children }: { readonly children: ReactNode }): ReactElement {
  return <div className="mt-2 flex flex-wrap justify-end gap-2">{children}</div>;
}
