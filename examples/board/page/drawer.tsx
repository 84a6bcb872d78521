import { useMutation } from '@apollo/client/react';
import * as Dialog from '@radix-ui/react-dialog';
import { useState } from 'react';
import { Edit } from './edit';
import { type Context, Refusals, useAction } from './form';
import {
  CollectDocument,
  type DetailsFragment,
  FulfillmentDocument,
  FulfillmentLiveDocument,
  PostInvoiceDocument,
} from './generated/graphql';
import { History } from './history';
import { useLive } from './live';
import { Moves } from './moves';
import { Loaded } from './problem';
import { linkTo, linkWith, useRoute } from './route';
import { Trail } from './trail';
import { inWords, money, quantity } from './words';

/** Everything about one fulfillment, at the side of the screen. Live while it is open. */
export function Drawer({ fulfillmentKey }: { fulfillmentKey: string }) {
  const route = useRoute();
  // A link opens the drawer, not a trigger of Radix, which would get the focus back by itself.
  const [opener] = useState(() => document.activeElement);
  const close = () => {
    location.hash = linkWith(route, { open: undefined });
  };
  const { data, error, refetch } = useLive(FulfillmentDocument, FulfillmentLiveDocument, { key: fulfillmentKey });
  return (
    <Dialog.Root open onOpenChange={(open) => open || close()}>
      <Dialog.Portal>
        <Dialog.Overlay className="shade" />
        <Dialog.Content
          className="drawer"
          aria-describedby={undefined}
          onCloseAutoFocus={() => opener instanceof HTMLElement && opener.focus()}
        >
          <div className="line">
            <Dialog.Title>{data?.fulfillment?.fulfillmentNumber ?? 'Fulfillment'}</Dialog.Title>
            <Dialog.Close className="close" aria-label="Close">
              ×
            </Dialog.Close>
          </div>
          <Loaded data={data} error={error} refetch={refetch}>
            {({ fulfillment }) =>
              fulfillment ? <Details of={fulfillment} /> : <p>There is no such fulfillment, or it was deleted.</p>
            }
          </Loaded>
        </Dialog.Content>
      </Dialog.Portal>
    </Dialog.Root>
  );
}

function Details({ of: fulfillment }: { of: DetailsFragment }) {
  const { orderLineItem: line } = fulfillment;
  const unit = line.unitOfMeasure;
  const facts = [
    ['State', inWords(fulfillment.state)],
    ['Quantity', quantity(fulfillment.quantity, unit)],
    ['Amount', money(fulfillment.amount, fulfillment.currency)],
    [fulfillment.fulfillmentType === 'Return' ? 'Received' : 'Delivered', fulfillment.fulfillmentDate],
    ['Billed from', fulfillment.billTargetDate ?? 'No day yet'],
    ['Ordered', quantity(line.quantity, unit)],
    ['Fulfilled', quantity(line.quantityFulfilled, unit)],
    ['Pending', quantity(line.quantityPendingFulfillment, unit)],
    ['Can be returned', quantity(line.quantityAvailableForReturn, unit)],
  ];
  return (
    <>
      <p>
        {line.itemName}, <a href={linkTo(['orders', line.order.orderNumber])}>{line.order.orderNumber}</a>,{' '}
        {line.order.account.name}
      </p>
      <dl className="facts">
        {facts.map(([name, value]) => (
          <div key={name}>
            <dt>{name}</dt>
            <dd>{value}</dd>
          </div>
        ))}
      </dl>
      <Moves of={fulfillment} />
      <Edit of={fulfillment} />
      <h3>Money</h3>
      <Trail of={fulfillment} />
      <Settle of={fulfillment} />
      <h3>History</h3>
      <History of={fulfillment.history} />
    </>
  );
}

/** What may be done to the invoices of the fulfillment: post a draft, collect a balance. */
function Settle({ of: { invoiceItems } }: { of: DetailsFragment }) {
  const { busy, refusals, run, problem } = useAction();
  const [collect] = useMutation(CollectDocument);
  const [post] = useMutation(PostInvoiceDocument);
  const invoices = new Map(invoiceItems.map(({ invoice }) => [invoice.id, invoice]));
  const actions = {
    Post: async (invoice: string, context: Context) =>
      (await post({ variables: { invoice }, context })).data?.postInvoice?.userErrors,
    CollectPayment: async (invoice: string, context: Context) =>
      (await collect({ variables: { invoice }, context })).data?.collectPayment?.userErrors,
  };
  return (
    <>
      {[...invoices.values()].flatMap((invoice) =>
        (['Post', 'CollectPayment'] as const)
          .filter((action) => invoice.allowedActions.some((each) => each.action === action && each.allowed))
          .map((action) => (
            <p key={invoice.id + action}>
              <button
                type="button"
                disabled={busy}
                onClick={() => run((context) => actions[action](invoice.id, context))}
              >
                {action === 'Post'
                  ? `Post ${invoice.invoiceNumber}`
                  : `Collect ${money(invoice.balance, invoice.currency)} of ${invoice.invoiceNumber}`}
              </button>
            </p>
          )),
      )}
      <Refusals of={refusals} />
      {problem}
    </>
  );
}
