import { loadConfig } from '../../src/config/config.ts';
import { page } from './pages.ts';

/** A migration guide: its sections, and the blocks in them that its steps consist of. */
export class MigrationGuide {
  readonly #text: string;

  constructor(system: string) {
    this.#text = page(`src/docs/how-to/migrate-from-${system}.md`).text;
  }

  /** The text of the first block of this language in the section with this heading, without its indentation. */
  block(heading: string, language: string): string {
    const [, section] =
      new RegExp(`^## ${heading}\n([\\s\\S]*?)(?=^## |$(?![\\s\\S]))`, 'm').exec(this.#text) ?? [];
    const found = new RegExp(`^( *)\`\`\`${language}\n([\\s\\S]*?)^\\1\`\`\`$`, 'm').exec(section ?? '');
    if (found === null) throw new Error(`"${heading}" has no block of ${language}`);
    const [, indent = '', text = ''] = found;
    return text.replaceAll(new RegExp(`^${indent}`, 'gm'), '');
  }

  /** The settings with which the guide runs a node. `values` are those of the variables that it takes them from. */
  settings(values: Readonly<Record<string, string>>): Record<string, string> {
    const command = this.block('What to point where', 'sh');
    return Object.fromEntries(
      Array.from(command.matchAll(/\b([A-Z_]+)=(\S+)/g), ([, name = '', value = '']) => {
        const [, variable] = /^"\$(\w+)"$/.exec(value) ?? [];
        return [name, variable === undefined ? value : (values[variable] ?? '')];
      }),
    );
  }

  /** What `BELFRY_LISTEN` of a test names in place of the port of the hub to which the guide leads, as that port is by default. */
  get listener(): string {
    const ports = new Set(
      Array.from(this.#text.matchAll(/hub\.internal:(\d+)/g), ([, port]) => Number(port)),
    );
    const { listen } = loadConfig({});
    const [found, ...more] = listen.filter(({ port }) => ports.has(port));
    if (found === undefined || more.length > 0 || ports.size !== 1)
      throw new Error(`the guide leads to the ports ${[...ports].join()}`);
    return `127.0.0.1:0=${found.dialect}${found.tls ? '+tls' : ''}`;
  }

  /** What the step that moves the clients makes of the text that leads them to the old server. */
  moved(text: string): string {
    return changed(text, this.block('What to point where', 'diff'));
  }

  /** What the step back makes of the text that leads the clients to the hub. */
  movedBack(text: string): string {
    return changed(text, this.block('How to go back', 'diff'));
  }
}

/** Makes the change that a diff shows, at the one place that looks as the diff says. */
export function changed(text: string, diff: string): string {
  const lines = diff.trimEnd().split('\n');
  const side = (sign: string): string =>
    lines
      .flatMap((line) => (line.startsWith(sign) || line.startsWith(' ') ? [`${line.slice(1)}\n`] : []))
      .join('');
  const parts = text.split(side('-'));
  if (parts.length !== 2)
    throw new Error(`the diff fits at ${parts.length - 1} places, not at one:\n${diff}`);
  return parts.join(side('+'));
}
