/**
 * The end of a PostgresDatabase. It is never held up for long: a cluster that is gone, or does not answer, keeps nobody's
 * namespace from going.
 *
 * | what holds first                                | what happens                                                       |
 * | ----------------------------------------------- | ------------------------------------------------------------------ |
 * | policy Retain, or deleted with orphaning        | Secrets lose their owner, all else stays as it is                  |
 * | the spec cannot be read, or the cluster is gone | nothing can be dropped; told                                       |
 * | the cluster takes no changes, or fails          | waits for it, at most 300 s since the deletion; then told          |
 * | somebody uses the database                      | waits for the end of the sessions, at most 300 s; then it stays    |
 * | otherwise                                       | what was made for it is dropped                                    |
 */
import { finalizers as finalizerNames } from "../../api/smoketurner/annotations.ts";
import { labelKeys } from "../../api/smoketurner/labels.ts";
import { PostgresDatabases } from "../../api/smoketurner/postgres_database.ts";
import type { Background, Progress } from "../../kube/background.ts";
import { type Outcome, type ReconcileContext, settled } from "../../kube/controller.ts";
import { isOrphaned } from "../../kube/orphaned.ts";
import { patch, type Step, tell } from "../../kube/plan.ts";
import { keyOf } from "../../kube/store.ts";
import { isStored } from "../../kube/stored.ts";
import type { Frozen, KubeObject, Stored } from "../../kube/types.ts";
import { outcomeOf, soonest } from "../outcome.ts";
import { Secrets } from "../postgres_cluster/kinds.ts";
import { gateOf } from "./gate.ts";
import { type Database, Databases } from "./kinds.ts";
import { orderOf } from "./order.ts";
import type { Report } from "./pass.ts";
import { deletionPolicyOf, runRemoval } from "./removal.ts";
import { releasedSecret } from "./role_secret.ts";
import type { Ways } from "./server.ts";
import { leavingStatus } from "./status.ts";

/** So long a deletion waits for the server, and for those who use the database, in milliseconds. */
const PATIENCE_MS = 300_000;
/** Databases in use are tried again after this time, in milliseconds. */
const RETRY_MS = 10_000;

const FINALIZER = finalizerNames.postgresDatabase;

export interface Memory {
  readonly background: Background<Report>;
  waysOf(context: ReconcileContext): Ways;
}

/** What is known of the end. */
type End =
  | {
    readonly kind: "done";
    readonly level: "Normal" | "Warning";
    readonly message: string;
    readonly steps?: Step[];
  }
  | { readonly kind: "waiting"; readonly database: Database; readonly message: string };

type Leaving = Frozen<KubeObject> & Stored;

export async function finalize(raw: Leaving, memory: Memory, context: ReconcileContext): Promise<Outcome> {
  const { finalizers = [] } = raw.metadata;
  if (!finalizers.includes(FINALIZER)) return settled;
  const end = endOf(raw, memory, context);
  if (end.kind === "done") return await letGo(raw, end, context);
  const left = patienceLeft(raw, context);
  if (left <= 0) {
    const message = `Gave up after ${PATIENCE_MS / 1000} s, so some of it may be left: ${end.message}`;
    return await letGo(raw, { level: "Warning", message }, context);
  }
  await context.writeStatus({ ...leavingStatus(end.database, end.message, context.clock) });
  return soonest(settled, left / 1000);
}

function endOf(raw: Leaving, memory: Memory, context: ReconcileContext): End {
  if (isOrphaned(raw, roleSecretsOf(raw, context)) || deletionPolicyOf(raw) === "Retain") {
    const steps = context.cache.children(Secrets, raw.metadata.uid).filter(isStored)
      .map((secret) => releasedSecret(secret, raw));
    return { kind: "done", level: "Normal", message: "Database, roles and Secrets stay as they are", steps };
  }
  const decoded = PostgresDatabases.decode(raw);
  if (!decoded.ok) {
    const message = "Nothing is dropped from the server, as the spec does not fit its schema";
    return { kind: "done", level: "Warning", message };
  }
  const { value } = decoded;
  if (!isStored(value)) return { kind: "done", level: "Warning", message: "Nothing is known to be dropped" };
  const gate = gateOf(value, context.cache);
  switch (gate.kind) {
    case "missing":
      return { kind: "done", level: "Normal", message: `Nothing is left to be dropped: ${gate.message}` };
    case "unsteady":
    case "closed":
      memory.background.forget(keyOf(raw.metadata));
      return { kind: "waiting", database: value, message: gate.message };
    case "open":
      return removalOf(value, gate.cluster, { memory, context });
  }
}

/** Secrets that bear the object's name, whoever owns them. */
function roleSecretsOf({ metadata: { namespace, name } }: Leaving, { cache }: ReconcileContext) {
  return [...cache.store(Secrets).values()].filter(({ metadata }) =>
    metadata.namespace === namespace && metadata.labels?.[labelKeys.database] === name
  );
}

function removalOf(
  database: Database,
  cluster: Parameters<typeof orderOf>[1],
  { memory, context }: { readonly memory: Memory; readonly context: ReconcileContext },
): End {
  const order = orderOf(database, cluster);
  const progress = memory.background.look(keyOf(database.metadata), {
    id: JSON.stringify(["remove", order]),
    freshMs: ({ problems }) => problems.length === 0 ? Infinity : RETRY_MS,
    run: (signal) => runRemoval(order, { database, ways: memory.waysOf(context), context, signal }),
    digest: (report) => JSON.stringify(report),
  }, context);
  return endOfRemoval(progress, database);
}

function endOfRemoval(progress: Progress<Report>, database: Database): End {
  switch (progress.kind) {
    case "pending":
      return { kind: "waiting", database, message: "What was made for it is being dropped" };
    case "failed":
      return { kind: "waiting", database, message: progress.error.message };
    case "done": {
      const { problems, remarks } = progress.result;
      if (problems.length > 0) {
        return { kind: "waiting", database, message: problems.map(({ message }) => message).join(" ") };
      }
      const message = remarks.length === 0 ? "Nothing had been made for it" : `Done: ${remarks.join(", ")}`;
      return { kind: "done", level: "Normal", message };
    }
  }
}

function patienceLeft({ metadata }: Leaving, { clock }: ReconcileContext): number {
  const since = Date.parse(metadata.deletionTimestamp ?? "");
  return Number.isNaN(since) ? 0 : since + PATIENCE_MS - clock.now().getTime();
}

async function letGo(
  raw: Leaving,
  { level, message, steps = [] }: Pick<Extract<End, { kind: "done" }>, "level" | "message" | "steps">,
  context: ReconcileContext,
): Promise<Outcome> {
  const finalizers = raw.metadata.finalizers?.filter((name) => name !== FINALIZER);
  const result = await context.act([
    ...steps,
    patch(Databases, raw, { metadata: { finalizers } }),
    tell(level, "CleanupComplete", message),
  ]);
  return outcomeOf(result);
}
