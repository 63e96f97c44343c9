import type { ReactElement, ReactNode } from 'react';

/** What is shown where there is nothing yet: what it means, and what to do. */
export function Empty({
  title,
  children,
}: {
  readonly title: string;
  readonly children?: ReactNode;
}): ReactElement {
  return (
    <div className="m-auto flex max-w-md flex-col items-center gap-2 p-8 text-center">
      <p className="font-medium">{title}</p>
      {children !== undefined && <div className="text-muted">{children}</div>}
    </div>
  );
}
