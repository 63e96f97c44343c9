import { useId, type ReactElement, type ReactNode } from 'react';

/** A part of the question, with a title and what stands beside it. */
export function Panel({
  title,
  tools,
  children,
  className = '',
}: {
  readonly title: string;
  readonly tools?: ReactNode;
  readonly children: ReactNode;
  readonly className?: string;
}): ReactElement {
  const id = useId();
  return (
    <section
      aria-labelledby={id}
      className={`flex min-w-0 flex-col rounded-lg border border-line bg-panel ${className}`}
    >
      <header className="flex min-h-11 flex-wrap items-center gap-2 border-b border-line px-4 py-1.5">
        <h2 id={id} className="mr-auto font-semibold">
          {title}
        </h2>
        {tools}
      </header>
      {children}
    </section>
  );
}
