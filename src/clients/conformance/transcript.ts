/** How many lines of each direction a report of a failure has, and how long a line is at most. */
const LINES = 12;
const LENGTH = 400;

/** What was sent to the server and what came, in the words of a report. Credentials stand in it by name only. */
export class Transcript {
  readonly #sent: string[] = [];
  readonly #came: string[] = [];

  sent(line: string): void {
    this.#sent.push(cut(line));
    if (this.#sent.length > LINES * 2) this.#sent.splice(LINES / 2, 1);
  }

  came(line: string): void {
    this.#came.push(cut(line));
    if (this.#came.length > LINES * 2) this.#came.splice(LINES / 2, 1);
  }

  /** The first lines and the last ones, since both tell most. */
  get lines(): { readonly sent: readonly string[]; readonly came: readonly string[] } {
    return { sent: shortened(this.#sent), came: shortened(this.#came) };
  }
}

function shortened(lines: readonly string[]): string[] {
  if (lines.length <= LINES) return [...lines];
  return [...lines.slice(0, LINES / 2), '…', ...lines.slice(-LINES / 2)];
}

function cut(line: string): string {
  const plain = line.replaceAll('\n', '\\n');
  return plain.length <= LENGTH ? plain : `${plain.slice(0, LENGTH)}… (${plain.length} characters)`;
}
