/**
 * How long reviews of a cluster of 19 KB take, while nothing else is done and while 200 clusters are being reconciled, and
 * what the webhook costs. Targets were measured elsewhere, so a webhook in Go that knows no rule is asked in turns with it:
 * what that takes, any Go operator takes on the machine at hand. What the reconciles of the same process take from reviews,
 * and what those of the API server do, shows beside a second replica, which stands by on the same machine and serves the
 * same reviews at the same time. That rotations lose no call is measured by `rotation`.
 */
import { reviewFlags } from "../../tools/image/engine.ts";
import { GroundClient } from "../ground/client.ts";
import { installDefinitions } from "../ground/operator.ts";
import { besideRows, busyRows, fleetSize } from "./admission_busy.ts";
import { memoryWithout, startParty, withFlags } from "./admission_party.ts";
import { quietRows } from "./admission_quiet.ts";
import type { Benchmark, Row, Stage, Table } from "./benchmark.ts";
import { fillCache, user, usualVariant, type Variant } from "./operator.ts";
import { startPlainWebhook } from "./plain_webhook.ts";

export const admission: Benchmark = {
  name: "admission",
  parts: "api",
  options: { auditedUser: user },
  run,
};

async function run(stage: Stage): Promise<readonly Table[]> {
  using client = new GroundClient(stage.plane.connection);
  await installDefinitions(client);
  await client.apply({
    apiVersion: "storage.k8s.io/v1",
    kind: "StorageClass",
    metadata: { name: "usual", annotations: { "storageclass.kubernetes.io/is-default-class": "true" } },
    provisioner: "example.com/none",
  });
  const variant = await usualVariant(stage);
  await fillCache(variant);
  // As the manifests without webhooks run it, and those with webhooks.
  const without = await memoryWithout(stage, variant);
  const reviewing = withFlags(variant, reviewFlags);
  const usual = await usualRows(stage, variant, without);
  await using stack = new AsyncDisposableStack();
  const leader = await startParty(stage, reviewing, stack);
  const plain = stack.use(await startPlainWebhook(stage));
  const { rows: quiet, ratios: compared } = await quietRows(stage, leader, without, plain.port);
  const busy = await busyRows(stage, client, leader, plain);
  const standby = await startParty(stage, reviewing, stack);
  const beside = await besideRows(stage, client, { leader, standby });
  return [
    { title: `admission: reviews of a cluster of 19 KB, operator ${variant.name}`, rows: quiet },
    {
      title: "admission: the same reviews, asked in turns of a webhook in Go without any rule",
      rows: compared,
    },
    { title: "admission: the same with the image's flags for the engine", rows: usual },
    { title: `admission: reviews while ${fleetSize} clusters are reconciled`, rows: busy },
    { title: `admission: two replicas are asked while ${fleetSize} more are reconciled`, rows: beside },
  ];
}

async function usualRows(stage: Stage, variant: Variant, without: number): Promise<readonly Row[]> {
  await using stack = new AsyncDisposableStack();
  return (await quietRows(stage, await startParty(stage, variant, stack), without)).rows;
}
