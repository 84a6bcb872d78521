import { LRUCache } from 'lru-cache';

const summaries = new LRUCache<string, string>({ max: 1000 });

/**
 * A short summary of a statement without values: "select order_line_item", "commit". For traces and the log, where a
 * statement of fifty lines is hard to read.
 */
export function summaryOf(text: string): string {
  let summary = summaries.get(text);
  if (summary === undefined) {
    summary = summarized(text);
    summaries.set(text, summary);
  }
  return summary;
}

function summarized(text: string): string {
  // A statement for a whole query is called by its root fields.
  const [, called] = /^\/\* ([\w, ]+) \*\/ select/.exec(text) ?? [];
  if (called) return `select ${called}`;
  const [verb] = /^\w+/.exec(text.trim().toLowerCase()) ?? ['statement'];
  // A "with" query is named after the table that it writes, if it writes one.
  const write = /\b(insert into|update|delete from)\s+([a-z_][\w.]*)/i.exec(text);
  if (write && /^(with|insert|update|delete)$/.test(verb)) {
    return `${write[1].split(' ')[0].toLowerCase()} ${write[2]}`;
  }
  const from = /\bfrom\s+"?([a-z_][\w.]*)/i.exec(text);
  return /^(with|select)$/.test(verb) && from ? `select ${from[1]}` : verb;
}
