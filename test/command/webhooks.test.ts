import { webhooksCommand } from '../../src/command/webhooks';
import { type TestClient, type TestGatewayServer, testGateway } from '../support/gateway';
import {
  asked,
  endpoint,
  forgotten,
  fulfillments,
  listening,
  ofFulfillments,
  shownEndpoint,
  until,
  update,
} from '../support/webhooks';

jest.setTimeout(60_000);

let gateway: TestGatewayServer;
let client: TestClient;

beforeAll(async () => {
  gateway = await testGateway({ localWebhooks: true });
  gateway.server.webhooks.start();
  client = await gateway.client({ name: 'ERP' });
});
afterEach(() => forgotten(gateway));
afterAll(() => gateway.close());

async function run(...args: string[]) {
  const lines: string[] = [];
  const errors: string[] = [];
  const status = await webhooksCommand(
    args,
    { DATABASE_URL: gateway.database.url },
    {
      out: (text) => lines.push(text),
      err: (text) => errors.push(text),
    },
  );
  return { status, lines, errors };
}

test('lists the endpoints of all clients with what is open and the last error, without paths and secrets', async () => {
  expect(await run('list')).toEqual({ status: 0, lines: ['0 webhook endpoints.'], errors: [] });
  const to = await listening(500);
  const { id } = await endpoint(client, `${to.url}/hidden?token=hidden`, ofFulfillments);
  await fulfillments(client, 2);
  await until(
    () => shownEndpoint(client, id),
    ({ deliveries }) => deliveries.nodes.filter(({ error }: { error: string }) => error).length === 2,
  );
  await update(client, id, { enabled: false });
  const { status, lines } = await run('list');
  expect(status).toBe(0);
  expect(lines).toEqual([
    '1 webhook endpoints.',
    `  ${id}  ${new URL(to.url).origin}  of ERP (${client.clientId}), disabled: Disabled by the client.`,
    '    2 pending, 0 failed, last error: status 500',
  ]);
});

test('replays the events since a time or behind a cursor', async () => {
  const to = await listening();
  const { id } = await endpoint(client, to.url, ofFulfillments);
  await fulfillments(client, 1);
  await to.until(1);
  await new Promise((resolve) => setTimeout(resolve, 5));
  const time = new Date().toISOString();
  const [second] = await fulfillments(client, 1);
  await to.until(2);
  await until(
    () => shownEndpoint(client, id),
    ({ pendingCount }) => pendingCount === 0,
  );
  expect(await run('replay', id, '--after', time)).toEqual({
    status: 0,
    lines: ['1 events are sent again.'],
    errors: [],
  });
  await to.until(3);
  expect(to.received[2].json.data.event.subjectId).toBe(second);
  await until(
    () => shownEndpoint(client, id),
    ({ pendingCount }) => pendingCount === 0,
  );
  const { events } = await asked(client, '{ events(first: 0) { pageInfo { endCursor } } }');
  const { status, lines } = await run('replay', id.toUpperCase(), '--after', events.pageInfo.endCursor);
  expect([status, lines]).toEqual([0, ['4 events are sent again.']]);
  await to.until(7);
});

test('says what is wrong, and does nothing', async () => {
  const { id } = await endpoint(client, 'http://127.0.0.1:1/', ofFulfillments);
  const wrong = [
    ...[
      [],
      ['nothing'],
      ['list', 'x'],
      ['list', '--after', 'x'],
      ['replay'],
      ['replay', id],
      ['replay', 'x', '--after', '2026-01-31'],
    ],
    ...[
      ['replay', id, id, '--after', '2026-01-31'],
      ['replay', id, '--after', 'x'],
      ['replay', id, '--after', '2026-99-99'],
    ],
    ['replay', 'f'.repeat(32), '--after', '2026-01-31'],
  ];
  for (const args of wrong) {
    const { status, lines, errors } = await run(...args);
    expect([args, status, lines, errors.length]).toEqual([args, 2, [], 1]);
  }
});
