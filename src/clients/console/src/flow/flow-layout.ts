import type { Band, FlowGraph, Vertex } from './flow-graph.ts';

export interface Box {
  readonly vertex: Vertex;
  readonly x: number;
  readonly y: number;
  readonly height: number;
}

export interface Curve {
  readonly band: Band;
  /** The middle line, for the `d` of a path. */
  readonly path: string;
  readonly width: number;
}

export interface FlowLayout {
  readonly boxes: readonly Box[];
  readonly curves: readonly Curve[];
  /** In pixels. */
  readonly height: number;
}

export const BOX_WIDTH = 10;
/** A box has room for its label, however little flows through it. */
const LEAST_HEIGHT = 20;
const GAP = 10;
const LEAST_BAND = 1;
/** Nothing at all has some scale, too. */
const LEAST_RATE = 0.001;
/** The height beyond the least one of the boxes, which the flow may use. */
const FLOW_HEIGHT = 260;

/**
 * Where boxes and bands lie in a width. The height of a box is that of its label and of what flows through it; the scale is one for
 * events, left of the types, and another for deliveries, right of them.
 */
export function layoutOf({ columns, bands }: FlowGraph, width: number): FlowLayout {
  const scales = scalesOf(columns);
  const boxes = new Map<string, Box>();
  for (const [index, column] of columns.entries()) {
    const x = ((width - BOX_WIDTH) * index) / Math.max(1, columns.length - 1);
    let y = 0;
    for (const vertex of column) {
      const height = LEAST_HEIGHT + flowOf(vertex, scales);
      boxes.set(vertex.id, { vertex, x, y, height });
      y += height + GAP;
    }
  }
  const all = [...boxes.values()];
  return {
    boxes: all,
    curves: curvesOf(bands, boxes, scales),
    height: Math.max(0, ...all.map(({ y, height }) => y + height)),
  };
}

interface Scales {
  /** Pixels for one event a second, and for one delivery a second. */
  readonly events: number;
  readonly deliveries: number;
}

/** The scale by which all of these amounts fit. */
function fitting(...totals: readonly number[]): number {
  return FLOW_HEIGHT / Math.max(...totals, LEAST_RATE);
}

function sum(column: readonly Vertex[], of: 'incoming' | 'outgoing'): number {
  return column.reduce((total, vertex) => total + vertex[of], 0);
}

/** As large as the fullest column allows. */
function scalesOf(columns: readonly (readonly Vertex[])[]): Scales {
  const [publishers = [], types = [], dialects = [], nodes = []] = columns;
  const whole: Scales = {
    events: fitting(sum(publishers, 'outgoing'), sum(types, 'incoming')),
    deliveries: fitting(sum(types, 'outgoing'), sum(dialects, 'incoming'), sum(nodes, 'incoming')),
  };
  const used = types.reduce((total, vertex) => total + flowOf(vertex, whole), 0);
  const part = used > FLOW_HEIGHT ? FLOW_HEIGHT / used : 1;
  return { events: whole.events * part, deliveries: whole.deliveries * part };
}

function flowOf({ column, incoming, outgoing }: Vertex, { events, deliveries }: Scales): number {
  if (column === 'publisher') return outgoing * events;
  if (column === 'type') return Math.max(incoming * events, outgoing * deliveries);
  return Math.max(incoming, outgoing) * deliveries;
}

function curvesOf(bands: readonly Band[], boxes: ReadonlyMap<string, Box>, scales: Scales): Curve[] {
  // How much of the right and of the left side of each box is taken.
  const taken = new Map<string, number>();
  const take = (side: string, box: Box, width: number, total: number): number => {
    const key = `${side} ${box.vertex.id}`;
    const before = taken.get(key) ?? 0;
    taken.set(key, before + width);
    return box.y + (box.height - total) / 2 + before + width / 2;
  };
  return bands.flatMap((band) => {
    const [from, to] = [boxes.get(band.from.id), boxes.get(band.to.id)];
    if (from === undefined || to === undefined) return [];
    const scale = band.to.column === 'type' ? scales.events : scales.deliveries;
    const width = band.perSecond * scale;
    const y1 = take('right', from, width, from.vertex.outgoing * scale);
    const y2 = take('left', to, width, to.vertex.incoming * scale);
    const [x1, x2] = [from.x + BOX_WIDTH, to.x];
    const middle = (x1 + x2) / 2;
    const path = `M${digits(x1)},${digits(y1)}C${digits(middle)},${digits(y1)} ${digits(middle)},${digits(y2)} ${digits(x2)},${digits(y2)}`;
    return { band, path, width: Math.max(LEAST_BAND, width) };
  });
}

function digits(pixels: number): string {
  return pixels.toFixed(1);
}
