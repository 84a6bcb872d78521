import type { Operation } from '../../graph/guard/operation';
import type { SubjectsRead } from '../../graph/model/subjects';
import type { Changes } from '../../service/changes';
import type { Reader } from './reader';
import { Shared } from './shared';
import type { Answer, Subscriber } from './subscriber';

/** The shortest time between the beginnings of two runs: at most 4 in a second. */
const betweenMs = 250;

/** The answer of a run, and its number among the runs. */
interface Ran extends Answer {
  run: number;
}

/** A query that runs again when what it reads has changed. Its subscribers get the answers that differ. */
export class LiveRead extends Shared {
  private last: Ran | undefined;
  private runs = 0;
  private began = Number.NEGATIVE_INFINITY;
  private isRunning = false;
  private isDue = false;
  private timer: NodeJS.Timeout | undefined;

  constructor(
    private readonly reader: Reader,
    private readonly query: Operation,
    subjects: SubjectsRead,
    changes: Changes,
    entityId: string,
    onEmpty: () => void,
  ) {
    super(changes, entityId, subjects, onEmpty);
  }

  protected override async *answers(subscriber: Subscriber): AsyncGenerator<Answer> {
    // A run that is under way may have read before the subscription began.
    const first = this.runs + 1;
    this.changed();
    let sent: string | undefined;
    while (!subscriber.ended) {
      const { last } = this;
      if (last && last.run >= first && last.text !== sent) {
        sent = last.text;
        subscriber.begun = true;
        yield last;
      } else await subscriber.wait();
    }
  }

  protected override changed(): void {
    this.isDue = true;
    if (this.isRunning || this.timer) return;
    const wait = this.began + betweenMs - performance.now();
    if (wait <= 0) this.run();
    else
      this.timer = setTimeout(() => {
        this.timer = undefined;
        this.run();
      }, wait);
  }

  private async run(): Promise<void> {
    if (this.subscribers.size === 0) return;
    this.isRunning = true;
    this.isDue = false;
    this.began = performance.now();
    const run = ++this.runs;
    try {
      const answer = await this.reader.meter.run('live', () => this.reader.answer(this.query, this.reading()));
      this.last = { ...answer, run };
      this.succeed();
      this.ringAll();
    } catch (error) {
      this.fail(error, () => this.changed());
    } finally {
      this.isRunning = false;
      if (this.isDue) this.changed();
    }
  }
}
