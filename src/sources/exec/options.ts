export const LINE_FORMS = ['text', 'json', 'event'] as const;
export const RESTARTS = ['never', 'on-failure', 'always'] as const;
export const ORDERS = ['time', 'number'] as const;

export interface ExecOptions {
  /** The command and its arguments. */
  readonly words: readonly string[];
  readonly type: string;
  readonly action: string;
  readonly key: string;
  readonly lines: (typeof LINE_FORMS)[number];
  readonly restart: (typeof RESTARTS)[number];
  /** The template of the position of a line. */
  readonly at?: string;
  readonly order?: (typeof ORDERS)[number];
  readonly status?: boolean;
}
