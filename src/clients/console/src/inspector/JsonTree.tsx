import { ChevronRight } from 'lucide-react';
import { useState, type ReactElement } from 'react';
import type { JsonPath } from '../json/json-path.ts';
import type { JsonNode } from '../json/json-tree.ts';
import { visibleText } from '../ui/visible-text.ts';
import { plural } from '../ui/numbers.ts';
import { JsonScalar } from './JsonScalar.tsx';

/** What is done with a value that was pressed. */
export type OnValue = (path: JsonPath, value: JsonNode, anchor: HTMLElement) => void;

export interface JsonTreeProps {
  /** The last step of the path is the name that is shown. */
  readonly path: JsonPath;
  readonly value: JsonNode;
  readonly onValue: OnValue;
  readonly depth?: number;
}

/** How many children are drawn at first, and with each further press. */
const CHILDREN_STEP = 100;
/** Levels that are open at first, if they have few children. */
const OPEN_LEVELS = 3;
const OPEN_CHILDREN_MAX = 50;
const NAME_MAX = 200;

/** A value of JSON. What is within it is read when it is opened. */
export function JsonTree({ path, value, onValue, depth = 0 }: JsonTreeProps): ReactElement {
  const { kind } = value;
  const name = visibleText(path.at(-1) ?? '', NAME_MAX);
  if (kind !== 'object' && kind !== 'list')
    return (
      <li className="flex gap-1.5 py-px pl-4.5">
        <span className="shrink-0 text-muted">{name}:</span>
        <JsonScalar value={value} onPress={(anchor) => onValue(path, value, anchor)} />
      </li>
    );
  return (
    <Branch name={name} path={path} value={value} onValue={onValue} depth={depth} isList={kind === 'list'} />
  );
}

interface BranchProps extends Required<JsonTreeProps> {
  readonly name: string;
  readonly isList: boolean;
}

function Branch({ name, path, value, onValue, depth, isList }: BranchProps): ReactElement {
  const [first, hasMoreAtFirst] = childrenOf(value, OPEN_CHILDREN_MAX);
  const [isOpen, setOpen] = useState(depth === 0 || (depth < OPEN_LEVELS && !hasMoreAtFirst));
  const [max, setMax] = useState(CHILDREN_STEP);
  const [children, hasMore] = isOpen ? childrenOf(value, max) : [first, hasMoreAtFirst];
  const [open, close] = isList ? '[]' : '{}';
  const count = plural(children.length, isList ? 'item' : 'field') + (hasMore ? ' or more' : '');
  return (
    <li className="py-px">
      <button
        type="button"
        aria-expanded={isOpen}
        className="flex max-w-full items-center gap-0.5 text-left hover:text-accent"
        onClick={() => setOpen(!isOpen)}
      >
        <ChevronRight aria-hidden className={`size-4 shrink-0 ${isOpen ? 'rotate-90' : ''}`} />
        <span className="truncate text-muted">{name}:</span>
        <span className="pl-1 whitespace-nowrap text-muted">
          {children.length === 0 ? `${open}${close}` : isOpen ? open : `${open} ${count} ${close}`}
        </span>
      </button>
      {isOpen && children.length > 0 && (
        <ul className="ml-2 border-l border-line pl-2">
          {children.map(([childName, child], index) => (
            <JsonTree
              key={`${index} ${childName}`}
              path={[...path, childName]}
              value={child}
              onValue={onValue}
              depth={depth + 1}
            />
          ))}
          {hasMore && (
            <li className="py-px pl-4.5">
              <button
                type="button"
                className="text-accent underline"
                onClick={() => setMax(max + CHILDREN_STEP)}
              >
                Show {CHILDREN_STEP} more
              </button>
            </li>
          )}
        </ul>
      )}
    </li>
  );
}

/** The first children, and whether there are more. */
function childrenOf(value: JsonNode, max: number): readonly [(readonly [string, JsonNode])[], boolean] {
  const children: (readonly [string, JsonNode])[] = [];
  let hasMore = false;
  value.visit(({ name, value: child }) => {
    hasMore = children.length === max;
    if (!hasMore) children.push([name, child]);
    return !hasMore;
  });
  return [children, hasMore];
}
