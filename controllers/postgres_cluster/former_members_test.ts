import assert from "node:assert/strict";
import { annotations } from "../../api/smoketurner/annotations.ts";
import type { Pod } from "../../kube/kinds.ts";
import type { Stored } from "../../kube/types.ts";
import { storedCluster } from "../../tests/support/postgres_clusters.ts";
import { askedHash, isOutdated } from "./asked.ts";
import { desiredPatroniConfigMap } from "./desired_patroni_config.ts";
import { formerMembersStatement } from "./former_members.ts";
import { membersOf } from "./members.ts";
import { CONFIGURATION_VARIABLE } from "./pod_environment.ts";
import { memberSelector } from "./shape.ts";

const consent = { annotations: { [annotations.adoptOperatorChanges]: "true" } };

interface Given {
  readonly hash?: string;
  readonly env?: { name: string; value: string }[];
  readonly leaving?: boolean;
}

function pod(ordinal: number, { hash, env = [], leaving = false }: Given = {}): Pod & Stored {
  return {
    apiVersion: "v1",
    kind: "Pod",
    metadata: {
      name: `orders-${ordinal}`,
      uid: `u${ordinal}`,
      resourceVersion: "1",
      labels: memberSelector(storedCluster()),
      ...(hash === undefined ? {} : { annotations: { [annotations.askedHash]: hash } }),
      ...(leaving ? { deletionTimestamp: "2026-01-01T00:00:00Z" } : {}),
    },
    spec: { containers: [{ name: "postgres", image: "ghcr.io/zalando/spilo-16:3.3-p3", env }] },
  };
}

const told = (...pods: Pod[]) => formerMembersStatement(membersOf(pods, storedCluster()))[0]?.message;

Deno.test("members that another operator made are named, with the danger they are in and what helps", () => {
  const hash = askedHash(storedCluster());
  const message = told(pod(0), pod(1, { hash }), pod(2)) ?? "";
  assert.match(message, /left as they run: orders-0, orders-2\./);
  assert.match(message, /on no volume/);
  assert.match(message, /set annotation postgres-operator\.smoketurner\.com\/adopt-operator-changes to true/);
  const onVolume = pod(0, { env: [{ name: "PGDATA", value: "/var/lib/postgresql/data/pgdata" }] });
  assert.doesNotMatch(told(onVolume) ?? "", /on no volume/);
});

Deno.test("nothing is said once no such member is left", () => {
  assert.equal(told(pod(0, { hash: "of whatever" }), pod(1, { leaving: true })), undefined);
});

Deno.test("a consent restarts members that another operator made, and nobody else", () => {
  const plain = storedCluster();
  const value = desiredPatroniConfigMap(plain).data?.["spilo-config.yml"] ?? "";
  const former = pod(0, { env: [{ name: CONFIGURATION_VARIABLE, value }] });
  assert.equal(isOutdated(former, plain), false);
  assert.equal(isOutdated(former, storedCluster({}, consent)), true);
  assert.equal(isOutdated(pod(0, { hash: askedHash(plain) }), storedCluster({}, consent)), false);
});
