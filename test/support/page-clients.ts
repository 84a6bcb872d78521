import type { PageApp } from './page-app';

/* The clients of docs/frontend.md, as its files have them, and what their caches show of the list of fulfillments. */

/** A fulfillment as the page asks for it. */
export interface Row {
  id: string;
  version: number;
  state: string;
  allowedTransitions: { action: string }[];
}

/** A list on a screen. */
export interface Screen {
  open(): Promise<unknown>;
  /** Reads the next page. */
  more(): Promise<unknown>;
  /** What the cache shows now, without asking. */
  rows(): Row[];
}

/** Each client, as its files have it, and what its cache shows of the list. */
export const clients = {
  apollo: (app: PageApp): Screen => {
    const { list, more } = app.load('apollo/pages');
    const rows = (): Row[] => list.getCurrentResult().data.fulfillments.edges.map(({ node }: { node: Row }) => node);
    const open = () =>
      new Promise<void>((resolve) => list.subscribe(({ data }: { data: unknown }) => data && resolve()));
    return { open, more, rows };
  },
  urql: (app: PageApp): Screen => {
    const { urql } = app.load('urql/client');
    const { upTo } = app.load('urql/pages');
    const { Fulfillments } = app.load('documents');
    let after: string | undefined;
    const list = () => urql.readQuery(Fulfillments, { after }).data.fulfillments;
    const rows = (): Row[] => list().edges.map(({ node }: { node: Row }) => node);
    const more = async () => {
      after = list().pageInfo.endCursor;
      await upTo(after);
    };
    return { open: () => upTo(after), more, rows };
  },
  relay: (app: PageApp): Screen => {
    const { environment } = app.load('relay/environment');
    const { listFragment, listQuery, rowFragment } = app.load('relay/list');
    const relay = require('relay-runtime') as typeof import('relay-runtime');
    const operation = relay.createOperationDescriptor(relay.getRequest(listQuery), {});
    environment.retain(operation);
    // biome-ignore lint/suspicious/noExplicitAny: what hooks of React read
    const read = (fragment: any, parent: any): any =>
      environment.lookup(relay.getSingularSelector(fragment, parent)).data;
    const list = () => read(listFragment, environment.lookup(operation.fragment).data).fulfillments;
    const rows = (): Row[] => list().edges.map(({ node }: { node: unknown }) => read(rowFragment, node));
    const fetched = (query: never, variables: object) => relay.fetchQuery(environment, query, variables).toPromise();
    const more = () =>
      fetched(app.load('relay/generated/listPageQuery.graphql').default as never, {
        cursor: list().pageInfo.endCursor,
      });
    return { open: () => fetched(listQuery as never, {}), more, rows };
  },
};
