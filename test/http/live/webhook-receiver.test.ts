import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { type TestClient, type TestGatewayServer, testGateway } from '../../support/gateway';
import { freePort } from '../../support/own-process';
import { endpoint, forgotten, fulfillments, ofFulfillments, shownEndpoint, until } from '../../support/webhooks';

/* The receiver that partners copy. */

const file = 'examples/webhook-receiver/receiver.mjs';
let gateway: TestGatewayServer;
let client: TestClient;

beforeAll(async () => {
  gateway = await testGateway({ localWebhooks: true });
  gateway.server.webhooks.start();
  client = await gateway.client();
}, 60_000);
afterAll(async () => {
  await forgotten(gateway);
  await gateway.close();
});

test('has 20 lines, and stands in the docs as it is run here', () => {
  const text = readFileSync(file, 'utf8');
  expect(text.trimEnd().split('\n')).toHaveLength(20);
  expect(readFileSync('docs/webhooks.md', 'utf8')).toContain(`\`\`\`js\n${text.trimEnd()}\n\`\`\``);
});

test('takes what the gateway sends, each event once, and nothing that another has signed', async () => {
  const port = await freePort();
  const url = `http://127.0.0.1:${port}/`;
  const { id, secret } = await endpoint(client, url, ofFulfillments);
  const child = spawn(process.execPath, [file], {
    env: { PATH: process.env.PATH, PORT: String(port), WEBHOOK_SECRET: secret },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let out = '';
  child.stdout.on('data', (chunk) => {
    out += chunk;
  });
  try {
    await until(
      async () => out,
      (text) => text.includes('listening'),
    );
    const [fulfillment] = await fulfillments(client, 1);
    await until(
      async () => out,
      (text) => text.includes(`Fulfillment.Create ${fulfillment}`),
    );
    const { deliveries } = await until(
      () => shownEndpoint(client, id),
      ({ pendingCount }) => pendingCount === 0,
    );
    const again = `mutation { redeliverWebhooks(id: "${id}", deliveryIds: ["${deliveries.nodes[0].id}"]) { count } }`;
    expect((await client.graphql(again)).body.data).toEqual({ redeliverWebhooks: { count: 1 } });
    await until(
      () => shownEndpoint(client, id),
      ({ pendingCount }) => pendingCount === 0,
    );
    expect(out.match(/Fulfillment.Create/g)).toHaveLength(1);
    const forged = { 'webhook-id': 'x', 'webhook-timestamp': String(Math.floor(Date.now() / 1000)) };
    for (const signature of ['', 'v1,', 'v1,AAAA', `v1,${Buffer.alloc(32).toString('base64')}`, 'v2,x']) {
      const { status } = await fetch(url, {
        ...{ method: 'POST', body: '{"type":"Forged"}' },
        headers: { ...forged, 'webhook-signature': signature },
      });
      expect([signature, status]).toEqual([signature, 401]);
    }
    expect(out).not.toContain('Forged');
  } finally {
    child.kill('SIGKILL');
  }
}, 30_000);
