import { X } from 'lucide-react';
import { useId, type ReactElement } from 'react';
import type { JsonNode } from '../json/json-tree.ts';
import type { FormField } from '../schema/form-fields.ts';
import { Button } from '../ui/Button.tsx';
import { INPUT } from '../ui/Field.tsx';
import { RawInput } from './RawInput.tsx';

export interface FieldInputProps {
  readonly field: FormField;
  /** What stands in the event; `undefined` while the field is absent. */
  readonly node: JsonNode | undefined;
  /** What is wrong with it. */
  readonly faults: readonly string[];
  /** Values that others have used. */
  readonly suggestions: readonly string[];
  /** Tells the JSON of the field, or `undefined` to leave it out. */
  readonly onChange: (json: string | undefined) => void;
}

/** One field of the form: its name, its value, what it means, and what is wrong with it. */
export function FieldInput(props: FieldInputProps): ReactElement {
  const { field, node, faults, onChange } = props;
  const id = useId();
  const name = field.path.join('.');
  const canBeRemoved = node !== undefined && !field.isRequired;
  return (
    <div className="flex min-w-0 flex-col gap-1">
      <div className="flex min-h-6 items-center gap-2">
        <label htmlFor={id} className="font-mono text-[13px]">
          {name}
        </label>
        {field.isRequired && <span className="text-xs text-muted">required</span>}
        {field.kind === 'time' && (
          <Button
            kind="quiet"
            className="ml-auto h-6! px-2! text-xs"
            onClick={() => onChange(JSON.stringify(new Date().toISOString()))}
          >
            Now
          </Button>
        )}
        {canBeRemoved && (
          <Button
            kind="quiet"
            aria-label={`Leave out ${name}`}
            title={`Leave out ${name}`}
            className={`h-6! w-6 px-0! ${field.kind === 'time' ? '' : 'ml-auto'}`}
            onClick={() => onChange(undefined)}
          >
            <X aria-hidden className="size-3.5" />
          </Button>
        )}
      </div>
      <Control {...props} id={id} />
      {field.description !== undefined && (
        <p id={`${id}-hint`} className="text-xs text-muted">
          {field.description}
        </p>
      )}
      {faults.map((fault) => (
        <p key={fault} id={`${id}-fault`} className="text-xs text-bad">
          {fault}
        </p>
      ))}
    </div>
  );
}

function Control({
  id,
  field,
  node,
  faults,
  suggestions,
  onChange,
}: FieldInputProps & { readonly id: string }): ReactElement {
  const isInvalid = faults.length > 0;
  const describedBy =
    [field.description !== undefined && `${id}-hint`, isInvalid && `${id}-fault`].filter(Boolean).join(' ') ||
    undefined;
  const shared = { id, isInvalid, describedBy };
  if (field.kind === 'choice')
    return <ChoiceInput {...shared} field={field} node={node} onChange={onChange} />;
  const isLine = node === undefined || (node.string !== undefined && !/[\n\r]/.test(node.string));
  // What cannot stand on a line as it is, is shown as the JSON that it is.
  if (field.kind === 'json' || field.kind === 'number' || !isLine)
    return <RawInput {...shared} json={node?.text} isOneLine={field.kind === 'number'} onChange={onChange} />;
  return (
    <>
      <input
        id={id}
        className={INPUT}
        value={node?.string ?? ''}
        placeholder={node === undefined ? 'absent' : 'empty'}
        spellCheck={false}
        autoComplete="off"
        aria-invalid={isInvalid}
        aria-describedby={describedBy}
        list={suggestions.length > 0 ? `${id}-list` : undefined}
        onChange={({ target }) =>
          onChange(target.value === '' && !field.isRequired ? undefined : JSON.stringify(target.value))
        }
      />
      {suggestions.length > 0 && (
        <datalist id={`${id}-list`}>
          {suggestions.map((each) => (
            <option key={each} value={each} />
          ))}
        </datalist>
      )}
    </>
  );
}

function ChoiceInput({
  id,
  field,
  node,
  isInvalid,
  describedBy,
  onChange,
}: Pick<FieldInputProps, 'field' | 'node' | 'onChange'> & {
  readonly id: string;
  readonly isInvalid: boolean;
  readonly describedBy: string | undefined;
}): ReactElement {
  const now = node?.text ?? '';
  const isOther = !field.choices.includes(now) && now !== '';
  return (
    <select
      id={id}
      className={INPUT}
      value={now}
      aria-invalid={isInvalid}
      aria-describedby={describedBy}
      onChange={({ target }) => onChange(target.value === '' ? undefined : target.value)}
    >
      {(!field.isRequired || now === '') && <option value="">absent</option>}
      {isOther && <option value={now}>{now}</option>}
      {field.choices.map((choice) => (
        <option key={choice} value={choice}>
          {choice.replaceAll('"', '')}
        </option>
      ))}
    </select>
  );
}
