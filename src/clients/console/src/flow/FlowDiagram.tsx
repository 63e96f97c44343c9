import { useLayoutEffect, useRef, useState, type KeyboardEvent, type ReactElement } from 'react';
import { useMe } from '../session/use-session.ts';
import { rateText } from '../ui/numbers.ts';
import { labelOf, type FlowGraph, type Vertex } from './flow-graph.ts';
import { BOX_WIDTH, layoutOf, type Box, type Curve } from './flow-layout.ts';
import { bandText, linkOf, vertexText } from './flow-text.ts';

const HEADS = ['Publishers', 'Types', 'Dialects', 'Nodes'];
const HEAD_HEIGHT = 28;
const LETTER_WIDTH = 7.5;
const LABEL_GAP = 6;

/** Four columns with bands between them. What is hovered or has the focus is told in the line above. */
export function FlowDiagram({ graph }: { readonly graph: FlowGraph }): ReactElement {
  const box = useRef<HTMLDivElement>(null);
  const [width, setWidth] = useState(0);
  const [activeId, setActive] = useState<string>();
  useLayoutEffect(() => {
    if (box.current === null) return undefined;
    const size = new ResizeObserver(([entry]) => setWidth(entry?.contentRect.width ?? 0));
    size.observe(box.current);
    return () => size.disconnect();
  }, []);
  const { boxes, curves, height } = layoutOf(graph, width);
  const active = curves.find(({ band }) => band.id === activeId);
  const activeBox = boxes.find(({ vertex }) => vertex.id === activeId);
  const isLit = ({ band }: Curve): boolean =>
    band.id === activeId || band.from.id === activeId || band.to.id === activeId;
  const isQuiet = active === undefined && activeBox === undefined;

  /** The bands are one stop of the Tab key, from where arrows lead on. */
  const stop = Math.max(
    0,
    curves.findIndex(({ band }) => band.id === activeId),
  );
  return (
    <div className="flex flex-col gap-2">
      <p className="min-h-[1lh] truncate tabular-nums" aria-live="polite">
        {active !== undefined && bandText(active.band)}
        {activeBox !== undefined && vertexText(activeBox.vertex)}
        {isQuiet && (
          <span className="text-muted">
            Point at a band or a box, or go there with Tab and the arrow keys.
          </span>
        )}
      </p>
      <div ref={box} className="min-w-0">
        {width > 0 && (
          <svg
            width={width}
            height={height + HEAD_HEIGHT}
            role="group"
            aria-label="Who publishes what, and who hears it"
          >
            {HEADS.map((head, index) => (
              <text
                key={head}
                x={index === 3 ? width : ((width - BOX_WIDTH) * index) / 3}
                y={14}
                textAnchor={index === 3 ? 'end' : 'start'}
                className="fill-muted text-xs"
              >
                {head}
              </text>
            ))}
            <g
              transform={`translate(0 ${HEAD_HEIGHT})`}
              fill="none"
              onPointerLeave={() => setActive(undefined)}
            >
              {curves.map((curve, index) => (
                <path
                  key={curve.band.id}
                  d={curve.path}
                  strokeWidth={curve.width}
                  tabIndex={index === stop ? 0 : -1}
                  role="img"
                  aria-label={bandText(curve.band)}
                  className={`stroke-accent outline-none focus-visible:stroke-text ${isLit(curve) ? 'opacity-70' : isQuiet ? 'opacity-30' : 'opacity-15'}`}
                  onPointerEnter={() => setActive(curve.band.id)}
                  onFocus={() => setActive(curve.band.id)}
                  onBlur={() => setActive(undefined)}
                  onKeyDown={(event) => moveFocus(event, index)}
                />
              ))}
            </g>
            <g transform={`translate(0 ${HEAD_HEIGHT})`}>
              {boxes.map((each) => (
                <VertexBox key={each.vertex.id} box={each} width={width} onActive={setActive} />
              ))}
            </g>
          </svg>
        )}
      </div>
    </div>
  );
}

/** Arrow keys lead from one band to the next. */
function moveFocus(event: KeyboardEvent<SVGPathElement>, index: number): void {
  const step = { ArrowDown: 1, ArrowRight: 1, ArrowUp: -1, ArrowLeft: -1 }[event.key];
  if (step === undefined) return;
  event.preventDefault();
  const paths = event.currentTarget.parentElement?.querySelectorAll('path') ?? [];
  paths[(index + step + paths.length) % paths.length]?.focus();
}

function VertexBox({
  box: { vertex, x, y, height },
  width,
  onActive,
}: {
  readonly box: Box;
  readonly width: number;
  readonly onActive: (id: string | undefined) => void;
}): ReactElement {
  const isLast = vertex.column === 'node';
  const rate = rateText(rateOf(vertex));
  const letters = Math.floor((width / 3 - BOX_WIDTH - 3 * LABEL_GAP) / LETTER_WIDTH) - rate.length - 1;
  const label = labelOf(vertex);
  const shown = label.length > letters ? `${label.slice(0, Math.max(1, letters - 1))}…` : label;
  const content = (
    <>
      <title>{vertexText(vertex)}</title>
      <rect x={x} y={y} width={BOX_WIDTH} height={height} rx={2} className="fill-accent" />
      <text
        x={isLast ? x - LABEL_GAP : x + BOX_WIDTH + LABEL_GAP}
        y={y + height / 2}
        dominantBaseline="central"
        textAnchor={isLast ? 'end' : 'start'}
        className="fill-text text-[13px] tabular-nums group-hover:underline group-focus-visible:underline"
      >
        {shown}
        <tspan className="fill-muted"> {rate}</tspan>
      </text>
    </>
  );
  const link = linkOf(vertex, useMe());
  const events = {
    onPointerEnter: () => onActive(vertex.id),
    onPointerLeave: () => onActive(undefined),
    onFocus: () => onActive(vertex.id),
    onBlur: () => onActive(undefined),
  };
  if (link === undefined)
    return (
      <g {...events} role="img" aria-label={vertexText(vertex)}>
        {content}
      </g>
    );
  return (
    <a href={`#${link}`} className="group" {...events}>
      {content}
    </a>
  );
}

function rateOf({ column, incoming, outgoing }: Vertex): number {
  return column === 'publisher' ? outgoing : incoming;
}
