/** `matriarch gc`: deletes claims that their shards left behind, when their time is over. */
import { orphanSinceLabel, ownedSelector, parseOrphanSince } from "../api/multigres/labels.ts";
import { KubeClient } from "../kube/client.ts";
import { systemClock } from "../kube/clock.ts";
import { type PersistentVolumeClaim, PersistentVolumeClaims, Pods } from "../kube/kinds.ts";
import { keyOf } from "../kube/store.ts";
import { isStored } from "../kube/stored.ts";
import { createLogger, type Logger } from "../telemetry/log.ts";
import { silentMetrics } from "../telemetry/metrics.ts";
import { loadConnection, openTransport, whoAmI } from "./connect.ts";
import { EXIT } from "./exit.ts";
import type { GcOptions } from "./gc_flags.ts";
import { stderr } from "./streams.ts";

/** What became of the claims that bear the mark. */
export interface GcTotals {
  scanned: number;
  deleted: number;
  would_delete: number;
  /** Too young, or in use. */
  skipped: number;
  /** Whose mark is no time. */
  malformed: number;
  errors: number;
}

/** Some claims could not be deleted; the log says which. */
const SOME_FAILED = 2;

/**
 * Goes over all marked claims once.
 * @returns the exit code.
 * @throws ConnectionError, StartError, ApiError: when nothing, or not all, could be looked at.
 */
export async function gc(options: GcOptions): Promise<number> {
  const log = createLogger({
    ...options.log,
    write: (line) => stderr.write(`${line}\n`),
    now: () => systemClock.now(),
  });
  const connection = await loadConnection(options.credentials);
  await using resources = new AsyncDisposableStack();
  const transport = resources.adopt(openTransport(connection), (opened) => opened.close());
  await whoAmI(transport, connection.server);
  const client = new KubeClient({
    transport,
    clock: systemClock,
    metrics: silentMetrics,
    fieldManager: "multigres-operator",
  });
  const totals = await collect(client, options, log);
  log.info("Collected", { ...totals });
  return totals.errors > 0 ? SOME_FAILED : EXIT.done;
}

type Rules = Pick<GcOptions, "retentionSeconds" | "namespace" | "dryRun">;

/** @throws ApiError when claims cannot be listed. */
export async function collect(client: KubeClient, rules: Rules, log: Logger): Promise<GcTotals> {
  const totals: GcTotals = { scanned: 0, deleted: 0, would_delete: 0, skipped: 0, malformed: 0, errors: 0 };
  const scope = rules.namespace === undefined ? {} : { namespace: rules.namespace };
  const labels = `${ownedSelector},${orphanSinceLabel}`;
  const due: PersistentVolumeClaim[] = [];
  for await (const page of client.list(PersistentVolumeClaims, { ...scope, labels })) {
    for (const claim of page.items) if (isDue(claim, rules, { totals, log })) due.push(claim);
  }
  for (const claim of due) await remove(client, claim, { rules, totals, log });
  return totals;
}

interface Notes {
  readonly totals: GcTotals;
  readonly log: Logger;
}

function isDue(
  { metadata }: PersistentVolumeClaim,
  { retentionSeconds }: Rules,
  { totals, log }: Notes,
): boolean {
  totals.scanned++;
  const mark = metadata.labels?.[orphanSinceLabel] ?? "";
  const since = parseOrphanSince(mark);
  if (since === undefined) {
    totals.malformed++;
    log.warn("Cannot tell since when a claim is an orphan", { claim: keyOf(metadata), mark });
    return false;
  }
  const isOld = systemClock.now().getTime() - since.getTime() >= retentionSeconds * 1_000;
  if (!isOld || metadata.deletionTimestamp !== undefined) totals.skipped++;
  return isOld && metadata.deletionTimestamp === undefined;
}

/** A claim that was used again in the meantime has another version, and is then left alone. */
async function remove(
  client: KubeClient,
  claim: PersistentVolumeClaim,
  { rules, totals, log }: Notes & { readonly rules: Rules },
): Promise<void> {
  const { metadata } = claim;
  const name = keyOf(metadata);
  try {
    if (await isMounted(client, claim)) {
      totals.skipped++;
      log.warn("A claim is marked as an orphan, and in use", { claim: name });
    } else if (rules.dryRun) {
      totals.would_delete++;
      log.info("Would delete a claim", { claim: name });
    } else if (isStored(claim)) {
      const { uid, resourceVersion } = claim.metadata;
      await client.delete(PersistentVolumeClaims, metadata, { precondition: { uid, resourceVersion } });
      totals.deleted++;
      log.info("Deleted a claim", { claim: name });
    }
  } catch (error) {
    totals.errors++;
    log.error("Cannot delete a claim", { claim: name, error });
  }
}

async function isMounted(client: KubeClient, { metadata }: PersistentVolumeClaim): Promise<boolean> {
  const scope = metadata.namespace === undefined ? {} : { namespace: metadata.namespace };
  const pods = await client.listAll(Pods, scope);
  return pods.some(({ spec }) =>
    spec?.volumes?.some(({ persistentVolumeClaim }) => persistentVolumeClaim?.claimName === metadata.name)
  );
}
