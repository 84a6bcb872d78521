import { type Client, createClient } from 'graphql-ws';
import WebSocket from 'ws';

/** What a subscription gets, one after another. */
export class Received {
  private readonly all: unknown[] = [];
  private readonly waiting: (() => void)[] = [];
  ended: 'complete' | unknown;

  push(value: unknown): void {
    this.all.push(value);
    this.wake();
  }

  end(how: 'complete' | unknown): void {
    this.ended = how;
    this.wake();
  }

  private wake(): void {
    for (const wake of this.waiting.splice(0)) wake();
  }

  get count(): number {
    return this.all.length;
  }

  /** The next value. @throws if none comes within five seconds, or the subscription ends before */
  // biome-ignore lint/suspicious/noExplicitAny: replies are read as their readers see them
  async next(): Promise<any> {
    await this.until(() => this.all.length > 0 || this.ended !== undefined, 'the next value');
    if (this.all.length === 0) throw new Error(`the subscription has ended: ${JSON.stringify(this.ended)}`);
    return this.all.shift();
  }

  /** How the subscription ended. */
  // biome-ignore lint/suspicious/noExplicitAny: errors are read as their readers see them
  async ending(): Promise<any> {
    await this.until(() => this.ended !== undefined, 'the end');
    return this.ended;
  }

  private async until(met: () => boolean, what: string): Promise<void> {
    const deadline = performance.now() + 10_000;
    while (!met()) {
      const left = deadline - performance.now();
      if (left <= 0) throw new Error(`${what} did not come`);
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, left);
        this.waiting.push(() => {
          clearTimeout(timer);
          resolve();
        });
      });
    }
  }
}

export interface Asked {
  query: string;
  documentId?: string;
  variables?: Record<string, unknown>;
  operationName?: string;
  extensions?: Record<string, unknown>;
}

/** A client of graphql-ws, and what it saw of its connection. */
export interface SocketClient {
  client: Client;
  closes: { code: number; reason: string }[];
  subscribe(asked: Asked): Received & { stop(): void };
}

/** The real client of graphql-ws on the real ws. It connects with the first subscription. */
export function socketClient(address: string, params: Record<string, unknown>, more: object = {}): SocketClient {
  const closes: { code: number; reason: string }[] = [];
  const client = createClient({
    url: `${address.replace('http', 'ws')}/graphql`,
    webSocketImpl: WebSocket,
    connectionParams: params,
    retryAttempts: 0,
    on: { closed: (event) => closes.push(event as { code: number; reason: string }) },
    ...more,
  });
  return {
    client,
    closes,
    subscribe(asked) {
      const received = new Received();
      const stop = client.subscribe(asked, {
        next: (value) => received.push(value),
        error: (error) => received.end(error),
        complete: () => received.end('complete'),
      });
      return Object.assign(received, { stop });
    },
  };
}

/** Server-sent events by fetch, as a browser would read them. */
export async function eventSource(
  url: string,
  init: RequestInit & { body?: string },
): Promise<{ response: Response; received: Received; stop(): void }> {
  const stopping = new AbortController();
  const response = await fetch(url, { ...init, signal: stopping.signal });
  const received = new Received();
  void (async () => {
    let text = '';
    try {
      for await (const chunk of response.body!.pipeThrough(new TextDecoderStream())) {
        text += chunk;
        for (let at = text.indexOf('\n\n'); at >= 0; at = text.indexOf('\n\n')) {
          const [, name, data] = /^event: (\w+)\ndata: (.*)$/.exec(text.slice(0, at)) ?? [];
          text = text.slice(at + 2);
          if (name === 'next') received.push(JSON.parse(data));
          if (name === 'complete') received.end('complete');
        }
      }
      received.end('cut off');
    } catch (error) {
      received.end(error);
    }
  })();
  return { response, received, stop: () => stopping.abort() };
}
