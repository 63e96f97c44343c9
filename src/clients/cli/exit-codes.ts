/** Every code with which a command of the CLI ends, and what it says. Scripts rely on them. */
export const EXIT = {
  ok: { code: 0, meaning: 'The command did what it was asked to do.' },
  refused: {
    code: 1,
    meaning:
      'The hub refused, or found nothing by that name; or what the command waited for is known to have failed.',
  },
  usage: { code: 2, meaning: 'An argument, an option, a context or a setting cannot be used.' },
  unreachable: {
    code: 3,
    meaning: 'No hub answered at the address, or its certificate is not trusted.',
  },
  notPermitted: {
    code: 4,
    meaning: 'The hub does not accept the token or the password, or they do not permit this.',
  },
  gap: { code: 5, meaning: 'The command did its work, but events may be missing from what it printed.' },
  timedOut: { code: 124, meaning: 'The time given for it passed before it happened.' },
  interrupted: { code: 130, meaning: 'Somebody ended the command before it happened.' },
} as const satisfies Record<string, { readonly code: number; readonly meaning: string }>;

export type Exit = keyof typeof EXIT;
