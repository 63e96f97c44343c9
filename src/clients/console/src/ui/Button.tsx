import type { ComponentProps, ReactElement } from 'react';

const KINDS = {
  plain: 'border border-line bg-panel hover:bg-raised',
  main: 'border border-accent bg-accent text-on-accent hover:opacity-90',
  quiet: 'border border-transparent hover:bg-raised',
  danger: 'border border-line bg-panel text-bad hover:bg-bad-tint',
} as const;

export interface ButtonProps extends ComponentProps<'button'> {
  readonly kind?: keyof typeof KINDS;
}

/** A button. One that shows only an icon needs an `aria-label`. */
export function Button({
  kind = 'plain',
  className = '',
  type = 'button',
  ...rest
}: ButtonProps): ReactElement {
  return (
    <button
      type={type}
      className={`inline-flex h-8 shrink-0 items-center justify-center gap-1.5 rounded-md px-3 whitespace-nowrap disabled:cursor-default disabled:opacity-50 aria-pressed:bg-tint aria-pressed:text-accent ${KINDS[kind]} ${className}`}
      {...rest}
    />
  );
}
