import type { TypedDocumentNode } from '@apollo/client';
import { useApolloClient, useMutation, useQuery } from '@apollo/client/react';
import { type FormEvent, useEffect, useState } from 'react';
import { Pages } from './board';
import { Folded } from './folded';
import { Field, Refusals, useAction, valuesOf } from './form';
import {
  AddEndpointDocument,
  DeliveriesDocument,
  type EndpointChangedFragment,
  type EndpointFragment,
  RedeliverDocument,
  RemoveEndpointDocument,
  SwitchEndpointDocument,
  TestEndpointDocument,
  WebhooksDocument,
} from './generated/graphql';
import { Loaded } from './problem';
import { instant, inWords } from './words';

/** Endpoints have no live twin: they are asked for again while somebody looks, and more often for a while after an action. */
const polled = (soon: boolean) => ({
  pollInterval: soon ? 1_000 : 5_000,
  skipPollAttempt: () => document.hidden,
  // Why an answer did not come stays on the screen until one comes, also while it is asked for again.
  notifyOnNetworkStatusChange: false,
});
const soonMs = 15_000;

/** True for a while after each call of the function: the attempt that the person has asked for comes within seconds. */
function useSoon(): [boolean, () => void] {
  const [asked, setAsked] = useState(0);
  useEffect(() => {
    if (asked === 0) return;
    const timer = setTimeout(() => setAsked(0), soonMs);
    return () => clearTimeout(timer);
  }, [asked]);
  return [asked > 0, () => setAsked((before) => before + 1)];
}

/** The client's webhook endpoints, each with its deliveries. */
export function Webhooks() {
  const [soon, onAsked] = useSoon();
  const { data, error, refetch } = useQuery(WebhooksDocument, polled(soon));
  return (
    <div className="page">
      <h1>Webhook endpoints</h1>
      <Add />
      <Loaded data={data?.webhookEndpoints} error={error} refetch={refetch}>
        {(endpoints) => (
          <>
            {endpoints.map((endpoint) => (
              <Endpoint key={endpoint.id} endpoint={endpoint} soon={soon} onAsked={onAsked} />
            ))}
            {endpoints.length ? null : <p className="hint">No endpoint yet. Events are sent to those that you add.</p>}
          </>
        )}
      </Loaded>
    </div>
  );
}

function Add() {
  const [add] = useMutation(AddEndpointDocument, { refetchQueries: [WebhooksDocument] });
  const { busy, refusals, run, problem } = useAction();
  const [secret, setSecret] = useState<string>();

  async function submit(event: FormEvent<HTMLFormElement>) {
    event.preventDefault();
    const form = event.currentTarget;
    const { url = '', description, eventTypes } = valuesOf(form);
    const added = await run(async (context) => {
      const types = eventTypes?.split(/[\s,]+/).filter(Boolean);
      const { data } = await add({ variables: { input: { url, description, eventTypes: types } }, context });
      setSecret(data?.changed?.secret ?? undefined);
      return data?.changed?.userErrors;
    });
    if (added) form.reset();
  }

  return (
    <form className="form sheet" onSubmit={submit} aria-label="New endpoint">
      <Field name="url" label="Address" refusals={refusals}>
        {(control) => <input {...control} type="url" placeholder="https://" />}
      </Field>
      <Field
        name="eventTypes"
        label="Types of events"
        refusals={refusals}
        hint="All if empty. Such as Fulfillment.Book"
      >
        {(control) => <input {...control} />}
      </Field>
      <Field name="description" label="Description" refusals={refusals}>
        {(control) => <input {...control} />}
      </Field>
      <Refusals of={refusals} except={['url', 'eventTypes', 'description']} />
      {problem}
      <button type="submit" className="primary" disabled={busy}>
        Add the endpoint
      </button>
      {secret ? (
        <p role="status">
          Its secret, which is shown this once: <code>{secret}</code>
        </p>
      ) : null}
    </form>
  );
}

type Change = TypedDocumentNode<{ changed: EndpointChangedFragment | null }, { id: string; enabled: boolean }>;

interface Asking {
  /** Something was asked for a moment ago. */
  soon: boolean;
  onAsked: () => void;
}

