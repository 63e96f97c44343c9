import type { ReactElement } from 'react';
import { withoutValue, withValue } from '../json/json-edit.ts';
import type { JsonNode } from '../json/json-tree.ts';
import type { Misfit } from '../schema/check.ts';
import { nodeAt, type FormField } from '../schema/form-fields.ts';
import { FieldInput } from './FieldInput.tsx';
import { suggestionsFor, type HeardTopic } from './suggestions.ts';

export interface EventFormProps {
  /** The event in the text. */
  readonly event: JsonNode;
  readonly fields: readonly FormField[];
  readonly ignoreCase: boolean;
  readonly topics: readonly HeardTopic[];
  /** What is wrong with this event. */
  readonly misfits: readonly Misfit[];
  /** What the hub says of places of the text. */
  readonly refused: readonly { readonly from: number; readonly to: number; readonly message: string }[];
  readonly onText: (text: string) => void;
}

/** The fields of one event. Each change is made in the text, of which all else stays as it was written. */
export function EventForm(props: EventFormProps): ReactElement {
  const { event, fields, ignoreCase, topics, onText } = props;
  const order = fields.map(({ path }) => path[0] ?? '');
  const type = event.get('type', ignoreCase)?.string;
  const set = (path: readonly string[], json: string | undefined): void =>
    onText(
      json === undefined
        ? withoutValue(event.whole, event, path, { ignoreCase })
        : withValue(event.whole, event, path, json, { order, ignoreCase }),
    );
  return (
    <div className="flex flex-col gap-3">
      {fields.toSorted(requiredFirst).map((field) => {
        const node = nodeAt(event, field.path, ignoreCase);
        return (
          <FieldInput
            key={field.path.join('\n')}
            field={field}
            node={node}
            faults={faultsOf(props, field, node)}
            suggestions={suggestionsFor(field, topics, type)}
            onChange={(json) => set(field.path, json)}
          />
        );
      })}
    </div>
  );
}

function requiredFirst(one: FormField, other: FormField): number {
  return Number(other.isRequired) - Number(one.isRequired);
}

function faultsOf(
  { misfits, refused }: EventFormProps,
  { path }: FormField,
  node: JsonNode | undefined,
): readonly string[] {
  const own = misfits
    .filter((each) => each.path.join('\n') === path.join('\n'))
    .map(({ message }) => message);
  const said = refused
    .filter(({ from, to }) => node !== undefined && from === node.from && to === node.to)
    .map(({ message }) => message);
  // What the hub said and what the schema says are mostly the same.
  return own.length > 0 ? own : [...new Set(said)];
}
