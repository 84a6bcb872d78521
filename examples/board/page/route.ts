import { useSyncExternalStore } from 'react';

/** A screen of the board, behind the `#` of the address: `#/orders/O-00000001?open=<fulfillment>`. */
export interface Route {
  path: string[];
  params: Record<string, string>;
}

const read = (): string => location.hash;

const watch = (changed: () => void) => {
  addEventListener('hashchange', changed);
  return () => removeEventListener('hashchange', changed);
};

/** An address may have been typed by hand. */
function decoded(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}

function parse(hash: string): Route {
  const [path, search] = hash.replace(/^#\/?/, '').split('?');
  return {
    path: path.split('/').filter(Boolean).map(decoded),
    params: Object.fromEntries(new URLSearchParams(search)),
  };
}

/** The present screen. */
export const useRoute = (): Route => parse(useSyncExternalStore(watch, read));

/** The address of a screen, for the `href` of a link. Empty parameters are left out. */
export function linkTo(path: string[], params: Record<string, string | undefined> = {}): string {
  const given = Object.entries(params).filter((entry): entry is [string, string] => Boolean(entry[1]));
  const search = new URLSearchParams(given).toString();
  return `#/${path.map(encodeURIComponent).join('/')}${search && `?${search}`}`;
}

/** The address of the present screen with some parameters changed. */
export const linkWith = ({ path, params }: Route, changed: Record<string, string | undefined>): string =>
  linkTo(path, { ...params, ...changed });
