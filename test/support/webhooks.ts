import { createFulfillments } from '../../src/service/fulfillment';
import { orderFor, type TestClient, type TestGatewayServer } from './gateway';
import { type Received, type Receiver, receiver } from './receiver';

/* What the tests of webhooks do: make endpoints and changes, and wait for what comes of them. */

/** Asks until it is so. */
export async function until<T>(ask: () => Promise<T>, holds: (found: T) => boolean, ms = 15_000): Promise<T> {
  const end = Date.now() + ms;
  for (;;) {
    const found = await ask();
    if (holds(found)) return found;
    if (Date.now() > end) throw new Error(`in vain: ${JSON.stringify(found)}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

export async function asked(by: TestClient, query: string, variables: object = {}) {
  const { body } = await by.graphql(query, variables);
  expect([query, body.errors]).toEqual([query, undefined]);
  return body.data;
}

const open: Receiver[] = [];

export async function listening(answer?: Receiver['answer']): Promise<Receiver> {
  const made = await receiver(answer);
  open.push(made);
  return made;
}

/** Ends the receivers, and deletes all endpoints. */
export async function forgotten({ database }: TestGatewayServer): Promise<void> {
  // Locks in the order of a deletion, in one statement: each statement of the owner may have a connection of its own.
  await database.owner(`do $$ begin
    perform from webhook_endpoint order by id for update;
    perform pg_advisory_xact_lock(hashtextextended(id::text, 4907)) from (select id from webhook_endpoint order by id) e;
    delete from webhook_endpoint;
  end $$`);
  await Promise.all(open.splice(0).map((each) => each.close()));
}

export async function endpoint(by: TestClient, url: string, more: object = {}) {
  const { made } = await asked(
    by,
    `mutation ($input: CreateWebhookEndpointInput!) { made: createWebhookEndpoint(input: $input) {
      webhookEndpoint { id } secret userErrors { code message path } } }`,
    { input: { url, ...more } },
  );
  expect(made.userErrors).toEqual([]);
  return { id: made.webhookEndpoint.id as string, secret: made.secret as string };
}

export const ofFulfillments = { eventTypes: ['Fulfillment.'] };

/** The most fulfillments of one line item. */
const mostOfLine = 100;

/** Fulfillments of a new order, all in one transaction. */
export async function fulfillments(by: TestClient, count: number): Promise<string[]> {
  const work = await by.work();
  const lines = Array.from({ length: Math.ceil(count / mostOfLine) }, () => ({}));
  const { orderLineItems } = await orderFor(work, lines);
  const { fulfillments } = await createFulfillments(work, {
    fulfillments: Array.from({ length: count }, (_, at) => ({
      ...{
        orderLineItemId: orderLineItems[Math.floor(at / mostOfLine)].id,
        fulfillmentDate: '2022-01-01',
        quantity: '1',
      },
      billTargetDate: '2022-01-01',
    })),
  });
  return fulfillments.map((row) => row!.id);
}

/** One change of each fulfillment, in transactions of their own. */
export async function updates(by: TestClient, ids: readonly string[], carrier: string): Promise<void> {
  for (const key of ids) {
    await asked(
      by,
      `mutation { updateFulfillment(key: "${key}", input: { carrier: "${carrier}" }) { userErrors { code } } }`,
    );
  }
}

export const update = async (by: TestClient, id: string, input: object) =>
  (
    await asked(
      by,
      `mutation ($id: ID!, $input: UpdateWebhookEndpointInput!) { done: updateWebhookEndpoint(id: $id, input: $input) {
        webhookEndpoint { id url description eventTypes documentId enabled disabledReason } userErrors { code message path } } }`,
      { id, input },
    )
  ).done;

export const shownEndpoint = async (by: TestClient, id: string, args = '') =>
  (
    await asked(
      by,
      `{ webhookEndpoint(id: "${id}") { enabled disabledReason pendingCount deliveries${args} {
        totalCount pageInfo { hasNextPage endCursor } nodes { id status attempts responseStatus error nextAttemptDate deliveredDate
          event { id type subjectId } } } } }`,
    )
  ).webhookEndpoint;

/** Makes what waits for its retry due now. */
export const hurry = ({ database }: TestGatewayServer) =>
  database.owner(
    'update webhook_delivery set next_attempt_date = now() where next_attempt_date is not null and claim is null',
  );

/**
 * The events of an object once there are so many. They wait for every older transaction of the PostgreSQL server, also of tests
 * beside.
 */
export const eventsOf = async (by: TestClient, subjectId: string, count = 1) =>
  (
    await until(
      () =>
        asked(
          by,
          `{ events(first: 100, filter: { subjectId: { eq: "${subjectId}" } }) { edges { cursor } nodes {
            id type at actor trackId action fromState toState subjectType subjectId changes { field before after } version subject { id } } } }`,
        ),
      ({ events }) => events.nodes.length >= count,
    )
  ).events;

export const told = ({ json }: Received) => `${json.type} ${json.data.event.version}`;
export const subjectsOf = (to: Receiver): string[] => to.received.map(({ json }) => json.data.event.subjectId);
/** The versions that a receiver was told of one object, in the order of their coming. */
export const versionsOf = (to: Receiver, subjectId: string): number[] =>
  to.received.filter(({ json }) => json.data.event.subjectId === subjectId).map(({ json }) => json.data.event.version);
