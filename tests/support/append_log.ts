/** Writers that never stop: each row that the server acknowledged is remembered, and must be found at the end. */
import { SqlError } from "../../postgres/sql/errors.ts";
import type { SqlClient, SqlSession, SqlTarget } from "../../postgres/sql/sql_client.ts";
import { delay } from "../ground/wait_for.ts";

export interface WriterOptions {
  readonly client: SqlClient;
  /** Where the primary's Service leads to now; undefined while it leads to nobody. */
  readonly place: () => Promise<SqlTarget | undefined> | SqlTarget | undefined;
  /** Sequence and text columns: see {@link appendTable}. */
  readonly table: string;
}

/** A table of an append log: the sequence counts, `entry` tells which write it was. */
export function appendTable(name: string): string {
  return `CREATE TABLE public.${name} (id bigserial PRIMARY KEY, entry text NOT NULL UNIQUE)`;
}

export class Writer implements AsyncDisposable {
  /** Entries whose commit was acknowledged. */
  readonly acknowledged: string[] = [];
  /** When each of them was, by `performance.now()`. */
  readonly acknowledgedAt: number[] = [];
  /** Writes that ended in an error, of whichever kind. */
  refused = 0;
  #running = true;
  readonly #done: Promise<void>;

  constructor(private readonly name: string, private readonly options: WriterOptions) {
    this.#done = this.#run();
  }

  async stop(): Promise<void> {
    this.#running = false;
    await this.#done;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
  }

  async #run(): Promise<void> {
    let count = 0;
    while (this.#running) {
      const place = await this.options.place();
      if (place === undefined) {
        await delay(20);
        continue;
      }
      try {
        await using session = await this.options.client.connect(place);
        // A client of its own leaves its connection open, and notices only by an error that it was led elsewhere.
        while (this.#running) await this.#write(session, `${this.name}-${count++}`);
      } catch (error) {
        if (!(error instanceof SqlError)) throw error;
        this.refused++;
        await delay(20);
      }
    }
  }

  async #write(session: SqlSession, entry: string): Promise<void> {
    await session.change([{
      text:
        `WITH w AS (SELECT '${entry}' AS entry) INSERT INTO public.${this.options.table} (entry) SELECT entry FROM w`,
    }]);
    this.acknowledged.push(entry);
    this.acknowledgedAt.push(performance.now());
    await delay(5);
  }
}
