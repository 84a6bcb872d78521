import { orderFor, type TestClient, type TestGatewayServer } from './gateway';
import { listening } from './socket';

/* Imports as a client of HTTP sees them, of fulfillments for line items that take them. */

/** A line of a reply. */
export interface Told {
  line?: number;
  fulfillmentNumber?: string;
  errors?: { code: string; message: string; path: string[] }[];
  progress?: object;
  billing?: { chunk: number; invoiceNumbers: string[] };
  totals?: Record<string, number>;
  error?: { code: string; message: string; afterLine: number; retryable?: true };
}

export interface ImportReply {
  status: number;
  headers: Headers;
  text: string;
  told: Told[];
  /** The line of the reply to a line of the file. */
  of(line: number): Told | undefined;
}

export interface How {
  type?: string;
  key?: string;
  query?: string;
  headers?: Record<string, string>;
  by?: TestClient;
  signal?: AbortSignal;
  /** Of another gateway. */
  at?: string;
}

let keys = 0;
export const nextKey = () => `import ${++keys}`;

export const header = 'orderLineItemId,fulfillmentDate,quantity\n';
/** The totals of a file whose lines are all created. */
export const whole = (lines: number) => ({ lines, created: lines, refused: 0, replayed: 0 });

const toldIn = (text: string): Told[] =>
  text
    .split('\n')
    .filter(Boolean)
    .map((line) => JSON.parse(line));

export const lastOf = async (answered: Response): Promise<Told> => toldIn(await answered.text()).at(-1)!;

/** A client that imports, and line items that take a hundred fulfillments each. */
export class Importer {
  lines: string[] = [];

  private constructor(
    private readonly gateway: TestGatewayServer,
    readonly client: TestClient,
    readonly origin: string,
  ) {}

  static async of(gateway: TestGatewayServer): Promise<Importer> {
    const origin = `http://127.0.0.1:${await listening(gateway.server)}`;
    return new Importer(gateway, await gateway.client(), origin);
  }

  async newLines(): Promise<void> {
    const booked = Array.from({ length: 30 }, () => ({ quantity: '1000' }));
    const { orderLineItems } = await orderFor(await this.client.work(), booked);
    this.lines = orderLineItems.map(({ id }) => id);
  }

  /** The first rows of a CSV, for all line items by turns. */
  rows(count: number, quantity = '1'): string {
    const { lines } = this;
    return Array.from({ length: count }, (_, at) => `${lines[at % lines.length]},2026-01-31,${quantity}\n`).join('');
  }

  entry(more: object = {}): object {
    return { orderLineItemId: this.lines[0], fulfillmentDate: '2026-01-31', quantity: 1, ...more };
  }

  async count(): Promise<number> {
    const [{ count }] = await this.gateway.database.owner<{ count: number }>(
      'select count(*)::integer as count from fulfillment',
    );
    return count;
  }

  request(body: unknown, how: How = {}): Promise<Response> {
    const { type = 'text/csv', key = nextKey(), query = '', headers = {}, by = this.client, signal } = how;
    return fetch(`${how.at ?? this.origin}/v1/fulfillments/import${query}`, {
      method: 'POST',
      headers: {
        ...{ authorization: `Bearer ${by.token}`, 'content-type': type },
        ...(key && { 'idempotency-key': key }),
        ...headers,
      },
      ...{ body: body as string, duplex: 'half', signal },
    });
  }

  async send(body: string | Uint8Array | ReadableStream, how: How = {}): Promise<ImportReply> {
    const answer = await this.request(body, how);
    const { status, headers } = answer;
    const text = await answer.text();
    const isStream = headers.get('content-type')!.startsWith('application/jsonl');
    const told = isStream ? toldIn(text) : [];
    return { status, headers, text, told, of: (line) => told.find((each) => each.line === line) };
  }

  sendJson(values: unknown[], how: How = {}): Promise<ImportReply> {
    const file = values.map((value) => JSON.stringify(value)).join('\n');
    return this.send(file, { type: 'application/jsonl', ...how });
  }

  /** An import whose first chunk is carried out, and whose file goes on. */
  async open(first: string, how: How = {}) {
    let more: (text: string) => void = () => {};
    let end = () => {};
    const gone = new AbortController();
    const body = new ReadableStream({
      start(controller) {
        more = (text) => controller.enqueue(Buffer.from(text));
        end = () => controller.close();
      },
    });
    more(header + first);
    return { more, end, gone, answered: await this.request(body, { ...how, signal: gone.signal }) };
  }

  /** Resolves once no run holds an import of the key. */
  async left(key: string): Promise<void> {
    const held = () =>
      this.gateway.database.owner('select from fulfillment_import where key = $1 and holder is not null', [key]);
    while ((await held()).length > 0) await new Promise((resolve) => setTimeout(resolve, 10));
  }
}
