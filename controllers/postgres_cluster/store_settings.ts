/**
 * Settings that Patroni takes from its own store alone, such as max_connections: what stands in a member's configuration
 * counts for them at the first start of a cluster only. So they are written there before members are restarted for them.
 */
import type { PostgresCluster } from "../../api/smoketurner/postgres_cluster.ts";
import type { Background } from "../../kube/background.ts";
import type { BackoffPolicy } from "../../kube/backoff.ts";
import type { ReconcileContext } from "../../kube/controller.ts";
import type { PatroniClient } from "../../postgres/patroni/rest.ts";
import type { AwaitedChange } from "./change.ts";
import { refuseWhenFenced } from "./fenced.ts";
import { STORE_PARAMETERS } from "../../postgres/patroni/settings.ts";
import { type Member, primaryOf } from "./members.ts";
import { parametersOf } from "./parameters.ts";

export interface StoreTools {
  readonly background: Background<true>;
  readonly client: PatroniClient;
  /** Of the cluster. */
  readonly key: string;
  readonly addressOf: (member: Member) => string | undefined;
}

export const STORE_BACKOFF: BackoffPolicy = { firstMs: 1_000, capMs: 10_000, jitter: 0.1 };

/** What was written holds until other settings are wanted. */
const FRESH_MS = 3_600_000;

/** Settings of a cluster that belong into Patroni's store. */
export function storeParameters(cluster: PostgresCluster): Readonly<Record<string, string>> {
  const all = Object.entries(parametersOf(cluster));
  return Object.fromEntries(all.filter(([name]) => STORE_PARAMETERS.has(name)));
}

/** Why members are not yet restarted for their settings; undefined when Patroni has them. Returns at once. */
export function awaitedSettings(
  cluster: PostgresCluster,
  members: readonly Member[],
  { background, client, key, addressOf }: StoreTools,
  context: Pick<ReconcileContext, "clock" | "signal" | "fence">,
): AwaitedChange | undefined {
  const primary = primaryOf(members) ?? members.find(({ ready }) => ready);
  const address = primary === undefined ? undefined : addressOf(primary);
  if (address === undefined) return undefined;
  const parameters = storeParameters(cluster);
  const progress = background.look(key, {
    id: JSON.stringify(parameters),
    freshMs: () => FRESH_MS,
    run: async (signal) => {
      refuseWhenFenced(context.fence);
      await client.setParameters(address, parameters, signal);
      return true;
    },
  }, context);
  switch (progress.kind) {
    case "done":
      return undefined;
    case "pending":
      return { kind: "moment", message: "Patroni is told of the new settings" };
    case "failed":
      return {
        kind: "wait",
        reason: "SettingsNotStored",
        message: `Patroni does not take the new settings: ${progress.error.message}`,
      };
  }
}
