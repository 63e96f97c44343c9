import { styleText } from 'node:util';
import { parseExactly } from './exact-json.ts';
import { tableLines } from './table.ts';
import { fit, harmless, harmlessJson, widthOf } from './text-width.ts';
import { toYaml } from './yaml.ts';

export const FORMATS = ['table', 'json', 'jsonl', 'yaml'] as const;
export type Format = (typeof FORMATS)[number];

export interface OutputOptions {
  readonly output?: Format | undefined;
  /** `false` where `--no-color` was given. */
  readonly color?: boolean | undefined;
}

export type Style = 'bold' | 'dim' | 'red' | 'green' | 'yellow' | 'cyan';

/** A piece of a line, and how a terminal shows it. */
export type Piece = string | readonly [text: string, style: Style];

export interface Column<T> {
  readonly title: string;
  readonly text: (row: T) => string;
}

/** How rows are shown to people: as a table, once all are known, or each as a line, as soon as it is there. */
export interface Shape<T> {
  readonly columns?: readonly Column<T>[];
  readonly line?: (row: T) => readonly Piece[];
  /** The row as one line of JSON. The default is what `JSON.stringify` makes of it. */
  readonly json?: (row: T) => string;
}

/** Prints a line that is no result of the command. */
export type Note = (line: string) => void;

/** Where rows go. */
export interface Rows<T> {
  print(row: T): void;
  /** Nothing more comes. */
  end(): void;
}

type Stream = Pick<NodeJS.WriteStream, 'write'> & Partial<Pick<NodeJS.WriteStream, 'isTTY' | 'columns'>>;

const USUAL_COLUMNS = 80;

/** Prints the results of a command in the format that its options name. */
export class Output {
  readonly format: Format;
  readonly #stream: Stream;
  readonly #hasColor: boolean;

  constructor({ output = 'table', color = true }: OutputOptions, stream: Stream = process.stdout) {
    const { NO_COLOR = '', TERM } = process.env;
    this.format = output;
    this.#stream = stream;
    this.#hasColor = color && stream.isTTY === true && NO_COLOR === '' && TERM !== 'dumb';
  }

  /** How many columns a line may have. A pipe has no end, and a terminal that was told no size says 0. */
  get width(): number {
    return this.#stream.isTTY === true ? this.#stream.columns || USUAL_COLUMNS : Infinity;
  }

  get isTerminal(): boolean {
    return this.#stream.isTTY === true;
  }

  /** Prints one thing with its fields. */
  one(value: object): void {
    if (this.format === 'json') this.#data(JSON.stringify(value, null, 2));
    else if (this.format === 'jsonl') this.#data(JSON.stringify(value));
    else if (this.format === 'yaml') this.#data(toYaml(value));
    else {
      const rows = Object.entries(value).map(([name, field]) => [name, harmless(shown(field))]);
      for (const line of tableLines(rows, this.width)) this.#stream.write(`${line}\n`);
    }
  }

  /** Prints all of these. */
  all<T>(rows: Iterable<T>, shape: Shape<T>): void {
    const out = this.rows(shape);
    for (const row of rows) out.print(row);
    out.end();
  }

  /** Prints things that come one after another. */
  rows<T>(shape: Shape<T>): Rows<T> {
    const { json = JSON.stringify as (row: T) => string, line, columns = [] } = shape;
    if (this.format === 'jsonl') return { print: (row) => this.#data(json(row)), end: () => undefined };
    if (this.format === 'json') return this.#array(json);
    if (this.format === 'yaml') return this.#sequence(json);
    if (line !== undefined) return { print: (row) => this.line(line(row)), end: () => undefined };
    return this.#table(columns);
  }

  /** Prints one line for people, cut where the terminal ends. */
  line(pieces: readonly Piece[]): void {
    this.#stream.write(`${this.painted(pieces)}\n`);
  }

  /** The pieces as one text, with colors where the terminal shows them. */
  painted(pieces: readonly Piece[]): string {
    let left = this.width;
    const texts = pieces.map((piece) => {
      const [text, style] = typeof piece === 'string' ? ([piece, undefined] as const) : piece;
      const cut = fit(harmless(text), left);
      left -= widthOf(cut);
      return style === undefined ? cut : this.#paint(style, cut);
    });
    return texts.join('');
  }

  /** A list of JSON, which is whole once it is ended. */
  #array<T>(json: (row: T) => string): Rows<T> {
    let before = '[\n';
    return {
      print: (row) => {
        const text = JSON.stringify(parseExactly(json(row)), null, 2).replaceAll('\n', '\n  ');
        this.#stream.write(harmlessJson(`${before}  ${text}`));
        before = ',\n';
      },
      end: () => void this.#stream.write(before === ',\n' ? '\n]\n' : '[]\n'),
    };
  }

  #sequence<T>(json: (row: T) => string): Rows<T> {
    let isEmpty = true;
    return {
      print: (row) => {
        isEmpty = false;
        this.#data(toYaml([parseExactly(json(row))]));
      },
      end: () => {
        if (isEmpty) this.#data('[]');
      },
    };
  }

  #table<T>(columns: readonly Column<T>[]): Rows<T> {
    const rows: string[][] = [];
    return {
      print: (row) => void rows.push(columns.map(({ text }) => harmless(text(row)))),
      end: () => {
        if (rows.length === 0) return;
        const titles = columns.map(({ title }) => title);
        const [head = '', ...lines] = tableLines([titles, ...rows], this.width);
        for (const line of [this.#paint('bold', head), ...lines]) this.#stream.write(`${line}\n`);
      },
    };
  }

  #data(text: string): void {
    this.#stream.write(`${harmlessJson(text)}\n`);
  }

  #paint(style: Style, text: string): string {
    return this.#hasColor && text !== '' ? styleText(style, text, { validateStream: false }) : text;
  }
}

/** A field as a table shows it. */
function shown(field: unknown): string {
  if (Array.isArray(field) && field.every((each) => typeof each === 'string')) return field.join(' ') || '-';
  if (field === null || field === undefined) return '-';
  return typeof field === 'string' ? field : JSON.stringify(field);
}
