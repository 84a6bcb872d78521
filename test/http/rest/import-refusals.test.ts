import { gzipSync } from 'node:zlib';
import { type TestGatewayServer, testGateway } from '../../support/gateway';
import { type How, header, Importer } from '../../support/imported';

/* What an import refuses: files before anything is written, and lines. */

let gateway: TestGatewayServer;
let importer: Importer;

beforeAll(async () => {
  gateway = await testGateway();
  importer = await Importer.of(gateway);
}, 60_000);
afterAll(() => gateway.close());
beforeEach(() => importer.newLines());

describe('before anything is written', () => {
  test.each<[string, () => string | Uint8Array, string]>([
    ['an unknown column', () => `${header.trim()},colour\n`, 'The column "colour" is unknown'],
    ['a column that is there twice', () => `quantity,${header}`, 'The column "quantity" is there twice'],
    ['a missing column', () => 'orderLineItemId,quantity\n', 'The column "fulfillmentDate" is missing'],
    ['a column without a name', () => `${header.trim()},\n`, 'Column 4 has no name'],
    ['items in a CSV', () => `${header.trim()},fulfillmentItems\n`, 'Send items as application/jsonl'],
    ['a custom field of another name', () => `${header.trim()},customFields.lot\n`, '"customFields.lot" is unknown'],
    ['an empty file', () => '', 'The first line of the file is empty'],
    ['an empty first line', () => `\n${header}`, 'The first line of the file is empty'],
    ['UTF-16', () => Buffer.from(`\ufeff${header}`, 'utf16le'), 'in UTF-8'],
    ['a header that never ends', () => 'a'.repeat(2_000_000), 'must name the columns'],
    ['a quote that is not closed in the header', () => `"${header}`, 'A quote is not closed'],
  ])('a CSV with %s is 400', async (_what, file, message) => {
    const { status, text } = await importer.send(file());
    expect([status, JSON.parse(text).reasons[0].message]).toEqual([400, expect.stringContaining(message)]);
  });

  test('45,000 columns are judged in about the time in which they are read', async () => {
    const names = Array.from({ length: 45_000 }, (_, at) => `customFields.${at}__c`).join();
    const timed = async (columns: string) => {
      const since = performance.now();
      const { text } = await importer.send(`${columns},${names}\n${importer.rows(1)}`);
      return { text, ms: performance.now() - since };
    };
    // Its first column ends the second file before the others are looked at.
    const [judged, read] = [await timed(header.trim()), await timed('colour')];
    expect([judged.text, read.text]).toEqual([
      expect.stringContaining('The line has 3 fields; the header has 45003.'),
      expect.stringContaining('unknown'),
    ]);
    expect(judged.ms).toBeLessThan(8 * read.ms);
  });

  test.each<[string, () => Uint8Array, number, string]>([
    ['no gzip', () => Buffer.from(header), 400, 'not valid gzip'],
    ['half of a gzip', () => gzipSync(header + importer.rows(2_000)).subarray(0, 90), 400, 'not valid gzip'],
    ['two million empty lines', () => gzipSync('\n'.repeat(2_000_000)), 413, '1000000 line ends without a line'],
    ['200 MB without a line end', () => gzipSync(Buffer.alloc(200_000_000, 'x')), 413, '104857600 bytes'],
  ])('%s is refused', async (_what, body, status, message) => {
    const headers = { 'content-encoding': 'gzip' };
    const answer = await importer.send(body(), { headers, type: 'application/jsonl' });
    expect([answer.status, answer.text]).toEqual([status, expect.stringContaining(message)]);
  });

  test.each<[string, How, number]>([
    ['no key', { key: '' }, 400],
    ['no media type', { type: '' }, 415],
    ['another media type', { type: 'application/json' }, 415],
    ['another encoding', { type: 'text/csv; charset=iso-8859-1' }, 415],
    ['another compression', { headers: { 'content-encoding': 'br' } }, 415],
    ['an unknown parameter', { query: '?colour=red' }, 400],
    ['a parameter without its other', { query: '?targetDate=2026-01-31' }, 400],
    ['no day', { query: '?runBilling=true&targetDate=2026-02-31' }, 400],
    ['a parameter that is there twice', { query: '?runBilling=true&runBilling=true' }, 400],
  ])('%s is refused', async (_what, how, status) => {
    const before = await importer.count();
    const { text, ...refused } = await importer.send(header + importer.rows(1), how);
    expect(refused.status).toBe(status);
    // The general message of 415 names the type of all other routes.
    expect(text).not.toContain('application/json,');
    expect(await importer.count()).toBe(before);
  });

  test('billing needs its scope', async () => {
    const by = await gateway.client({ scopes: ['fulfill'] });
    expect((await importer.send(header + importer.rows(1), { by, query: '?runBilling=true' })).status).toBe(403);
    expect((await importer.send(header + importer.rows(1), { by, query: '?runBilling=false' })).status).toBe(200);
  });
});