function Endpoint({ endpoint, ...asking }: { endpoint: EndpointFragment } & Asking) {
  const client = useApolloClient();
  const { busy, refusals, run, problem } = useAction();
  const { id, url, description, enabled, disabledReason, eventTypes, pendingCount } = endpoint;
  const change = (mutation: unknown) =>
    run(async (context) => {
      const { data } = await client.mutate({
        mutation: mutation as Change,
        context,
        variables: { id, enabled: !enabled },
        refetchQueries: [WebhooksDocument, DeliveriesDocument],
      });
      asking.onAsked();
      return data?.changed?.userErrors;
    });
  return (
    <section className="sheet">
      <div className="line">
        <h2 className="cut">{url}</h2>
        <span className="tag">{enabled ? 'Enabled' : 'Disabled'}</span>
      </div>
      <p className="muted">
        {description ? `${description}. ` : ''}
        {eventTypes ? eventTypes.join(', ') : 'All events'}. {pendingCount} waiting.
        {disabledReason ? ` ${disabledReason}` : ''}
      </p>
      <div className="buttons">
        <button type="button" disabled={busy} onClick={() => change(TestEndpointDocument)}>
          Send a test
        </button>
        <button type="button" className="quiet" disabled={busy} onClick={() => change(SwitchEndpointDocument)}>
          {enabled ? 'Disable' : 'Enable'}
        </button>
        <button
          type="button"
          className="quiet"
          disabled={busy}
          onClick={() => confirm(`Remove ${url} with its deliveries?`) && change(RemoveEndpointDocument)}
        >
          Remove
        </button>
      </div>
      <Refusals of={refusals} />
      {problem}
      <Folded title="Deliveries">
        <Deliveries id={id} {...asking} />
      </Folded>
    </section>
  );
}

function Deliveries({ id, soon, onAsked }: { id: string } & Asking) {
  const [cursors, setCursors] = useState<string[]>([]);
  const { data, previousData, error, refetch } = useQuery(DeliveriesDocument, {
    variables: { id, after: cursors.at(-1) },
    ...polled(soon),
  });
  const [redeliver] = useMutation(RedeliverDocument, { refetchQueries: [DeliveriesDocument] });
  const { busy, refusals, run, problem } = useAction();
  const again = (delivery: string) =>
    run(async (context) => {
      const { data } = await redeliver({ variables: { id, deliveryIds: [delivery] }, context });
      onAsked();
      return data?.redeliverWebhooks?.userErrors;
    });
  return (
    <Loaded data={(data ?? previousData)?.webhookEndpoint?.deliveries} error={error} refetch={refetch}>
      {({ nodes, pageInfo }) => (
        <>
          {nodes.length ? (
            <div className="scroll">
              <table>
                <thead>
                  <tr>
                    <th scope="col">Event</th>
                    <th scope="col">Status</th>
                    <th scope="col">Attempts</th>
                    <th scope="col">Answer</th>
                    <th scope="col">
                      <span className="unseen">Send again</span>
                    </th>
                  </tr>
                </thead>
                <tbody>
                  {nodes.map(({ id: delivery, status, attempts, responseStatus, error: reason, event }) => (
                    <tr key={delivery}>
                      <td>
                        {event.type}
                        <br />
                        <time className="muted">{instant(event.at)}</time>
                      </td>
                      <td>{inWords(status)}</td>
                      <td>{attempts}</td>
                      <td>{reason ?? responseStatus ?? 'none yet'}</td>
                      <td>
                        <button type="button" className="quiet" disabled={busy} onClick={() => again(delivery)}>
                          Again
                        </button>
                      </td>
                    </tr>
                  ))}
                </tbody>
              </table>
            </div>
          ) : (
            <p className="hint">Nothing was sent yet.</p>
          )}
          <Refusals of={refusals} />
          {problem}
          <Pages
            what="deliveries"
            page={cursors.length + 1}
            onNewer={cursors.length ? () => setCursors(cursors.slice(0, -1)) : undefined}
            onOlder={pageInfo.hasNextPage ? () => setCursors([...cursors, pageInfo.endCursor ?? '']) : undefined}
          />
        </>
      )}
    </Loaded>
  );
}
