import { useDocExplorerActions } from '@graphiql/plugin-doc-explorer';
import { type GraphiQLPlugin, useGraphiQL, useGraphiQLActions } from '@graphiql/react';
import { type KeyboardEvent, useMemo, useState } from 'react';
import { edgesOf, type SchemaEdge } from '../schema-edges';
import { docsPlugin } from './docs';

function PictureIcon() {
  return (
    <svg viewBox="0 0 16 16" fill="none" stroke="currentColor" strokeWidth="1.5" aria-hidden="true">
      <path d="M1 6h5v4H1z M10 1h5v4h-5z M10 11h5v4h-5z M6 8h2 M10 3H8v10h2" />
    </svg>
  );
}

const row = 34;
const box = 26;
const width = 286;

// Kept here, not in the panel, which is gone while another panel is open.
let kept = 'Fulfillment';

/** The objects around one object: those that lead to it above, those that it leads to below. */
function Picture() {
  const schema = useGraphiQL((state) => state.schema);
  const { setVisiblePlugin } = useGraphiQLActions();
  const { push, reset } = useDocExplorerActions();
  const [center, setCenter] = useState(kept);
  const edges = useMemo(() => (schema ? edgesOf(schema) : []), [schema]);
  if (!schema) return <p className="page-panel">The picture is drawn once the schema is there.</p>;

  const above = edges.filter(({ to, from }) => to === center && from !== center);
  const below = edges.filter(({ from }) => from === center);
  const middle = above.length * row + 10;
  const height = middle + box + 10 + below.length * row;

  // One path for all lines, or they would be darker where they lie on one another.
  const line = (from: number, y: number) => `M12 ${from} V${y + box / 2} H24`;
  const belowAt = (index: number) => middle + box + 10 + index * row + (row - box);
  const lines = [
    ...above.map((_, index) => line(middle, index * row)),
    ...below.map((_, index) => line(middle + box, belowAt(index))),
  ].join(' ');

  function go(name: string) {
    kept = name;
    setCenter(name);
  }

  function read(name: string) {
    reset();
    push({ name, def: schema?.getType(name) });
    setVisiblePlugin(docsPlugin);
  }

  return (
    <section className="page-panel page-picture" aria-label="Schema">
      <h2>Schema</h2>
      <p>
        What leads to {center} stands above it, and below what it leads to. A star means many. Choose an object to go
        there.
      </p>
      <svg viewBox={`0 0 ${width} ${height}`} width={width} height={height}>
        <title>{`Around ${center}`}</title>
        <path d={lines} className="page-line" />
        {above.map((edge, index) => (
          <Neighbour key={`${edge.from}.${edge.field}`} edge={edge} name={edge.from} y={index * row} go={go} />
        ))}
        {below.map((edge, index) => (
          <Neighbour key={edge.field} edge={edge} name={edge.to} y={belowAt(index)} go={go} />
        ))}
        <Box name={center} x={0} y={middle} className="page-center" label={`Read about ${center}`} go={read} />
      </svg>
      <button type="button" className="page-card" onClick={() => read(center)}>
        Read about {center}
      </button>
    </section>
  );
}

interface NeighbourProps {
  edge: SchemaEdge;
  name: string;
  /** Top of its box. */
  y: number;
  go(name: string): void;
}

function Neighbour({ edge, name, y, go }: NeighbourProps) {
  return (
    <g>
      <text x={30} y={y + box / 2 + 4} className="page-edge">
        {edge.field}
        {edge.many ? ' *' : ''}
      </text>
      <Box name={name} x={width - 130} y={y} label={`${edge.from}.${edge.field}: go to ${name}`} go={go} />
    </g>
  );
}

interface BoxProps {
  name: string;
  x: number;
  y: number;
  className?: string;
  label: string;
  go(name: string): void;
}

function Box({ name, x, y, className = '', label, go }: BoxProps) {
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.key !== 'Enter' && event.key !== ' ') return;
    event.preventDefault();
    go(name);
  };
  return (
    // biome-ignore lint/a11y/useSemanticElements: SVG has no button
    <g
      role="button"
      tabIndex={0}
      aria-label={label}
      className={`page-box ${className}`}
      onClick={() => go(name)}
      onKeyDown={onKeyDown}
    >
      <rect x={x + 0.5} y={y + 0.5} width={x ? 129 : 160} height={box} rx={6} />
      <text x={x + 8} y={y + box / 2 + 5}>
        {name}
      </text>
    </g>
  );
}

export const picturePlugin: GraphiQLPlugin = { title: 'Schema', icon: PictureIcon, content: Picture };
