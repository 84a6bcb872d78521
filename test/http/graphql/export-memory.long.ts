import type { IncomingMessage } from 'node:http';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { begun, fillFulfillments } from '../../support/exported';
import { type TestClient, type TestGatewayServer, testGateway } from '../../support/gateway';
import { listening } from '../../support/socket';

/* 200,000 rows, of which only some pages may be in memory at a time. bench/export.js measures a million. */

let gateway: TestGatewayServer;
let client: TestClient;
let port: number;
const total = 200_000;

beforeAll(async () => {
  gateway = await testGateway();
  client = await gateway.client();
  port = await listening(gateway.server);
  const { owner } = gateway.database;
  // Written with the index of the default order alone: keeping the others takes longer than all the rest.
  const indexes = await owner<{ name: string }>(
    `select i.indexrelid::regclass::text as name from pg_index i where i.indrelid = 'fulfillment'::regclass
     and not i.indisunique and pg_get_indexdef(i.indexrelid) not like '%updated_date, id)'`,
  );
  for (const { name } of indexes) await owner(`drop index ${name}`);
  await owner('set session_replication_role = replica');
  await fillFulfillments(gateway, client, total);
  await owner('vacuum analyze fulfillment');
}, 60_000);
afterAll(() => gateway.close());

setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc') as () => void;

/** The bytes of rows that are in use, and no garbage. */
function held(): number {
  collect();
  return process.memoryUsage().arrayBuffers;
}

/** The shares of the lines after which memory is looked at: six times behind a fifth of them, and six times near the end. */
const shares = [0.2, 0.85].flatMap((from) => Array.from({ length: 6 }, (_, at) => from + at / 50));

/**
 * Reads and forgets a reply. Returns its lines, its end, and the least that was held early and late. One look alone may find a page
 * that is on its way, or buffers that nobody has any more and that are not swept yet.
 */
async function drained(reply: IncomingMessage): Promise<{ lines: number; end: string; early: number; late: number }> {
  let lines = 0;
  let end = '';
  const looks: number[] = [];
  for await (const chunk of reply as AsyncIterable<Buffer>) {
    for (let at = chunk.indexOf(10); at >= 0; at = chunk.indexOf(10, at + 1)) lines++;
    end = (end + chunk.toString('latin1')).slice(-200);
    if (lines > total * shares[looks.length]) looks.push(held());
  }
  return { lines, end, early: Math.min(...looks.slice(0, 6)), late: Math.min(...looks.slice(6)) };
}

test('the last rows of an export find no more in memory than the first', async () => {
  const query = `{ fulfillments { nodes { id fulfillmentNumber fulfillmentType state fulfillmentDate quantity amount createdDate updatedDate
    orderLineItemId: id number: fulfillmentNumber billed version } } }`;
  const { lines, end, early, late } = await drained(await begun(port, client, query));
  expect(lines).toBe(total + 1);
  expect(end).toContain('"hasNextPage":false');
  // 50 MB came between the two.
  expect(late - early).toBeLessThan(10_000_000);
});
