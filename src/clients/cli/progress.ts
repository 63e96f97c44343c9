const WIDTH = 30;

/** Draws a progress bar that replaces itself on a terminal. It draws nothing where the stream is not a terminal. */
export function progressOn(stream: NodeJS.WriteStream): (what: string, share: number) => void {
  let drawn = '';
  return (what, share) => {
    if (!stream.isTTY) return;
    const done = Math.round(Math.min(1, share) * WIDTH);
    const bar = `[${'#'.repeat(done)}${'-'.repeat(WIDTH - done)}] ${Math.round(share * 100)} % ${what}`;
    if (bar === drawn) return;
    drawn = bar;
    stream.write(`\r\u001b[K${bar}${share >= 1 ? '\n' : ''}`);
  };
}
