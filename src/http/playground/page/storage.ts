import type { GraphiQLProps } from 'graphiql';

const PREFIX = 'graphiql:';
const HISTORY = ['queries', 'favorites'].map((name) => PREFIX + name);

/** localStorage without the headers that GraphiQL's history keeps with each operation, since they hold tokens. */
export const storage: GraphiQLProps['storage'] = {
  getItem: (key) => localStorage.getItem(key),
  setItem: (key, value) => localStorage.setItem(key, HISTORY.includes(key) ? withoutHeaders(value) : value),
  removeItem: (key) => localStorage.removeItem(key),
  clear() {
    for (const key of keys()) localStorage.removeItem(key);
  },
  get length() {
    return keys().length;
  },
};

function keys(): string[] {
  return Object.keys(localStorage).filter((key) => key.startsWith(PREFIX));
}

function withoutHeaders(history: string): string {
  return JSON.stringify(JSON.parse(history), (key, value) => (key === 'headers' ? undefined : value));
}
