import { type IncomingMessage, request } from 'node:http';
import { gunzipSync } from 'node:zlib';
import { orderFor, type TestClient, type TestGatewayServer } from './gateway';

/* Exports as a client of HTTP sees them: with trailers, and with connections that end too early. */

interface Exported {
  status: number;
  headers: IncomingMessage['headers'];
  trailers: IncomingMessage['trailers'];
  text: string;
  /** Whether the reply came to its end. */
  complete: boolean;
}

export interface Asking {
  accept?: string;
  gzip?: boolean;
  headers?: Record<string, string>;
  path?: string;
  variables?: object;
}

/** Begins an export. Nothing is read until the reply is. */
export function begun(
  port: number,
  client: Pick<TestClient, 'token'>,
  query: string | object,
  { accept = 'application/jsonl', gzip, headers, path = '/graphql', variables }: Asking = {},
): Promise<IncomingMessage> {
  const body = JSON.stringify(typeof query === 'string' ? { query, variables } : query);
  return new Promise((resolve, reject) => {
    const sent = request({
      ...{ port, path, method: 'POST', agent: false },
      headers: {
        ...{ authorization: `Bearer ${client.token}`, 'content-type': 'application/json', accept, ...headers },
        ...(gzip && { 'accept-encoding': 'gzip' }),
      },
    });
    sent.on('response', resolve).on('error', reject).end(body);
  });
}

/** Reads a reply to its end, or to where it is cut off. */
export async function read(reply: IncomingMessage): Promise<Exported> {
  const chunks: Buffer[] = [];
  try {
    for await (const chunk of reply) chunks.push(chunk);
  } catch {
    // Cut off: `complete` says so.
  }
  const bytes = Buffer.concat(chunks);
  const { statusCode: status, headers, trailers, complete } = reply;
  const text = (headers['content-encoding'] === 'gzip' ? gunzipSync(bytes) : bytes).toString();
  return { ...{ status: status!, headers, trailers, text, complete } };
}

/** The rows of lines of JSON, and what the last line says. */
export function linesOf({ text }: Pick<Exported, 'text'>) {
  const lines = text.split('\n');
  if (lines.pop() !== '') throw new Error(`the last line has no end: ${text.slice(-300)}`);
  const all = lines.map((line) => JSON.parse(line));
  return { last: all.pop(), rows: all };
}

/** Fulfillments of the client, with texts that a table has to quote. Some seven each were changed at one moment. */
export async function fillFulfillments(gateway: TestGatewayServer, client: TestClient, count: number): Promise<void> {
  const { orderLineItems } = await orderFor(await client.work());
  const { body } = await client.graphql(
    `mutation ($line: ID!) { createFulfillments(input: { fulfillments: [
      { orderLineItemId: $line, fulfillmentDate: "2022-01-01", quantity: 1 }] }) { fulfillments { id } } }`,
    { line: orderLineItems[0].id },
  );
  await gateway.database.owner(
    `insert into fulfillment select r.* from fulfillment f, generate_series(1, $2::integer - 1) n, jsonb_populate_record(f, jsonb_build_object('id', gen_random_uuid(),
       'fulfillment_number', f.fulfillment_number || '-' || n, 'quantity', n,
       'updated_date', f.updated_date - (n / 7) * interval '1 minute',
       'carrier', (array['a,b', 'say "hi"', E'two\\nlines', '=1+1', ' space ', null, 'ünï 🚚', E'{[}]\\\\"', E'\\r'])[1 + n % 9],
       'custom_fields', case when n % 3 = 0 then jsonb_build_object('a__c', n, 'b__c', E'x\\n"y"') end,
       'state', case when n % 2 = 0 then 'Booked' else 'Executing' end)) r where f.id = $1`,
    [body.data.createFulfillments.fulfillments[0].id, count],
  );
}

/** Resolves once no export runs, and none holds a connection. */
export async function noExports({ database, server }: TestGatewayServer): Promise<void> {
  for (let looks = 0; looks < 1_000; looks++) {
    const [, pool, turns] = database.db.pools.find(([name]) => name === 'exporting')!;
    const { body } = await server.app.inject('/metrics');
    const isIdle = pool.totalCount === pool.idleCount && turns!.inUse === 0 && /^gateway_exports 0$/m.test(body);
    if (isIdle && server.underWay().requests.length === 0) return;
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  throw new Error('an export is left');
}
