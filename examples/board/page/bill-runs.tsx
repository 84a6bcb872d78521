import { useLazyQuery, useMutation, useQuery } from '@apollo/client/react';
import { type FormEvent, useState } from 'react';
import { Pages } from './board';
import { Folded } from './folded';
import { Field, Refusals, useAction, valuesOf } from './form';
import {
  BillRunsDocument,
  BillRunsLiveDocument,
  CancelRunDocument,
  ParkedDocument,
  PostRunDocument,
  PreviewRunDocument,
  type RunFragment,
  StartRunDocument,
} from './generated/graphql';
import { useLive } from './live';
import { Loaded, Problem } from './problem';
import { instant, inWords, money, today } from './words';

/** Bill runs with their progress, and what they had to park. */
export function BillRuns() {
  const [cursors, setCursors] = useState<string[]>([]);
  const after = cursors.at(-1);
  const { data, error, refetch } = useLive(BillRunsDocument, BillRunsLiveDocument, after ? { after } : {});
  return (
    <div className="page">
      <h1>Bill runs</h1>
      <Start />
      <Loaded data={data?.billRuns} error={error} refetch={refetch}>
        {({ nodes, pageInfo }) => (
          <>
            {nodes.map((run) => (
              <Run key={run.id} run={run} />
            ))}
            <Pages
              what="bill runs"
              page={cursors.length + 1}
              onNewer={after === undefined ? undefined : () => setCursors(cursors.slice(0, -1))}
              onOlder={pageInfo.hasNextPage ? () => setCursors([...cursors, pageInfo.endCursor ?? '']) : undefined}
            />
          </>
        )}
      </Loaded>
    </div>
  );
}

/** Accounts of a preview, which may have thousands. */
const mostShown = 100;

/** Starts a run. First it shows what the run would bill. */
function Start() {
  const [ask, preview] = useLazyQuery(PreviewRunDocument, { fetchPolicy: 'network-only' });
  const [start] = useMutation(StartRunDocument);
  const { busy, refusals, run, problem } = useAction();
  const [targetDate, setTargetDate] = useState(today());
  const show = () => ask({ variables: { input: { targetDate } } }).catch(() => {});

  async function submit(event: FormEvent<HTMLFormElement>) {
    event.preventDefault();
    const autoPost = Boolean(valuesOf(event.currentTarget).autoPost);
    await run(
      async (context) =>
        (await start({ variables: { input: { targetDate, autoPost } }, context })).data?.ran?.userErrors,
    );
  }

  const would = preview.data?.previewBillRun;
  return (
    <form className="form sheet" onSubmit={submit} aria-label="New bill run">
      <Field name="targetDate" label="Bill what is due up to" refusals={refusals}>
        {(control) => (
          <input {...control} type="date" value={targetDate} onChange={(event) => setTargetDate(event.target.value)} />
        )}
      </Field>
      <label className="check">
        <input type="checkbox" name="autoPost" /> Post the documents at the end
      </label>
      <div className="buttons">
        <button type="button" onClick={show}>
          Preview
        </button>
        <button type="submit" className="primary" disabled={busy}>
          Start the run
        </button>
      </div>
      <Refusals of={refusals} except={['targetDate']} />
      {problem}
      {preview.error ? <Problem error={preview.error} onRetry={show} /> : null}
      {would ? (
        <div role="status">
          <p>
            {would.invoiceCount} invoices and {would.creditMemoCount} credit memos.
          </p>
          <Folded title="By account">
            <table>
              <thead>
                <tr>
                  <th scope="col">Account</th>
                  <th scope="col">Items</th>
                  <th scope="col">Invoiced</th>
                  <th scope="col">Credited</th>
                </tr>
              </thead>
              <tbody>
                {would.totals
                  .slice(0, mostShown)
                  .map(({ account, currency, itemCount, invoiceAmount, creditMemoAmount }) => (
                    <tr key={account.id + currency}>
                      <td>{account.name}</td>
                      <td>{itemCount}</td>
                      <td>{money(invoiceAmount, currency)}</td>
                      <td>{money(creditMemoAmount, currency)}</td>
                    </tr>
                  ))}
              </tbody>
            </table>
            {would.totals.length > mostShown ? (
              <p className="hint">And {would.totals.length - mostShown} more.</p>
            ) : null}
          </Folded>
        </div>
      ) : null}
    </form>
  );
}

const documents = { Post: PostRunDocument, Cancel: CancelRunDocument };

function Run({ run }: { run: RunFragment }) {
  const { busy, refusals, run: act, problem } = useAction();
  const [post] = useMutation(documents.Post);
  const [cancel] = useMutation(documents.Cancel);
  const acts = { Post: post, Cancel: cancel };
  const { billRunNumber, status, targetDate, total, done, failed, startedDate } = run;
  return (
    <section className="sheet" aria-label={billRunNumber}>
      <div className="line">
        <h2>{billRunNumber}</h2>
        <span className="tag">{inWords(status)}</span>
        <span className="amount buttons">
          {(['Post', 'Cancel'] as const)
            .filter((action) => run.allowedActions.some((each) => each.action === action && each.allowed))
            .map((action) => (
              <button
                key={action}
                type="button"
                className={action === 'Cancel' ? 'quiet' : undefined}
                disabled={busy}
                onClick={() =>
                  act(
                    async (context) =>
                      (await acts[action]({ variables: { key: run.id }, context })).data?.ran?.userErrors,
                  )
                }
              >
                {action}
              </button>
            ))}
        </span>
      </div>
      <p className="muted">
        Due up to {targetDate}
        {startedDate ? `, begun ${instant(startedDate)}` : ''}
      </p>
      <progress
        aria-label={`Progress of ${billRunNumber}`}
        max={Math.max(total, 1)}
        value={total ? done + failed : 0}
      />
      <p>
        {done} of {total} billed{failed ? `, ${failed} parked` : ''}
      </p>
      <Refusals of={refusals} />
      {problem}
      {failed ? (
        <Folded title="What was parked">
          <Failures key={run.version} run={run} />
        </Folded>
      ) : null}
    </section>
  );
}

/** What a run could not bill, with the reasons. */
function Failures({ run }: { run: RunFragment }) {
  const [cursors, setCursors] = useState<string[]>([]);
  const { data, error, refetch } = useQuery(ParkedDocument, { variables: { key: run.id, after: cursors.at(-1) } });
  return (
    <Loaded data={data?.billRun?.failures} error={error} refetch={refetch}>
      {({ nodes, pageInfo }) => (
        <>
          <ul>
            {nodes.map(({ account, code, message, fulfillment }) => (
              <li key={account.id + code + message}>
                <b>{account.name}</b> ({account.accountNumber}
                {fulfillment ? `, ${fulfillment.fulfillmentNumber}` : ''}): {message}
              </li>
            ))}
          </ul>
          <Pages
            what={`failures of ${run.billRunNumber}`}
            page={cursors.length + 1}
            onNewer={cursors.length ? () => setCursors(cursors.slice(0, -1)) : undefined}
            onOlder={pageInfo.hasNextPage ? () => setCursors([...cursors, pageInfo.endCursor ?? '']) : undefined}
          />
        </>
      )}
    </Loaded>
  );
}
