import { useId, type ComponentProps, type ReactElement } from 'react';

export interface FieldProps extends ComponentProps<'input'> {
  readonly label: string;
  /** A sentence under the field. */
  readonly hint?: string;
}

export const INPUT =
  'h-8 w-full min-w-0 rounded-md border border-line bg-panel px-2.5 placeholder:text-muted aria-invalid:border-bad';

/** A line of text with its label. */
export function Field({ label, hint, className = '', ...rest }: FieldProps): ReactElement {
  const id = useId();
  return (
    <div className="flex flex-col gap-1">
      <label htmlFor={id} className="text-muted">
        {label}
      </label>
      <input
        id={id}
        className={`${INPUT} ${className}`}
        aria-describedby={hint === undefined ? undefined : `${id}-hint`}
        {...rest}
      />
      {hint !== undefined && (
        <p id={`${id}-hint`} className="text-xs text-muted">
          {hint}
        </p>
      )}
    </div>
  );
}
