import { Check, Copy } from 'lucide-react';
import { useEffect, useState, type ReactElement } from 'react';
import { Button } from './Button.tsx';
import { copyText } from './copy-text.ts';

const SHOWN_MS = 1_500;

/** Copies a text exactly as it is. Its label says what it copies, such as "Copy the id". */
export function CopyButton({
  text,
  label,
  children,
}: {
  readonly text: string;
  readonly label: string;
  readonly children?: string;
}): ReactElement {
  const [copied, setCopied] = useState(false);
  useEffect(() => {
    if (!copied) return undefined;
    const timer = setTimeout(() => setCopied(false), SHOWN_MS);
    return () => clearTimeout(timer);
  }, [copied]);
  return (
    <Button
      kind="quiet"
      aria-label={copied ? 'Copied' : label}
      title={label}
      className={children === undefined ? 'w-8 px-0!' : ''}
      onClick={() => void copyText(text).then(() => setCopied(true))}
    >
      {copied ? <Check aria-hidden className="size-4 text-good" /> : <Copy aria-hidden className="size-4" />}
      {children}
    </Button>
  );
}
