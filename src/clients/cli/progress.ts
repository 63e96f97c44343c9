const WIDTH = 30;

/** Draws a progress bar that replaces itself on a terminal. It draws nothing where the stream is not a terminal. */
export function progressOn(stream: NodeJS.WriteStream): (what: string, share: number) => void {
  let drawn = '';
  return (what, share) => {
    if (!stream.isTTY) return;
    const bar = `${barOf(share, WIDTH)} ${Math.round(share * 100)} % ${what}`;
    if (bar === drawn) return;
    drawn = bar;
    stream.write(`\r\u001b[K${bar}${share >= 1 ? '\n' : ''}`);
  };
}

/** A bar that shows a share from 0 to 1. */
export function barOf(share: number, width: number): string {
  const done = Math.round(Math.min(1, Math.max(0, share)) * width);
  return `[${'#'.repeat(done)}${'-'.repeat(width - done)}]`;
}
