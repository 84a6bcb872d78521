import { Webhook } from 'standardwebhooks';
import { createFulfillments } from '../../../src/service/fulfillment';
import { orderFor, type TestClient, type TestGatewayServer, testGateway } from '../../support/gateway';
import { type Receiver, receiver } from '../../support/receiver';

/* Webhooks from the change to the receiver: real processes, real connections, and signatures verified by another program. */

let gateway: TestGatewayServer;
let client: TestClient;
const receivers: Receiver[] = [];

beforeAll(async () => {
  gateway = await testGateway({ localWebhooks: true });
  gateway.server.webhooks.start();
  client = await gateway.client();
}, 60_000);
afterEach(async () => {
  const { webhookEndpoints } = await asked('{ webhookEndpoints { id } }');
  for (const { id } of webhookEndpoints) await asked(`mutation { deleteWebhookEndpoint(id: "${id}") { deletedId } }`);
  await Promise.all(receivers.splice(0).map((each) => each.close()));
  expect(gateway.failures).toEqual([]);
});
afterAll(() => gateway.close());

async function asked(query: string, variables: object = {}, by = client) {
  const { body } = await by.graphql(query, variables);
  expect([query, body.errors]).toEqual([query, undefined]);
  return body.data;
}

async function listening(answer?: Receiver['answer']): Promise<Receiver> {
  const made = await receiver(answer);
  receivers.push(made);
  return made;
}

async function endpoint(url: string, more: object = {}, by = client) {
  const { made } = await asked(
    `mutation ($input: CreateWebhookEndpointInput!) { made: createWebhookEndpoint(input: $input) {
      webhookEndpoint { id } secret userErrors { code message path } } }`,
    { input: { url, ...more } },
    by,
  );
  expect(made.userErrors).toEqual([]);
  return { id: made.webhookEndpoint.id as string, secret: made.secret as string };
}

async function fulfillments(count: number, by = client): Promise<string[]> {
  const work = await by.work();
  const { orderLineItems } = await orderFor(work);
  const { fulfillments } = await createFulfillments(work, {
    fulfillments: Array.from({ length: count }, () => ({
      ...{
        orderLineItemId: orderLineItems[0].id,
        fulfillmentDate: '2022-01-01',
        quantity: '1',
        billTargetDate: '2022-01-01',
      },
    })),
  });
  return fulfillments.map((row) => row!.id);
}

const ofFulfillments = { eventTypes: ['Fulfillment.'] };

test('an event reaches its endpoint, signed as Standard Webhooks says, under the names of the graph', async () => {
  const to = await listening();
  const { id, secret } = await endpoint(to.url, ofFulfillments);
  const [fulfillment] = await fulfillments(1);
  const [{ body, headers, json }] = await to.until(1);
  expect(secret).toMatch(/^whsec_/);
  expect(new Webhook(secret).verify(body, headers as Record<string, string>)).toEqual(json);
  const { events } = await asked(
    `{ events(filter: { subjectId: { eq: "${fulfillment}" } }) { nodes {
      id type at actor trackId action fromState toState subjectType subjectId changes { field before after } version } } }`,
  );
  expect(json).toEqual({ type: 'Fulfillment.Create', timestamp: events.nodes[0].at, data: { event: events.nodes[0] } });
  expect(headers).toMatchObject({
    'webhook-id': events.nodes[0].id,
    'content-type': 'application/json; charset=utf-8',
  });
  const shown = async () =>
    (
      await asked(`{ webhookEndpoint(id: "${id}") { pendingCount deliveries { totalCount nodes {
      status attempts responseStatus error nextAttemptDate deliveredDate event { id type } } } } }`)
    ).webhookEndpoint;
  while ((await shown()).pendingCount) await new Promise((resolve) => setTimeout(resolve, 10));
  expect(await shown()).toEqual({
    pendingCount: 0,
    deliveries: {
      totalCount: 1,
      nodes: [
        {
          ...{ status: 'Delivered', attempts: 1, responseStatus: 204, error: null, nextAttemptDate: null },
          ...{ deliveredDate: expect.any(String), event: { id: events.nodes[0].id, type: 'Fulfillment.Create' } },
        },
      ],
    },
  });
});
