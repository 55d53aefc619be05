/** What admission refuses, where nobody asked admission: the objects say so, and nothing bad is made. */
import assert from "node:assert/strict";
import { StatefulSets } from "../../../kube/kinds.ts";
import { GroundClient } from "../../ground/client.ts";
import { sharedCluster } from "../../ground/ground.ts";
import { delay } from "../../ground/wait_for.ts";
import { name, scenario, type Stage } from "./stage.ts";

const backup = { schedule: "0 2 * * *", retention: { count: 7 }, encryption: { keySecret: "key" } };
const unsaved = { replicas: 3, resources: { limits: { cpu: "1", memory: "1Gi" } } };
const strict = { ...unsaved, backup };

/** Makes the namespace one of production, or not any more. */
async function production(namespace: string, value: "production" | "test"): Promise<void> {
  using ground = new GroundClient(sharedCluster().connection);
  const path = `/api/v1/namespaces/${namespace}`;
  await ground.request(
    "PATCH",
    path,
    { metadata: { labels: { env: value } } },
    "application/merge-patch+json",
  );
}

async function messageOf(stage: Stage, type: string): Promise<string> {
  return (await stage.status())?.conditions?.find((each) => each.type === type)?.message ?? "";
}

scenario(
  "in a namespace of production a cluster that is not fit for it is not made, and says why",
  async (stage) => {
    const { client, namespace } = stage;
    await production(namespace, "production");
    const faults = [
      [{ ...strict, replicas: 2 }, "ProductionHARequired"],
      [unsaved, "ProductionBackupRequired"],
      [{ ...strict, resources: { limits: { cpu: "1" } } }, "ProductionResourceLimitsRequired"],
      [
        { ...strict, networkPolicy: { allowExternalAccess: true } },
        "ProductionExternalAccessNotAllowed",
      ],
    ] as const;
    for (const [changes, reason] of faults) {
      await stage.apply(changes);
      await stage.untilCondition("ConfigurationValid", `False/${reason}`);
      assert.match(
        await messageOf(stage, "Ready"),
        /Cannot .* in a namespace with label env=production: set /,
      );
    }
    assert.equal(await client.find(StatefulSets, { namespace, name }), undefined);
    await production(namespace, "test");
    await stage.untilPhase("Running");
  },
);

scenario("a namespace that becomes one of production stops no cluster that runs in it", async (stage) => {
  const { namespace } = stage;
  await stage.apply({ replicas: 1 });
  await stage.untilPhase("Running");
  await production(namespace, "production");
  await stage.untilCondition("ConfigurationValid", "False/ProductionHARequired");
  assert.match(
    await messageOf(stage, "ConfigurationValid"),
    /Cannot run 1 members .*Cannot run without backups/,
  );
  assert.equal((await stage.status())?.phase, "Running");
  await stage.apply({ replicas: 2 });
  await stage.untilPhase("Scaling");
  await stage.untilPhase("Running");
});

scenario("another StorageClass and another version are refused, and the cluster goes on", async (stage) => {
  await stage.apply({ replicas: 1, storage: { size: "1Gi", storageClass: "standard" } });
  await stage.untilPhase("Running");
  await stage.apply({ replicas: 1, version: "17", storage: { size: "1Gi", storageClass: "other" } });
  await stage.untilCondition("ConfigurationValid", "False/VersionChangeRefused");
  const message = await messageOf(stage, "ConfigurationValid");
  assert.match(message, /Cannot change spec.version from 16 to 17 in place/);
  assert.match(
    message,
    /Cannot change spec.storage.storageClass to other .*current value is standard; set it back/,
  );
  await delay(1_000);
  assert.equal((await stage.status())?.phase, "Running");
  await stage.apply({ replicas: 1, storage: { size: "1Gi", storageClass: "standard" } });
  await stage.untilCondition("ConfigurationValid", "True/SpecValid");
  await stage.apply({ replicas: 1, version: "15", storage: { size: "1Gi", storageClass: "standard" } });
  await stage.untilCondition("ConfigurationValid", "False/VersionDowngradeRejected");
});
