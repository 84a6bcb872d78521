import { useState } from 'react';
import { Pages } from './board';
import { OrdersDocument, OrdersLiveDocument } from './generated/graphql';
import { useLive } from './live';
import { Loaded } from './problem';
import { linkTo, useRoute } from './route';
import { inWords } from './words';

/** The orders, the last changed first. */
export function Orders() {
  const { params } = useRoute();
  const [cursors, setCursors] = useState<string[]>([]);
  const filter = params.number ? { orderNumber: { startsWith: params.number } } : {};
  const after = cursors.at(-1);
  const { data, error, refetch } = useLive(OrdersDocument, OrdersLiveDocument, { filter, ...(after && { after }) });
  return (
    <div className="page">
      <div className="bar">
        <h1>Orders</h1>
        <form
          className="filters"
          onSubmit={(event) => {
            event.preventDefault();
            setCursors([]);
            location.hash = linkTo(['orders'], { number: String(new FormData(event.currentTarget).get('number')) });
          }}
        >
          <label>
            Number
            <input name="number" defaultValue={params.number} placeholder="O-0000…" size={12} />
          </label>
          <button type="submit">Filter</button>
        </form>
      </div>
      <Loaded data={data?.orders} error={error} refetch={refetch}>
        {({ nodes, pageInfo }) => (
          <>
            <ul className="rows">
              {nodes.map(({ id, orderNumber, orderDate, category, state, description, account }) => (
                <li key={id}>
                  <a className="card" href={linkTo(['orders', orderNumber])}>
                    <span className="line">
                      <b>{orderNumber}</b>
                      {category === 'Return' ? <span className="tag">Return</span> : null}
                      <span className="cut">{account.name}</span>
                      <span className="amount">{inWords(state)}</span>
                    </span>
                    <span className="line muted">
                      <span className="cut">{description}</span>
                      <time className="amount">{orderDate}</time>
                    </span>
                  </a>
                </li>
              ))}
            </ul>
            {nodes.length ? null : <p className="hint">No order has such a number.</p>}
            <Pages
              what="orders"
              page={cursors.length + 1}
              onNewer={cursors.length ? () => setCursors(cursors.slice(0, -1)) : undefined}
              onOlder={pageInfo.hasNextPage ? () => setCursors([...cursors, pageInfo.endCursor ?? '']) : undefined}
            />
          </>
        )}
      </Loaded>
    </div>
  );
}
