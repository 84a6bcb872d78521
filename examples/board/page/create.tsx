import { useMutation, useQuery } from '@apollo/client/react';
import * as Dialog from '@radix-ui/react-dialog';
import { type FormEvent, useDeferredValue, useState } from 'react';
import { Field, Refusals, useAction, valuesOf } from './form';
import { CreateDocument, type FulfillmentState, OpenLinesDocument } from './generated/graphql';
import { linkWith, useRoute } from './route';
import { quantity, today } from './words';

/** A button, and behind it the form of a new fulfillment. On request it is billed and paid in the same request. */
export function Create() {
  const [open, setOpen] = useState(false);
  return (
    <Dialog.Root open={open} onOpenChange={setOpen}>
      <Dialog.Trigger className="primary">New fulfillment</Dialog.Trigger>
      <Dialog.Portal>
        <Dialog.Overlay className="shade" />
        <Dialog.Content className="dialog" aria-describedby={undefined}>
          <div className="line">
            <Dialog.Title>New fulfillment</Dialog.Title>
            <Dialog.Close className="close" aria-label="Close">
              ×
            </Dialog.Close>
          </div>
          <Form onDone={() => setOpen(false)} />
        </Dialog.Content>
      </Dialog.Portal>
    </Dialog.Root>
  );
}

const names = [
  'orderLineItemId',
  'quantity',
  'fulfillmentDate',
  'state',
  'carrier',
  'trackingNumber',
  'billTargetDate',
];

function Form({ onDone }: { onDone: () => void }) {
  const route = useRoute();
  const [orderNumber, setOrderNumber] = useState('');
  const lines = useQuery(OpenLinesDocument, { variables: { orderNumber: useDeferredValue(orderNumber.trim()) } });
  const [create] = useMutation(CreateDocument);
  const { busy, refusals, run, problem } = useAction();
  const found = (lines.data ?? lines.previousData)?.orderLineItems?.nodes ?? [];
  const carriers = (lines.data ?? lines.previousData)?.billingSettings?.carriers;

  async function submit(event: FormEvent<HTMLFormElement>) {
    event.preventDefault();
    const { orderLineItemId = '', quantity = '', fulfillmentDate = '', ...more } = valuesOf(event.currentTarget);
    const { state, carrier, trackingNumber, billTargetDate, runBilling, collectPayment } = more;
    await run(async (context) => {
      const { data } = await create({
        context,
        variables: {
          input: {
            fulfillments: [
              {
                ...{ orderLineItemId, quantity, fulfillmentDate, carrier, trackingNumber, billTargetDate },
                fulfillmentType:
                  found.find(({ id }) => id === orderLineItemId)?.itemCategory === 'Return' ? 'Return' : 'Delivery',
                state: state as FulfillmentState,
              },
            ],
            ...(runBilling && { processingOptions: { runBilling: true, collectPayment: Boolean(collectPayment) } }),
          },
        },
      });
      const [created] = data?.createFulfillments?.fulfillments ?? [];
      if (created) {
        onDone();
        location.hash = linkWith(route, { open: created.id });
      }
      return data?.createFulfillments?.userErrors;
    });
  }

  return (
    <form className="form" onSubmit={submit} aria-label="New fulfillment">
      <Field name="search" label="Order number begins with" refusals={[]}>
        {(control) => (
          <input {...control} value={orderNumber} onChange={(event) => setOrderNumber(event.target.value)} />
        )}
      </Field>
      <Field name="orderLineItemId" label="Line item" refusals={refusals}>
        {(control) => (
          <select {...control}>
            {found.map(({ id, itemName, order, quantityPendingFulfillment, unitOfMeasure }) => (
              <option key={id} value={id}>
                {order.orderNumber}: {itemName}, {quantity(quantityPendingFulfillment, unitOfMeasure)} pending
              </option>
            ))}
          </select>
        )}
      </Field>
      <Field name="quantity" label="Quantity" refusals={refusals}>
        {(control) => <input {...control} inputMode="decimal" defaultValue="1" />}
      </Field>
      <Field name="fulfillmentDate" label="Date" refusals={refusals}>
        {(control) => <input {...control} type="date" defaultValue={today()} />}
      </Field>
      <Field name="state" label="State" refusals={refusals}>
        {(control) => (
          <select {...control}>
            <option value="Executing">Executing</option>
            <option value="Booked">Booked</option>
            <option value="SentToBilling">Sent to billing</option>
          </select>
        )}
      </Field>
      <Field name="billTargetDate" label="Billed from" refusals={refusals}>
        {(control) => <input {...control} type="date" />}
      </Field>
      <Field
        name="carrier"
        label="Carrier"
        refusals={refusals}
        hint={carriers ? `One of ${carriers.join(', ')}` : undefined}
      >
        {(control) => <input {...control} />}
      </Field>
      <Field name="trackingNumber" label="Tracking number" refusals={refusals}>
        {(control) => <input {...control} />}
      </Field>
      <label className="check">
        <input type="checkbox" name="runBilling" /> Bill at once
      </label>
      <label className="check">
        <input type="checkbox" name="collectPayment" /> and collect the payment
      </label>
      <Refusals of={refusals} except={names} />
      {problem}
      <button type="submit" className="primary" disabled={busy}>
        Create
      </button>
    </form>
  );
}
