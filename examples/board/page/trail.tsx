import type { DetailsFragment, TrailFragment } from './generated/graphql';
import { inWords, money } from './words';

interface Box {
  id: string;
  title: string;
  note: string;
  /** The boxes that lead to this one. */
  from: string[];
}

const width = 160;
const height = 44;
const gap = 20;
const perRow = 2;

/** The way of the money as a picture: fulfillment, bill run, invoice or credit memo, payment. */
export function Trail({ of: fulfillment }: { of: DetailsFragment }) {
  const layers = layersOf(fulfillment);
  if (layers.length === 1) return <p className="hint">Not billed yet.</p>;
  const rows = layers.flatMap((boxes) =>
    Array.from({ length: Math.ceil(boxes.length / perRow) }, (_, at) => boxes.slice(at * perRow, (at + 1) * perRow)),
  );
  const all = perRow * width + (perRow - 1) * gap;
  const places = new Map(
    rows.flatMap((boxes, row) => {
      const left = (all - boxes.length * width - (boxes.length - 1) * gap) / 2;
      return boxes.map(
        (box, at) => [box.id, { x: left + at * (width + gap), y: row * (height + 28) + 1, box }] as const,
      );
    }),
  );
  const text = layers.map((boxes) => boxes.map(({ title, note }) => `${title}, ${note}`).join(' and ')).join('; then ');
  return (
    <svg className="trail" viewBox={`-1 0 ${all + 2} ${rows.length * (height + 28) - 26}`} role="img" aria-label={text}>
      {[...places.values()].flatMap(({ x, y, box }) =>
        box.from.map((id) => {
          const start = places.get(id);
          if (!start) return null;
          const [fromX, fromY, toX] = [start.x + width / 2, start.y + height, x + width / 2];
          const middle = (fromY + y) / 2;
          return <path key={id + box.id} d={`M${fromX} ${fromY}C${fromX} ${middle} ${toX} ${middle} ${toX} ${y}`} />;
        }),
      )}
      {[...places.values()].map(({ x, y, box }) => (
        <g key={box.id} transform={`translate(${x} ${y})`}>
          <rect width={width} height={height} rx="6" />
          <text x={width / 2} y="18" className="title">
            {box.title}
          </text>
          <text x={width / 2} y="35">
            {box.note}
          </text>
        </g>
      ))}
    </svg>
  );
}

/**
 * The boxes from top to bottom. A box that several lines lead to stands once: the credit memo of a reversal is found from
 * its invoice and from the fulfillment. Lines lead down alone.
 */
function layersOf(fulfillment: DetailsFragment): Box[][] {
  const layers: Map<string, Box>[] = Array.from({ length: 4 }, () => new Map());
  const put = (layer: number, box: Box) => {
    const at = layers.findIndex((boxes) => boxes.has(box.id));
    const known = layers[at]?.get(box.id);
    if (!known) layers[layer].set(box.id, box);
    const isAbove = (id: string) => layers.slice(0, at).some((boxes) => boxes.has(id));
    known?.from.push(...box.from.filter((id) => isAbove(id) && !known.from.includes(id)));
    return box.id;
  };
  const { fulfillmentNumber, amount, currency } = fulfillment;
  const top = put(0, { id: fulfillment.id, title: fulfillmentNumber, note: money(amount, currency), from: [] });
  const run = (billRun: BillRun) =>
    billRun
      ? put(1, { id: billRun.id, title: billRun.billRunNumber, note: inWords(billRun.status), from: [top] })
      : top;

  for (const { invoice } of fulfillment.invoiceItems) {
    const document = put(2, { ...invoiceBox(invoice), from: [run(invoice.billRun)] });
    for (const { amount, payment } of invoice.paymentApplications)
      put(3, {
        id: payment.id,
        title: payment.paymentNumber,
        note: `${money(amount, invoice.currency)} paid`,
        from: [document],
      });
    for (const { amount, creditMemo } of invoice.creditMemoApplications)
      put(3, {
        id: creditMemo.id,
        title: creditMemo.creditMemoNumber,
        note: `${money(amount, invoice.currency)} credited`,
        from: [document],
      });
  }
  for (const { creditMemo } of fulfillment.creditMemoItems) {
    const { id, creditMemoNumber, status, amount, currency, applications } = creditMemo;
    const note = `${money(amount, currency)}, ${status}`;
    const document = put(2, { id, title: creditMemoNumber, note, from: [run(creditMemo.billRun)] });
    for (const { invoice } of applications) put(3, { ...invoiceBox(invoice), from: [document] });
  }
  return layers.map((boxes) => [...boxes.values()]).filter((boxes) => boxes.length > 0);
}

type Invoice = TrailFragment['invoiceItems'][number]['invoice'];
type BillRun = Invoice['billRun'];

const invoiceBox = ({
  id,
  invoiceNumber,
  amount,
  currency,
  status,
}: Omit<Invoice, 'allowedActions' | 'billRun' | 'paymentApplications' | 'creditMemoApplications'>) => ({
  id,
  title: invoiceNumber,
  note: `${money(amount, currency)}, ${status}`,
});
