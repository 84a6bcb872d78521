import { useMutation } from '@apollo/client/react';
import * as Dialog from '@radix-ui/react-dialog';
import { type FormEvent, useState } from 'react';
import { Conflict, conflictIn, type Side } from './conflict';
import { Edit } from './edit';
import { type Context, Field, Refusals, useAction, valuesOf } from './form';
import {
  CollectDocument,
  type DetailsFragment,
  type FulfillmentAction,
  FulfillmentDocument,
  FulfillmentLiveDocument,
  PostInvoiceDocument,
} from './generated/graphql';
import { History } from './history';
import { useLive } from './live';
import { type MoveOptions, useMove } from './moves';
import { Loaded } from './problem';
import { linkTo, linkWith, useRoute } from './route';
import { Trail } from './trail';
import { inWords, money, moveLabels, quantity, today } from './words';

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

/** The form of the move asks for the day, so its absence does not block the button. */
const lacksOnlyDay = (blockedBy: DetailsFragment['allowedTransitions'][number]['blockedBy']) =>
  blockedBy.every(({ code }) => code === 'BILL_TARGET_DATE_REQUIRED');

/** A button for each move that the graph allows. What it blocks has the reasons beside it. */
function Moves({ of: fulfillment }: { of: DetailsFragment }) {
  const move = useMove();
  const { busy, refusals, run, problem, clear } = useAction();
  const [sending, setSending] = useState(false);
  // What the person sees when the move begins. The card may change before the server answers.
  const [seen, setSeen] = useState<Side>(fulfillment);
  const transitions = fulfillment.allowedTransitions;

  async function make(action: FulfillmentAction, options: MoveOptions = {}, base: Side = fulfillment) {
    const transition = transitions.find((each) => each.action === action);
    if (!transition) return;
    setSeen(base);
    setLast(() => (now: Side) => make(action, options, now));
    if (await run((context) => move(base, transition, options, context))) setSending(false);
  }
  const [last, setLast] = useState<(now: Side) => void>();

  const conflict = conflictIn(refusals);
  if (!transitions.length) return <p className="hint">No move leads on from here.</p>;
  return (
    <section aria-label="Moves" className="moves">
      {transitions.map(({ action, allowed, blockedBy }) => (
        <div key={action}>
          <button
            type="button"
            disabled={busy || !(allowed || lacksOnlyDay(blockedBy))}
            aria-describedby={`why-${action}`}
            className={action === 'Cancel' ? 'quiet' : undefined}
            onClick={() => (action === 'SendToBilling' ? setSending(!sending) : make(action))}
          >
            {moveLabels[action]}
          </button>
          {allowed || lacksOnlyDay(blockedBy) ? null : (
            <ul id={`why-${action}`} className="why">
              {blockedBy.map(({ code, message }) => (
                <li key={code + message}>{message}</li>
              ))}
            </ul>
          )}
        </div>
      ))}
      {sending ? (
        <Send of={fulfillment} busy={busy} refusals={refusals} onSend={(options) => make('SendToBilling', options)} />
      ) : (
        <Refusals of={refusals.filter((refusal) => refusal !== conflict)} />
      )}
      {problem}
      {conflict ? (
        <Conflict had={seen} now={conflict.current} onTake={clear} onApply={() => last?.(conflict.current)} />
      ) : null}
    </section>
  );
}

interface SendProps {
  of: DetailsFragment;
  busy: boolean;
  refusals: ReturnType<typeof useAction>['refusals'];
  onSend: (options: MoveOptions) => void;
}

/** Sends to billing; on request bills and collects in the same request. */
function Send({ of: fulfillment, busy, refusals, onSend }: SendProps) {
  const submit = (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    const { billTargetDate, runBilling, collectPayment } = valuesOf(event.currentTarget);
    onSend({
      billTargetDate,
      ...(runBilling && { options: { runBilling: true, collectPayment: Boolean(collectPayment) } }),
    });
  };
  const others = refusals.filter(({ code }) => code !== 'VERSION_CONFLICT');
  return (
    <form className="form" onSubmit={submit} aria-label="Send to billing">
      <Field name="billTargetDate" label="Bill from" refusals={refusals}>
        {(control) => <input {...control} type="date" defaultValue={fulfillment.billTargetDate ?? today()} />}
      </Field>
      <label className="check">
        <input type="checkbox" name="runBilling" /> Bill at once
      </label>
      <label className="check">
        <input type="checkbox" name="collectPayment" /> and collect the payment
      </label>
      <Refusals of={others} except={['billTargetDate']} />
      <button type="submit" disabled={busy}>
        Send
      </button>
    </form>
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
