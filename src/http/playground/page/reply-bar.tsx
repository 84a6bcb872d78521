import { useGraphiQL } from '@graphiql/react';
import { useMemo, useState } from 'react';
import { codesIn, type ExplainedCode } from '../error-texts';
import { fragmentOf } from '../operation-link';
import type { ReplyChange } from '../reply-changes';
import { csvOf, type ReplyTable, tablesOf } from '../reply-table';
import { useShared } from './context';
import type { Reply } from './reply';

const exact = new Intl.NumberFormat('en');
const short = new Intl.NumberFormat('en', { notation: 'compact', maximumFractionDigits: 2 });

/** From a million on in short, such as 64M: limits of cost have ten digits. */
const whole = { format: (value: number) => (value < 1_000_000 ? exact : short).format(value) };

/** The line below a reply: what it cost, and what else can be made of it. */
export function ReplyBar() {
  const { reply } = useShared();
  const tables = useMemo(() => tablesOf(reply?.data), [reply]);
  const codes = useMemo(() => codesIn({ errors: reply?.errors, data: reply?.data }), [reply]);
  const [shown, setShown] = useState<'reply' | 'table' | 'headers' | 'codes'>('reply');
  const [chosen, setChosen] = useState(0);
  const table = tables[chosen] ?? tables[0];
  const toggle = (view: 'table' | 'headers' | 'codes') => setShown(shown === view ? 'reply' : view);

  return (
    <section className="page-reply" aria-label="About the reply">
      {shown === 'table' && table && <Table table={table} tables={tables} onChoose={setChosen} />}
      {shown === 'headers' && reply && <Headers reply={reply} />}
      {shown === 'codes' && codes.length > 0 && <Codes codes={codes} />}
      {reply?.changes && <Changes changes={reply.changes} />}
      <div className="page-reply-line">
        <p role="status">{reply ? <Figures reply={reply} /> : 'Run an operation to see what it takes.'}</p>
        <div>
          {table && (
            <>
              <button type="button" aria-pressed={shown === 'table'} onClick={() => toggle('table')}>
                Table
              </button>
              <button type="button" onClick={() => download(table)}>
                CSV
              </button>
            </>
          )}
          {codes.length > 0 && (
            <button type="button" aria-pressed={shown === 'codes'} onClick={() => toggle('codes')}>
              {codes.length === 1 ? `Explain ${codes[0].code}` : `Explain ${codes.length} codes`}
            </button>
          )}
          {reply && (
            <button type="button" aria-pressed={shown === 'headers'} onClick={() => toggle('headers')}>
              Reply headers
            </button>
          )}
          <CopyLink />
        </div>
      </div>
    </section>
  );
}

function Figures({ reply: { status, milliseconds, cost, statements, rate, replayed, answer } }: { reply: Reply }) {
  const figures: [string, string, string][] = [];
  const tell = (name: string, value: string, meaning = '') => figures.push([name, value, meaning]);
  if (status) tell('Status', String(status));
  tell('Time', `${whole.format(Math.round(milliseconds))} ms`, 'From the request to the end of the reply');
  if (cost) tell('Cost', `${whole.format(cost.actual)} of ${whole.format(cost.allowed)}`, 'Allowed in one request');
  if (statements !== undefined) tell('Statements', whole.format(statements), 'SQL statements of the request');
  if (rate) {
    tell('Rate left', `${whole.format(rate.left)} of ${whole.format(rate.limit)}`, `For the next ${rate.seconds} s`);
  }
  if (answer) tell('Answer', whole.format(answer), 'Of this subscription; each comes when something differs');
  if (replayed) tell('Replayed', 'yes', 'The first reply to this Idempotency-Key, again');
  return figures.map(([name, value, meaning]) => (
    <span key={name} title={meaning || undefined} className={name === 'Replayed' ? 'page-replayed' : undefined}>
      {name} <b>{value}</b>
    </span>
  ));
}

function Codes({ codes }: { codes: ExplainedCode[] }) {
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by keyboard
    <section className="page-sheet" aria-label="What the codes of the reply mean" tabIndex={0}>
      <dl className="page-codes">
        {codes.map(({ code, meaning, advice }) => (
          <div key={code}>
            <dt>{code}</dt>
            <dd>{meaning}</dd>
            <dd>{advice}</dd>
          </div>
        ))}
      </dl>
    </section>
  );
}

const most = 4;

/** What differs in an answer of a subscription. */
function Changes({ changes }: { changes: ReplyChange[] }) {
  return (
    <ul className="page-changes" aria-label="What changed" aria-live="polite">
      {changes.slice(0, most).map(({ path, before, after }) => (
        <li key={path}>
          {path} <del>{before ?? 'none'}</del> <ins>{after ?? 'gone'}</ins>
        </li>
      ))}
      {changes.length > most && <li>and {changes.length - most} more</li>}
    </ul>
  );
}

function Headers({ reply }: { reply: Reply }) {
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by keyboard
    <section className="page-sheet page-headers" aria-label="Headers of the reply" tabIndex={0}>
      <table>
        <thead>
          <tr>
            <th scope="col">header</th>
            <th scope="col">value</th>
          </tr>
        </thead>
        <tbody>
          {reply.headers.map(([name, value]) => (
            <tr key={name}>
              <td>{name}</td>
              <td>{value}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  );
}

interface TableProps {
  table: ReplyTable;
  tables: ReplyTable[];
  onChoose(index: number): void;
}

function Table({ table, tables, onChoose }: TableProps) {
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by keyboard
    <section className="page-sheet" aria-label="Table of the reply" tabIndex={0}>
      {tables.length > 1 && (
        <label>
          List{' '}
          <select value={tables.indexOf(table)} onChange={(event) => onChoose(Number(event.target.value))}>
            {tables.map(({ name, rows }, index) => (
              <option key={name} value={index}>
                {name} ({rows.length})
              </option>
            ))}
          </select>
        </label>
      )}
      <table>
        {tables.length === 1 && (
          <caption>
            {table.name} ({table.rows.length})
          </caption>
        )}
        <thead>
          <tr>
            {table.columns.map((column) => (
              <th key={column} scope="col">
                {column}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {table.rows.map((row, index) => (
            // biome-ignore lint/suspicious/noArrayIndexKey: rows of a reply have no other key, and do not move
            <tr key={index}>
              {row.map((value, column) => (
                <td key={table.columns[column]} title={value}>
                  {value}
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  );
}

function download(table: ReplyTable): void {
  const address = URL.createObjectURL(new Blob([csvOf(table)], { type: 'text/csv; charset=utf-8' }));
  const link = document.createElement('a');
  link.href = address;
  link.download = `${table.name}.csv`;
  link.click();
  URL.revokeObjectURL(address);
}

/** Copies a link to the operation. Where a page may not write to the clipboard, the link gets into the address bar. */
function CopyLink() {
  const { queryEditor, variableEditor } = useGraphiQL((state) => ({
    queryEditor: state.queryEditor,
    variableEditor: state.variableEditor,
  }));
  const [done, setDone] = useState('');

  async function copy() {
    const fragment = fragmentOf({ query: queryEditor?.getValue() ?? '', variables: variableEditor?.getValue() });
    try {
      await navigator.clipboard.writeText(new URL(fragment, window.location.href).href);
      setDone('Copied');
    } catch {
      window.history.replaceState(null, '', fragment);
      setDone('In the address bar');
    }
    window.setTimeout(() => setDone(''), 2500);
  }

  return (
    <button type="button" onClick={copy} title="Carries the operation and its variables. Headers and token stay here.">
      <span aria-live="polite">{done || 'Copy link'}</span>
    </button>
  );
}
