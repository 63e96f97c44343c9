import type { ReactElement, ReactNode } from 'react';

export interface ScreenProps {
  readonly title: string;
  /** What stands beside the title: fields, buttons, figures. */
  readonly tools?: ReactNode;
  readonly children: ReactNode;
}

/** The frame of a screen: a title with its tools, which stays, and below it what scrolls by itself. */
export function Screen({ title, tools, children }: ScreenProps): ReactElement {
  return (
    <section className="flex h-full min-h-0 min-w-0 flex-col" aria-label={title}>
      <header className="flex min-h-12 flex-wrap items-center gap-x-3 gap-y-2 border-b border-line px-4 py-2">
        <h1 className="text-base font-semibold">{title}</h1>
        {tools}
      </header>
      <div className="relative flex min-h-0 flex-1 flex-col overflow-auto">{children}</div>
    </section>
  );
}
