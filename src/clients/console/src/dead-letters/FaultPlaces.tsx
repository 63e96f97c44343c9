import type { ReactElement } from 'react';
import { positionOf } from '../json/position.ts';
import type { Fault } from '../json/json-fault.ts';

export interface FaultPlacesProps {
  readonly text: string;
  readonly marks: readonly Fault[];
  readonly onShow: (from: number) => void;
}

/** How many places are named. */
const NAMED = 5;

/** Where the marks stand, as links into the text. */
export function FaultPlaces({ text, marks, onShow }: FaultPlacesProps): ReactElement | null {
  if (marks.length === 0) return null;
  return (
    <p className="text-muted">
      Marked:{' '}
      {marks.slice(0, NAMED).map((mark, index) => {
        const { line, column } = positionOf(text, mark.from);
        return (
          <button
            key={`${mark.from} ${index}`}
            type="button"
            className="mr-2 text-accent underline"
            title={mark.message}
            onClick={() => onShow(mark.from)}
          >
            line {line}, column {column}
          </button>
        );
      })}
      {marks.length > NAMED && `and ${marks.length - NAMED} more`}
    </p>
  );
}
