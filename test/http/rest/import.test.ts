import { gzipSync } from 'node:zlib';
import { orderFor, type TestClient, type TestGatewayServer, testGateway } from '../../support/gateway';

let gateway: TestGatewayServer;
let client: TestClient;
let origin: string;

let lines: string[];

beforeAll(async () => {
  gateway = await testGateway();
  client = await gateway.client();
  origin = await gateway.server.app.listen({ host: '127.0.0.1', port: 0 });
}, 60_000);
afterAll(() => gateway.close());
beforeEach(async () => {
  const { orderLineItems } = await orderFor(
    await client.work(),
    Array.from({ length: 25 }, () => ({ quantity: '1000' })),
  );
  lines = orderLineItems.map(({ id }) => id);
});

interface Reply {
  status: number;
  headers: Headers;
  lines: any[];
}

let keys = 0;
const nextKey = () => `import-${process.pid}-${++keys}`;

async function send(
  body: string | Uint8Array | ReadableStream<Uint8Array>,
  { type = 'text/csv', key = nextKey(), query = '', headers = {}, by = client }: Record<string, any> = {},
): Promise<Reply> {
  const response = await fetch(`${origin}/v1/fulfillments/import${query}`, {
    method: 'POST',
    headers: {
      authorization: `Bearer ${by.token}`,
      'content-type': type,
      ...(key && { 'idempotency-key': key }),
      ...headers,
    },
    body,
    duplex: 'half',
  } as RequestInit);
  const text = await response.text();
  return {
    status: response.status,
    headers: response.headers,
    lines: text
      .split('\n')
      .filter(Boolean)
      .map((line) => JSON.parse(line)),
  };
}

/** Twenty-five line items take a hundred fulfillments each. */
const csv = (count: number, more: (at: number) => string = () => '1') =>
  `orderLineItemId,fulfillmentDate,quantity\n${Array.from({ length: count }, (_, at) => `${lines[at % 25]},2026-01-31,${more(at)}\n`).join('')}`;

test('creates a fulfillment for each line, and answers each line', async () => {
  const { status, headers, lines: told } = await send(csv(3));
  expect(status).toBe(200);
  expect(headers.get('content-type')).toBe('application/jsonl; charset=utf-8');
  expect(told).toEqual([
    ...[2, 3, 4].map((line) => ({ line, fulfillmentNumber: expect.stringMatching(/^F-\d{8}$/) })),
    { progress: { lines: 3, created: 3, refused: 0 } },
    { totals: { lines: 3, created: 3, refused: 0, replayed: 0 } },
  ]);
});

test('carries out more than a chunk, and the same file again creates nothing', async () => {
  const key = nextKey();
  const file = csv(2_300);
  const first = await send(file, { key });
  expect(first.lines.at(-1)).toEqual({ totals: { lines: 2_300, created: 2_300, refused: 0, replayed: 0 } });
  const second = await send(gzipSync(file), { key, headers: { 'content-encoding': 'gzip' } });
  expect(second.lines.at(-1)).toEqual({ totals: { lines: 2_300, created: 2_300, refused: 0, replayed: 2_300 } });
  const numbers = (reply: Reply) => reply.lines.filter(({ line }) => line);
  expect(numbers(second)).toEqual(numbers(first));
});