describe('a line that is not right', () => {
  test('is refused by its number, and the others are carried out', async () => {
    const bad = Buffer.concat([Buffer.from(`${importer.lines[0]},2026-01-31,1`), Buffer.from([0xff, 0xfe, 10])]);
    const file = Buffer.concat([
      Buffer.from(`${header}${importer.rows(1)}1,2\n`),
      bad,
      Buffer.from(`${importer.lines[0]},2026-01-31,"1\n`),
    ]);
    const { told, of } = await importer.send(file);
    expect(told.at(-1)!.totals).toEqual({ lines: 4, created: 1, refused: 3, replayed: 0 });
    expect(of(3)!.errors![0].message).toBe('The line has 2 fields; the header has 3.');
    expect(of(4)!.errors![0].message).toContain('not valid UTF-8');
    expect(of(5)!.errors![0].message).toContain('A quote is not closed');
  });

  test('in JSON says what is wrong with it', async () => {
    const deep = `${'['.repeat(200)}${']'.repeat(200)}`;
    const file = [
      '{"orderLineItemId":',
      'null',
      '[]',
      '"x"',
      '{}',
      '{"__proto__":{}}',
      deep,
      JSON.stringify(importer.entry({ fulfillmentItems: Array(20_000).fill(1) })),
      JSON.stringify(importer.entry()),
    ];
    const { told, of } = await importer.send(file.join('\n'), { type: 'application/jsonl' });
    expect(told.at(-1)!.totals).toEqual({ lines: 9, created: 1, refused: 8, replayed: 0 });
    expect(of(1)!.errors![0].message).toContain('The line is not JSON');
    expect(of(5)!.errors!.map(({ code }) => code)).toEqual(['REQUIRED', 'REQUIRED', 'REQUIRED']);
    expect(of(6)!.errors![0].message).toContain('__proto__');
    expect(of(7)!.errors![0].message).toContain('nested too deeply');
    expect(of(8)!.errors![0].message).toContain('at most 20000 are allowed');
  });

  test('is told ten of its errors, and nothing more of it is judged: a short line may have ten thousand', async () => {
    const wrong = Object.fromEntries(Array.from({ length: 100 }, (_, at) => [`${at}`, 1]));
    const fulfillmentItems = Array.from({ length: 100 }, () => ({ customFields: wrong }));
    const { of } = await importer.sendJson([importer.entry({ quantity: 100, state: 'Booked', fulfillmentItems })]);
    expect(of(1)!.errors).toHaveLength(10);
    expect(of(1)!.errors![9]).toMatchObject({ path: ['fulfillmentItems', '0', 'customFields', '9'] });
  });

  test('may have ten megabytes, and takes no more memory than one', async () => {
    const long = `{"a":"${'x'.repeat(10_000_000)}"}`;
    const { told, of } = await importer.send(`${long}\n${JSON.stringify(importer.entry())}\n`, {
      type: 'application/jsonl',
    });
    expect(of(1)!.errors![0]).toMatchObject({ code: 'LIMIT_EXCEEDED' });
    expect(of(2)!.fulfillmentNumber).toBeDefined();
    expect(told.at(-1)!.totals).toEqual({ lines: 2, created: 1, refused: 1, replayed: 0 });
  });
});
