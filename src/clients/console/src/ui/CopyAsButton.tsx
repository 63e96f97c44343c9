import { Menu } from '@base-ui/react/menu';
import { Check, Copy } from 'lucide-react';
import { useEffect, useState, type ReactElement } from 'react';
import { copyAs, copyForms, type Copyable, type CopyForm } from '../copy-as.ts';
import { BASE } from '../session/base.ts';
import { Button } from './Button.tsx';
import { copyText } from './copy-text.ts';

const NAMES: Readonly<Record<CopyForm, string>> = {
  curl: 'curl',
  command: 'the command belfry',
  SDK: 'the SDK',
};
const SHOWN_MS = 1_500;

/** Copies the publish of an event for a terminal or a program. */
export function CopyAsButton(copyable: Copyable): ReactElement {
  const [copied, setCopied] = useState(false);
  useEffect(() => {
    if (!copied) return undefined;
    const timer = setTimeout(() => setCopied(false), SHOWN_MS);
    return () => clearTimeout(timer);
  }, [copied]);
  return (
    <Menu.Root>
      <Menu.Trigger
        render={<Button kind="quiet" aria-label={copied ? 'Copied' : 'Copy as'} title="Copy as …" />}
      >
        {copied ? (
          <Check aria-hidden className="size-4 text-good" />
        ) : (
          <Copy aria-hidden className="size-4" />
        )}
        Copy as
      </Menu.Trigger>
      <Menu.Portal>
        <Menu.Positioner className="z-50" align="end">
          <Menu.Popup className="rounded-md border border-line bg-panel p-1 shadow-xl">
            {copyForms(copyable).map((form) => (
              <Menu.Item
                key={form}
                className="cursor-pointer rounded px-3 py-1.5 data-[highlighted]:bg-tint data-[highlighted]:text-accent"
                onClick={() => void copyText(copyAs(form, BASE, copyable)).then(() => setCopied(true))}
              >
                A publish by {NAMES[form]}
              </Menu.Item>
            ))}
          </Menu.Popup>
        </Menu.Positioner>
      </Menu.Portal>
    </Menu.Root>
  );
}
