import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { importCommand } from '../../src/command/import';
import { orderFor, type TestClient, type TestGatewayServer, testGateway } from '../support/gateway';

jest.setTimeout(60_000);

let gateway: TestGatewayServer;
let client: TestClient;
let origin: string;
let folder: string;
let id: string;

beforeAll(async () => {
  gateway = await testGateway();
  client = await gateway.client();
  origin = await gateway.server.app.listen({ host: '127.0.0.1', port: 0 });
  folder = mkdtempSync(join(tmpdir(), 'import-'));
});
afterAll(async () => {
  rmSync(folder, { recursive: true, force: true });
  await gateway.close();
});
beforeEach(async () => {
  const { orderLineItems } = await orderFor(await client.work(), [{ quantity: '1000' }]);
  [{ id }] = orderLineItems;
});

const path = (name: string) => join(folder, name);
async function run(args: string[], env: Record<string, string> = {}) {
  const out: string[] = [];
  const errors: string[] = [];
  const shown: string[] = [];
  const status = await importCommand(
    args,
    { GATEWAY_URL: origin, CLIENT_ID: client.clientId, CLIENT_SECRET: client.secret, ...env },
    { out: (text) => out.push(text), err: (text) => errors.push(text), progress: (text) => shown.push(text) },
  );
  return { status, out, errors, shown };
}
const header = 'orderLineItemId,fulfillmentDate,quantity\n';
const row = (quantity = '1') => `${id},2026-01-31,${quantity}\n`;

test('imports a file, shows a bar, and does nothing if it is run again', async () => {
  writeFileSync(path('good.csv'), header + row().repeat(3));
  const first = await run([path('good.csv')]);
  expect([first.status, first.out, first.errors]).toEqual([
    0,
    ['3 lines: 3 fulfillments created, 0 lines refused.'],
    [],
  ]);
  expect(first.shown[0]).toMatch(/^\r\[#+\.*\] 3 lines, 0 refused/);
  const again = await run([path('good.csv')]);
  expect([again.status, again.out[1]]).toEqual([0, '3 of the lines were carried out by an earlier try.']);
  expect(existsSync(path('good.refused.csv'))).toBe(false);
});

test('writes the refused lines of a CSV with their reasons beside the file', async () => {
  writeFileSync(path('mixed.csv'), `\ufeff${header}${row()}${row('two')}\n"${id}",2026-01-31,1,"a\nb"\n${row()}`);
  const { status, out } = await run([path('mixed.csv')]);
  expect([status, out.at(-1)]).toEqual([3, `The refused lines are in ${path('mixed.refused.csv')}.`]);
  const [columns, second, third, fourth] = readFileSync(path('mixed.refused.csv'), 'utf8').split('\n');
  expect(columns).toBe('orderLineItemId,fulfillmentDate,quantity,errors');
  expect(second).toMatch(new RegExp(`^${id},2026-01-31,two,"quantity: .*""two""`));
  expect(`${third}\n${fourth}`).toBe(`"${id}",2026-01-31,1,"a\nb","The line has 4 fields; the header has 3."`);
});

test('writes the refused lines of JSON, from a compressed file', async () => {
  const lines = [`{"orderLineItemId":"${id}","fulfillmentDate":"2026-01-31","quantity":1}`, '{"a":', '{"quantity":1}'];
  writeFileSync(path('lines.jsonl.gz'), gzipSync(lines.join('\n')));
  const { status } = await run([path('lines.jsonl.gz'), '--refused', path('out.jsonl')]);
  const refused = readFileSync(path('out.jsonl'), 'utf8')
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line));
  expect(status).toBe(3);
  expect(refused.map(({ line, entry }) => [line, entry])).toEqual([
    [2, '{"a":'],
    [3, { quantity: 1 }],
  ]);
  expect(refused[1].errors.map(({ code }: { code: string }) => code)).toEqual(['REQUIRED', 'REQUIRED']);
});

test('bills on request', async () => {
  const sent = row().replace('\n', ',SentToBilling,2026-01-31\n');
  writeFileSync(path('billed.csv'), `${header.trim()},state,billTargetDate\n${sent}`);
  const { status, out } = await run([path('billed.csv'), '--run-billing', '--target-date', '2026-01-31']);
  expect([status, out.at(-1)]).toEqual([0, '1 invoices and 0 credit memos.']);
});

test('fails with the reason of the gateway, and names no secret', async () => {
  writeFileSync(path('wrong.csv'), `colour\nred\n`);
  const { status, errors } = await run([path('wrong.csv')]);
  expect([status, errors]).toEqual([1, [expect.stringContaining('The column "colour" is unknown')]]);
  const unknown = await run([path('wrong.csv')], { CLIENT_SECRET: 'wrong' });
  expect([unknown.status, unknown.errors]).toEqual([1, [expect.stringContaining('gives no token: HTTP 401')]]);
  expect((await run([path('none.csv')])).status).toBe(1);
});

test.each<[string, string[], Record<string, string>]>([
  ['no file', [], {}],
  ['two files', ['a.csv', 'b.csv'], {}],
  ['a file of another form', ['a.xlsx'], {}],
  ['a day without billing', ['a.csv', '--target-date', '2026-01-31'], {}],
  ['no day', ['a.csv', '--run-billing', '--target-date', 'today'], {}],
  ['no address', ['a.csv', '--url', 'localhost:4000'], {}],
  ['no credentials', ['a.csv'], { CLIENT_ID: '' }],
])('does not understand %s', async (_what, args, env) => {
  const { status, errors } = await run(args, env);
  expect([status, errors[0]]).toEqual([2, expect.stringContaining('Usage: npm run import')]);
});
