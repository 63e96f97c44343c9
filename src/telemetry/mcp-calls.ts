export const MCP_OUTCOMES = ['answered', 'refused', 'cancelled'] as const;
type Outcome = (typeof MCP_OUTCOMES)[number];

/** Counts what became of the calls of tools by agents. */
export class McpCalls {
  readonly #counts = new Map<string, Map<Outcome, number>>();

  /** `tool` is the name of one that exists. */
  count(tool: string, outcome: Outcome): void {
    const outcomes = this.#counts.get(tool) ?? new Map<Outcome, number>();
    outcomes.set(outcome, (outcomes.get(outcome) ?? 0) + 1);
    this.#counts.set(tool, outcomes);
  }

  *counts(): Generator<{ readonly tool: string; readonly outcome: Outcome; readonly count: number }> {
    for (const [tool, outcomes] of this.#counts)
      for (const [outcome, count] of outcomes) yield { tool, outcome, count };
  }
}
