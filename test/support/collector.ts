import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

type Value = { stringValue?: string; intValue?: number; boolValue?: boolean };

export interface CollectedSpan {
  traceId: string;
  spanId: string;
  parentSpanId?: string;
  name: string;
  kind: number;
  status: { code?: number; message?: string };
  attributes: Record<string, string | number | boolean | undefined>;
}

/** What takes traces in, as a collector of OpenTelemetry does (OTLP over HTTP, JSON). */
export interface Collector {
  endpoint: string;
  spans: CollectedSpan[];
  /** All that was sent, as it came. */
  text(): string;
  /** The span and those below it, by their names: one has [name] or [name, children]. */
  tree(span: CollectedSpan): unknown[];
  close(): Promise<void>;
}

export async function startCollector(): Promise<Collector> {
  const spans: CollectedSpan[] = [];
  const bodies: string[] = [];
  const server = createServer(async (request, response) => {
    let body = '';
    for await (const chunk of request) body += chunk;
    if (request.method !== 'POST' || request.url !== '/v1/traces') {
      response.writeHead(404).end();
      return;
    }
    bodies.push(body);
    for (const { scopeSpans } of JSON.parse(body).resourceSpans) {
      for (const span of scopeSpans.flatMap((scope: { spans: object[] }) => scope.spans)) {
        const entries = span.attributes.map(({ key, value }: { key: string; value: Value }) => [
          key,
          Object.values(value)[0],
        ]);
        spans.push({ ...span, attributes: Object.fromEntries(entries) });
      }
    }
    response.writeHead(200, { 'content-type': 'application/json' }).end('{}');
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const tree = (span: CollectedSpan): unknown[] => {
    const children = spans.filter(({ parentSpanId }) => parentSpanId === span.spanId);
    return children.length ? [span.name, children.map(tree)] : [span.name];
  };
  return {
    endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    spans,
    text: () => bodies.join('\n'),
    tree,
    close: () =>
      new Promise((resolve) => {
        server.closeAllConnections();
        server.close(() => resolve());
      }),
  };
}
