import type { ReactElement } from 'react';
import { Button } from '../ui/Button.tsx';
import { ErrorNote } from '../ui/ErrorNote.tsx';
import { Inspector, type InspectorProps } from './Inspector.tsx';
import type { Inspected } from './use-inspected.ts';

/** The inspector beside the list, or over it where the page is narrow. */
export function InspectorPanel({
  inspected: { row, error, close },
  ...rest
}: Pick<InspectorProps, 'heldBefore' | 'onOpen' | 'onValue'> & {
  readonly inspected: Inspected;
}): ReactElement {
  return (
    <aside className="absolute inset-0 z-10 border-line bg-panel lg:static lg:w-[28rem] lg:shrink-0 lg:border-l xl:w-[34rem]">
      {row === undefined ? (
        <div className="flex flex-col items-start gap-3 p-4">
          {error === undefined ? (
            <p className="text-muted">Reading the event …</p>
          ) : (
            <ErrorNote error={error} />
          )}
          <Button onClick={close}>Close</Button>
        </div>
      ) : (
        <Inspector row={row} onClose={close} {...rest} />
      )}
    </aside>
  );
}
