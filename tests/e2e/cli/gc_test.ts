import assert from "node:assert/strict";
import { orphanSinceLabel, orphanSinceValue, ownedSelector } from "../../../api/multigres/labels.ts";
import { collect } from "../../../cli/gc.ts";
import { PersistentVolumeClaims, Pods } from "../../../kube/kinds.ts";
import { silentLogger } from "../../../telemetry/log.ts";
import { sharedCluster } from "../../ground/ground.ts";
import { waitUntil } from "../../ground/wait_for.ts";
import { withNamespace } from "../../ground/with_namespace.ts";
import { steadyClient } from "../../support/operator.ts";

const [managedBy = "", operator = ""] = ownedSelector.split("=");
const spec = { accessModes: ["ReadWriteOnce"], resources: { requests: { storage: "1Gi" } } };
const hoursAgo = (hours: number) => orphanSinceValue(new Date(Date.now() - hours * 3_600_000));

Deno.test("only claims that were left behind long ago, and that nobody uses, are deleted", (t) =>
  withNamespace(t, async ({ namespace }) => {
    using client = steadyClient(sharedCluster().connection);
    const claim = async (name: string, labels: Record<string, string>) => {
      await client.create(PersistentVolumeClaims, { metadata: { namespace, name, labels }, spec });
    };
    const ours = { [managedBy]: operator };
    await claim("old", { ...ours, [orphanSinceLabel]: hoursAgo(30) });
    await claim("young", { ...ours, [orphanSinceLabel]: hoursAgo(1) });
    await claim("used", { ...ours, [orphanSinceLabel]: hoursAgo(30) });
    await claim("unmarked", ours);
    await claim("nonsense", { ...ours, [orphanSinceLabel]: "yesterday" });
    await claim("strange", { [orphanSinceLabel]: hoursAgo(30) });
    await client.create(Pods, {
      metadata: { namespace, name: "user" },
      spec: {
        containers: [{ name: "c", image: "example/c" }],
        volumes: [{ name: "v", persistentVolumeClaim: { claimName: "used" } }],
      },
    });
    // While a claim is bound it changes, and is not deleted as it was seen.
    await waitUntil(
      "every claim to be bound",
      () => client.listAll(PersistentVolumeClaims, { namespace }),
      (claims) => claims.every(({ status }) => status?.phase === "Bound"),
    );
    const rules = { namespace, retentionSeconds: 24 * 3_600, dryRun: true };
    const zero = { scanned: 4, deleted: 0, would_delete: 0, skipped: 2, malformed: 1, errors: 0 };
    assert.deepEqual(await collect(client, rules, silentLogger), { ...zero, would_delete: 1 });
    assert.deepEqual(await collect(client, { ...rules, dryRun: false }, silentLogger), {
      ...zero,
      deleted: 1,
    });
    const left = await client.listAll(PersistentVolumeClaims, { namespace });
    const kept = left.filter(({ metadata }) => metadata.deletionTimestamp === undefined);
    assert.deepEqual(kept.map(({ metadata }) => metadata.name).sort(), [
      "nonsense",
      "strange",
      "unmarked",
      "used",
      "young",
    ]);
  }));
