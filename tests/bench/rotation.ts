/** What clients notice while everything happens to the webhook's certificates that can: nothing, if all is well. */
import { servingSecretName } from "../../webhook/pki/place.ts";
import { GroundClient } from "../ground/client.ts";
import { TurnedClock } from "../support/turned_clock.ts";
import { onStage, reached } from "../support/webhook_pki.ts";
import { callOn, rotate } from "../support/webhook_rotation.ts";
import type { Benchmark, Row, Stage, Table } from "./benchmark.ts";

const rounds = 12;
const everyMs = 5_000;
const clients = 4;

export const rotation: Benchmark = { name: "rotation", parts: "api", run };

async function run(stage: Stage): Promise<readonly Table[]> {
  using ground = new GroundClient(stage.plane.connection);
  const namespace = "rotation";
  await ground.apply({ apiVersion: "v1", kind: "Namespace", metadata: { name: namespace } });
  await ground.apply({
    apiVersion: "storage.k8s.io/v1",
    kind: "StorageClass",
    metadata: { name: "usual", annotations: { "storageclass.kubernetes.io/is-default-class": "true" } },
    provisioner: "example.com/none",
  });
  const rows: Row[] = [];
  stage.say(`${clients} clients, ${rounds} changes of certificates in ${rounds * everyMs / 1000} s ...`);
  await onStage(stage.plane.connection, { namespace, ground }, async (webhook) => {
    await webhook.install();
    const clock = new TurnedClock();
    clock.turn(-3_600);
    await using replica = webhook.start({ clock });
    await reached(replica);
    const end = new AbortController();
    const calls = callOn(webhook, clients, end.signal);
    await rotate(webhook, clock, { rounds, everyMs }).finally(() => end.abort());
    const { made, failures } = await calls;
    const shown = replica.log.filter((line) => line.includes("Shows a certificate")).length;
    const issued = replica.log.filter((line) => line.includes(`Secret ${servingSecretName} holds`)).length;
    rows.push(
      { what: "calls", value: made, unit: "" },
      {
        what: "calls that failed",
        value: failures.length,
        unit: "",
        target: { is: "at most", limit: 0 },
        note: failures.slice(0, 3).join("; "),
      },
      { what: "certificates issued", value: issued, unit: "" },
      { what: "certificates shown", value: shown, unit: "" },
    );
  });
  return [{ title: "rotation: certificates of the webhook change under load", rows }];
}
