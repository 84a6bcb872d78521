import { readFileSync } from 'node:fs';
import { operations } from '../../../src/http/rest/operations';
import { type TestGatewayServer, testGateway } from '../../support/gateway';

let gateway: TestGatewayServer;
beforeAll(async () => {
  gateway = await testGateway();
}, 60_000);
afterAll(() => gateway.close());

interface Request {
  method: 'GET' | 'POST' | 'PUT' | 'DELETE';
  header: { key: string; value: string; disabled?: boolean }[];
  url: { raw: string; variable: { key: string }[] };
  body?: { raw: string };
}

test('the Postman collection has each operation once, and the gateway answers each of its requests', async () => {
  const collection = JSON.parse(readFileSync('docs/postman-collection.json', 'utf8'));
  const folders: { item: { name: string; request: Request }[] }[] = collection.item;
  const requests = folders.flatMap(({ item }) => item);
  expect(requests.map(({ name }) => name).sort()).toEqual(operations.map(({ summary }) => summary).sort());

  const client = await gateway.client();
  for (const { name, request } of requests) {
    const { method, url, header, body } = request;
    const headers = Object.fromEntries(
      header.filter(({ disabled }) => !disabled).map(({ key, value }) => [key, value]),
    );
    const path = url.raw.replace('{{baseUrl}}', '').replace(/:\w+/g, 'x');
    expect(path.match(/\bx\b/g)?.length ?? 0).toBe(url.variable.length);
    const reply = await client.request({ method, url: path, headers, ...(body && { payload: body.raw }) });
    // A query says by its status that there is no such object.
    const isQuery = path.startsWith('/object-query/');
    expect([name, path, reply.status]).toEqual([name, path, isQuery && path.includes('/x') ? 404 : 200]);
    // Nothing is wrong with the form of a body.
    const categories = (reply.body.reasons ?? []).map(({ code }: { code: number }) => code % 100);
    expect([name, categories.filter((category: number) => category >= 20 && category < 30)]).toEqual([name, []]);
  }
});
