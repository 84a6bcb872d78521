import type { FormEvent } from 'react';
import { useState } from 'react';
import { Create } from './create';
import {
  type CardFragment,
  ColumnDocument,
  ColumnLiveDocument,
  CountsDocument,
  CountsLiveDocument,
  type FulfillmentFilter,
  type FulfillmentState,
} from './generated/graphql';
import { useLive } from './live';
import { Loaded } from './problem';
import { linkTo, linkWith, useRoute } from './route';
import { inWords, money, quantity, states } from './words';

/** The filter that the parameters of an address stand for. */
export function filterOf(params: Record<string, string>): FulfillmentFilter {
  const { number, type, carrier, from, to } = params;
  return {
    ...(number && { fulfillmentNumber: { startsWith: number } }),
    ...((type === 'Delivery' || type === 'Return') && { fulfillmentType: type }),
    ...(carrier && { carrier: { startsWith: carrier } }),
    ...((from || to) && { fulfillmentDate: { ...(from && { gte: from }), ...(to && { lte: to }) } }),
  };
}

/** The variables of the first page of a column. */
export const columnOf = (filter: FulfillmentFilter, state: FulfillmentState) => ({
  filter: { ...filter, state: { eq: state } },
});

/** All fulfillments by their states. Each column is a live page of 20, so that a hundred thousand rows load as fast as ten. */
export function Board() {
  const route = useRoute();
  const filter = filterOf(route.params);
  const counts = useLive(CountsDocument, CountsLiveDocument, { filter });
  const countOf = (state: FulfillmentState) =>
    counts.data?.fulfillmentCounts?.find((each) => each.state === state)?.count;
  return (
    <>
      <div className="bar">
        <h1>Fulfillments</h1>
        <Filters key={JSON.stringify(filter)} />
        <Create />
      </div>
      <div className="columns">
        {states.map((state) => (
          <Column key={state + JSON.stringify(filter)} state={state} filter={filter} count={countOf(state)} />
        ))}
      </div>
    </>
  );
}

function Filters() {
  const { params } = useRoute();
  const apply = (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    const values = Object.fromEntries(
      [...new FormData(event.currentTarget)].map(([name, value]) => [name, `${value}`]),
    );
    location.hash = linkTo([], values);
  };
  const wide = matchMedia('(min-width: 721px)').matches;
  const active = Object.keys(filterOf(params)).length > 0;
  return (
    <details className="filtering" open={wide || active}>
      <summary>Filter</summary>
      <form className="filters" onSubmit={apply}>
        <label>
          Number
          <input name="number" defaultValue={params.number} placeholder="F-0000…" size={10} />
        </label>
        <label>
          Type
          <select
            name="type"
            defaultValue={params.type}
            onChange={(event) => event.currentTarget.form?.requestSubmit()}
          >
            <option value="">All</option>
            <option>Delivery</option>
            <option>Return</option>
          </select>
        </label>
        <label>
          Carrier
          <input name="carrier" defaultValue={params.carrier} size={8} />
        </label>
        <label>
          From
          <input name="from" type="date" defaultValue={params.from} />
        </label>
        <label>
          To
          <input name="to" type="date" defaultValue={params.to} />
        </label>
        <button type="submit">Filter</button>
        {active ? <a href={linkTo([])}>Clear</a> : null}
      </form>
    </details>
  );
}

interface ColumnProps {
  state: FulfillmentState;
  filter: FulfillmentFilter;
  count?: number;
}

function Column({ state, filter, count }: ColumnProps) {
  // The cursors of the pages before this one. The last cursor is that of the present page.
  const [cursors, setCursors] = useState<string[]>([]);
  const after = cursors.at(-1);
  const { data, error, refetch } = useLive(ColumnDocument, ColumnLiveDocument, {
    ...columnOf(filter, state),
    ...(after && { after }),
  });
  const title = inWords(state);
  return (
    <section className="column" data-state={state} aria-label={title}>
      <h2>
        {title} <span className="count">{count ?? ''}</span>
      </h2>
      <Loaded data={data?.fulfillments} error={error} refetch={refetch}>
        {({ nodes, pageInfo }) => {
          // A card that is moving away has its new state before the server has sent the new page.
          const shown = nodes.filter((card) => card.state === state);
          return (
            <>
              <ul>
                {shown.map((card) => (
                  <Card key={card.id} card={card} />
                ))}
              </ul>
              {shown.length ? null : <p className="hint">None.</p>}
              <Pages
                what={title}
                page={cursors.length + 1}
                onNewer={after === undefined ? undefined : () => setCursors(cursors.slice(0, -1))}
                onOlder={pageInfo.hasNextPage ? () => setCursors([...cursors, pageInfo.endCursor ?? '']) : undefined}
              />
            </>
          );
        }}
      </Loaded>
    </section>
  );
}

/** Buttons from page to page. Nothing where there is but one page. */
export function Pages({ what, page, onNewer, onOlder }: PagesProps) {
  if (!onNewer && !onOlder) return null;
  return (
    <nav className="pages" aria-label={`Pages of ${what}`}>
      <button type="button" disabled={!onNewer} onClick={onNewer}>
        Newer
      </button>
      <span>Page {page}</span>
      <button type="button" disabled={!onOlder} onClick={onOlder}>
        Older
      </button>
    </nav>
  );
}

interface PagesProps {
  what: string;
  page: number;
  onNewer?: () => void;
  onOlder?: () => void;
}

/** A fulfillment in a list. It opens the drawer. `state` tells its state, where no column does. */
export function Card({ card, state }: { card: CardFragment; state?: boolean }) {
  const route = useRoute();
  const { orderLineItem: line } = card;
  return (
    <li>
      <a className="card" href={linkWith(route, { open: card.id })}>
        <span className="line">
          <b>{card.fulfillmentNumber}</b>
          {card.fulfillmentType === 'Return' ? <span className="tag">Return</span> : null}
          {state ? <span className="tag">{inWords(card.state)}</span> : null}
          <span className="amount">{money(card.amount, card.currency)}</span>
        </span>
        <span className="line">
          <span className="cut">{line.itemName}</span>
          <span className="amount">{quantity(card.quantity, line.unitOfMeasure)}</span>
        </span>
        <span className="line muted">
          <span className="cut">{line.order.account.name}</span>
          <time className="amount">{card.fulfillmentDate}</time>
        </span>
      </a>
    </li>
  );
}
