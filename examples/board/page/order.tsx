import { useMutation } from '@apollo/client/react';
import { type FormEvent, useState } from 'react';
import { Card, Pages } from './board';
import { Field, Refusals, useAction, valuesOf } from './form';
import {
  type LineFragment,
  type OrderDetailsFragment,
  OrderDocument,
  OrderLiveDocument,
  TakeBackDocument,
} from './generated/graphql';
import { useLive } from './live';
import { Loaded } from './problem';
import { linkTo } from './route';
import { inWords, money, quantity, today } from './words';

/** An order with its line items: what was delivered, what is pending, and what came back. */
export function Order({ orderKey }: { orderKey: string }) {
  const [cursors, setCursors] = useState<string[]>([]);
  const after = cursors.at(-1);
  const { data, error, refetch } = useLive(OrderDocument, OrderLiveDocument, {
    key: orderKey,
    ...(after && { after }),
  });
  return (
    <div className="page">
      <Loaded data={data} error={error} refetch={refetch}>
        {({ order }) => {
          if (!order) return <h1>There is no order {orderKey} that you may see.</h1>;
          const { nodes, pageInfo } = order.orderLineItems;
          return (
            <>
              <h1>
                {order.orderNumber} {order.category === 'Return' ? <span className="tag">Return</span> : null}
              </h1>
              <p className="muted">
                {order.account.name} ({order.account.accountNumber}), {order.orderDate}, {inWords(order.state)}
                {order.description ? `. ${order.description}` : ''}
              </p>
              {nodes.map((line) => (
                <Line key={line.id} line={line} order={order} />
              ))}
              <Pages
                what="line items"
                page={cursors.length + 1}
                onNewer={after === undefined ? undefined : () => setCursors(cursors.slice(0, -1))}
                onOlder={pageInfo.hasNextPage ? () => setCursors([...cursors, pageInfo.endCursor ?? '']) : undefined}
              />
            </>
          );
        }}
      </Loaded>
    </div>
  );
}

function Line({ line, order }: { line: LineFragment; order: OrderDetailsFragment }) {
  const [returning, setReturning] = useState(false);
  const unit = line.unitOfMeasure;
  const original = line.originalOrderLineItem;
  const facts = [
    ['State', inWords(line.itemState)],
    ['Ordered', quantity(line.quantity, unit)],
    [line.itemCategory === 'Return' ? 'Received' : 'Fulfilled', quantity(line.quantityFulfilled, unit)],
    ['Pending', quantity(line.quantityPendingFulfillment, unit)],
    ...(line.itemCategory === 'Sales' ? [['Can be returned', quantity(line.quantityAvailableForReturn, unit)]] : []),
    ['Amount', money(line.amount, line.currency)],
  ];
  const returnable = line.itemCategory === 'Sales' && line.quantityAvailableForReturn !== '0';
  return (
    <section className="sheet" aria-label={`Line item ${line.itemNumber}`}>
      <div className="line">
        <h2>{line.itemName}</h2>
        {returnable ? (
          <button type="button" className="amount" aria-expanded={returning} onClick={() => setReturning(!returning)}>
            Take back
          </button>
        ) : null}
      </div>
      {original ? (
        <p>
          Returned from <a href={linkTo(['orders', original.order.orderNumber])}>{original.order.orderNumber}</a>
        </p>
      ) : null}
      <dl className="facts">
        {facts.map(([name, value]) => (
          <div key={name}>
            <dt>{name}</dt>
            <dd>{value}</dd>
          </div>
        ))}
      </dl>
      {returning ? <TakeBack line={line} order={order} onDone={() => setReturning(false)} /> : null}
      {line.fulfillments.nodes.length ? (
        <>
          <h3>Fulfillments</h3>
          <ul className="cards">
            {line.fulfillments.nodes.map((card) => (
              <Card key={card.id} card={card} state />
            ))}
          </ul>
          {line.fulfillments.totalCount > 10 ? (
            <p className="hint">The last 10 of {line.fulfillments.totalCount}.</p>
          ) : null}
        </>
      ) : null}
      {line.returnOrderLineItems.nodes.length ? (
        <>
          <h3>Returns</h3>
          <ul>
            {line.returnOrderLineItems.nodes.map(({ id, quantity: returned, itemState, order: { orderNumber } }) => (
              <li key={id}>
                <a href={linkTo(['orders', orderNumber])}>{orderNumber}</a>: {quantity(returned, unit)},{' '}
                {inWords(itemState)}
              </li>
            ))}
          </ul>
        </>
      ) : null}
    </section>
  );
}

/** Makes a return order. Its goods are received in fulfillments, or credited at once. */
function TakeBack({ line, order, onDone }: { line: LineFragment; order: OrderDetailsFragment; onDone: () => void }) {
  const [takeBack] = useMutation(TakeBackDocument);
  const { busy, refusals, run, problem } = useAction();

  async function submit(event: FormEvent<HTMLFormElement>) {
    event.preventDefault();
    const { quantity = '', reasonCode, how } = valuesOf(event.currentTarget);
    const now = how === 'now';
    await run(async (context) => {
      const { data } = await takeBack({
        context,
        variables: {
          input: {
            existingAccountNumber: order.account.accountNumber,
            orderDate: today(),
            category: 'Return',
            reasonCode,
            orderLineItems: [
              {
                itemName: line.itemName,
                itemCategory: 'Return',
                originalOrderNumber: order.orderNumber,
                originalOrderLineItemNumber: line.itemNumber,
                quantity,
                ...(now
                  ? { itemState: 'SentToBilling', billTargetDate: today() }
                  : { itemState: 'Booked', billingRule: 'TriggerAsFulfillmentOccurs' }),
              },
            ],
            ...(now && { processingOptions: { runBilling: true } }),
          },
        },
      });
      const made = data?.createOrder?.order;
      if (made) {
        onDone();
        location.hash = linkTo(['orders', made.orderNumber]);
      }
      return data?.createOrder?.userErrors;
    });
  }

  return (
    <form className="form" onSubmit={submit} aria-label="Take back">
      <Field name="quantity" label="Quantity" refusals={refusals}>
        {(control) => <input {...control} inputMode="decimal" defaultValue="1" />}
      </Field>
      <Field name="reasonCode" label="Reason" refusals={refusals}>
        {(control) => <input {...control} />}
      </Field>
      <Field name="how" label="Credit" refusals={[]}>
        {(control) => (
          <select {...control}>
            <option value="received">When the goods are received</option>
            <option value="now">At once</option>
          </select>
        )}
      </Field>
      <Refusals of={refusals} except={['quantity', 'reasonCode']} />
      {problem}
      <div className="buttons">
        <button type="submit" className="primary" disabled={busy}>
          Make the return
        </button>
      </div>
    </form>
  );
}
