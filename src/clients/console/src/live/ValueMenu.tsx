import { Menu } from '@base-ui/react/menu';
import { Copy, Filter, FilterX } from 'lucide-react';
import type { ReactElement, ReactNode } from 'react';
import { validJson } from '../json/json-tree.ts';
import { copyText } from '../ui/copy-text.ts';
import { visibleText } from '../ui/visible-text.ts';
import type { ValueFilter } from './value-filters.ts';

/** A value that was clicked. */
export interface ChosenValue {
  readonly path: ValueFilter['path'];
  /** The value as JSON. */
  readonly json: string;
  readonly anchor: HTMLElement;
}

export interface ValueMenuProps {
  readonly value: ChosenValue | undefined;
  readonly onClose: () => void;
  readonly onFilter: (filter: ValueFilter) => void;
}

/** What can be done with a value that was clicked. */
export function ValueMenu({ value, onClose, onFilter }: ValueMenuProps): ReactElement | null {
  if (value === undefined) return null;
  const { path, json, anchor } = value;
  const isText = json.startsWith('"');
  const isScalar = !/^[[{]/.test(json);
  const shown = visibleText(json, 40);
  return (
    <Menu.Root open onOpenChange={(isOpen) => !isOpen && onClose()}>
      <Menu.Portal>
        <Menu.Positioner anchor={anchor} sideOffset={4} align="start" className="z-40">
          <Menu.Popup
            finalFocus={{ current: anchor }}
            className="max-w-80 rounded-md border border-line bg-panel p-1 text-sm shadow-lg outline-none"
          >
            {isScalar && (
              <>
                <Item
                  icon={<Filter aria-hidden className="size-3.5" />}
                  run={() => onFilter({ path, json, not: false })}
                >
                  Only {shown}
                </Item>
                <Item
                  icon={<FilterX aria-hidden className="size-3.5" />}
                  run={() => onFilter({ path, json, not: true })}
                >
                  Not {shown}
                </Item>
              </>
            )}
            <Item icon={<Copy aria-hidden className="size-3.5" />} run={copy(validJson(json).string ?? json)}>
              Copy the {isText ? 'text' : 'value'}
            </Item>
            {isText && (
              <Item icon={<Copy aria-hidden className="size-3.5" />} run={copy(json)}>
                Copy as JSON
              </Item>
            )}
            <Item icon={<Copy aria-hidden className="size-3.5" />} run={copy(path.join('.'))}>
              Copy the path {visibleText(path.join('.'), 40)}
            </Item>
          </Menu.Popup>
        </Menu.Positioner>
      </Menu.Portal>
    </Menu.Root>
  );
}

const copy = (text: string) => (): void => void copyText(text);

function Item({
  icon,
  run,
  children,
}: {
  readonly icon: ReactNode;
  readonly run: () => void;
  readonly children: ReactNode;
}): ReactElement {
  return (
    <Menu.Item
      className="flex cursor-pointer items-center gap-2 rounded px-2 py-1 outline-none data-highlighted:bg-tint data-highlighted:text-accent"
      onClick={run}
    >
      {icon}
      <span className="truncate">{children}</span>
    </Menu.Item>
  );
}
