import assert from "node:assert/strict";
import { parse } from "yaml";
import { annotations } from "../../api/smoketurner/annotations.ts";
import type { StatefulSet } from "../../kube/kinds.ts";
import { differences } from "../../tests/support/object_differences.ts";
import { recordedSpec, storedCluster } from "../../tests/support/postgres_clusters.ts";
import { withoutServerDefaults } from "../../tests/support/server_defaults.ts";
import { isOutdated } from "./asked.ts";
import { desiredDisruptionBudget } from "./desired_disruption_budget.ts";
import { desiredRole, desiredRoleBinding, desiredServiceAccount } from "./desired_identity.ts";
import { desiredNetworkPolicy } from "./desired_network_policy.ts";
import { desiredPatroniConfigMap } from "./desired_patroni_config.ts";
import { desiredHeadlessService, desiredPrimaryService, desiredReplicaService } from "./desired_services.ts";
import { desiredStatefulSet } from "./desired_stateful_set.ts";
import recorded from "./recorded_objects.json" with { type: "json" };

const cluster = storedCluster(recordedSpec);
const recordedSet = recorded["StatefulSet/orders"];

/** What no two runs share, what the API server fills in, and texts that the record leaves out. */
const notOurs = [
  /^\+ \.metadata\.(namespace|ownerReferences\[0\]\.uid): /,
  /^- \.(kind|metadata\.annotations)/,
  /^[+~-] \.data/,
  /^- \.spec\.(clusterIPs|serviceAccount)/,
  /^- \.spec\.template\.spec\.serviceAccount: /,
  /^- \.spec\.volumeClaimTemplates\[0\]\.(apiVersion|kind|status|spec\.volumeMode)/,
  /^~ \.spec\.template\.spec\.containers\[0\]\.env\[\d+\]\.value: .*"<text>"$/,
  /^- \.spec\.template\.spec\.initContainers\[0\]\.resources: {}$/,
];

function unexplained(ours: unknown, theirs: unknown): string[] {
  return differences(withoutServerDefaults(ours), withoutServerDefaults(theirs))
    .filter((line) => !notOurs.some((pattern) => pattern.test(line)));
}

Deno.test("the objects around the members are those that were recorded, but for what is told of them", () => {
  const name = "app.kubernetes.io/name";
  const narrower = [`- .spec.selector.${name}: "orders"`, '+ .spec.selector.application: "spilo"'];
  const expected: [string, unknown, string[]][] = [
    ["ServiceAccount/orders-patroni", desiredServiceAccount(cluster), []],
    ["Role/orders-patroni", desiredRole(cluster), []],
    ["RoleBinding/orders-patroni", desiredRoleBinding(cluster), []],
    ["ConfigMap/orders-patroni-config", desiredPatroniConfigMap(cluster), []],
    ["Service/orders-primary", desiredPrimaryService(cluster), narrower],
    ["Service/orders-repl", desiredReplicaService(cluster), narrower],
    ["Service/orders-headless", desiredHeadlessService(cluster), narrower],
    ["PodDisruptionBudget/orders-pdb", desiredDisruptionBudget(cluster, 3), [
      `- .spec.selector.matchLabels.${name}: "orders"`,
      '+ .spec.selector.matchLabels.application: "spilo"',
    ]],
    ["NetworkPolicy/orders-network-policy", desiredNetworkPolicy(cluster, ["postgres-operator-system"]), [
      '+ .spec.egress[0].ports[1]: {"port":8008}',
      '+ .spec.egress[1].ports[1]: {"port":53}',
      '+ .spec.egress[2].ports[1]: {"port":6443}',
    ]],
  ];
  for (const [key, ours, differing] of expected) {
    const theirs: unknown = Reflect.get(recorded, key);
    assert.ok(theirs !== undefined, key);
    assert.deepEqual(unexplained(ours, theirs).sort(), [...differing].sort(), key);
  }
});

const standing: StatefulSet = { apiVersion: "apps/v1", ...recordedSet } as unknown as StatefulSet;

Deno.test("a StatefulSet that stands is taken over with what nobody may change of it", () => {
  const ours = desiredStatefulSet(cluster, { existing: standing, replicas: 3 });
  const changed = unexplained(ours, recordedSet).filter((line) => !line.includes(".env["));
  assert.deepEqual(changed.map((line) => line.replace(/:.*/, "")).sort(), [
    "+ .spec.template.metadata.annotations",
    "+ .spec.template.spec.containers[0].lifecycle.preStop.exec.command",
    "+ .spec.template.spec.containers[0].readinessProbe.failureThreshold",
    "- .spec.template.spec.containers[0].lifecycle.preStop.exec.command",
    "- .spec.updateStrategy.rollingUpdate",
    "~ .spec.template.spec.containers[0].readinessProbe.initialDelaySeconds",
    "~ .spec.template.spec.containers[0].readinessProbe.periodSeconds",
    "~ .spec.template.spec.containers[0].startupProbe.failureThreshold",
    "~ .spec.template.spec.containers[0].startupProbe.httpGet.path",
    "~ .spec.template.spec.containers[0].startupProbe.initialDelaySeconds",
    "~ .spec.template.spec.containers[0].startupProbe.periodSeconds",
    "~ .spec.updateStrategy.type",
  ]);
});

Deno.test("members have the variables that were recorded, and those that put the database on its volume", () => {
  const ours = desiredStatefulSet(cluster, { existing: undefined, replicas: 3 });
  const env = ours.spec?.template.spec?.containers[0]?.env ?? [];
  const added = new Set(["PGDATA", "PGLOG"]);
  const rest = env.filter(({ name }) => !added.has(name));
  const theirs = recordedSet.spec.template.spec.containers[0]?.env;
  const unequal = differences(rest, theirs).filter((line) => !line.endsWith('"<text>"'));
  assert.deepEqual(unequal, []);
  assert.equal(rest.length, env.length - 2);
  const folder = env.find(({ name }) => name === "PGDATA")?.value ?? "";
  const mounts = ours.spec?.template.spec?.containers[0]?.volumeMounts ?? [];
  const mount = mounts.find(({ name }) => name === "data")?.mountPath;
  assert.ok(mount !== undefined && folder.startsWith(`${mount}/`), `${folder} is on the volume at ${mount}`);
});

Deno.test("a new StatefulSet selects by labels that no user can change", () => {
  const { spec } = desiredStatefulSet(cluster, { existing: undefined, replicas: 3 });
  const selector = spec?.selector.matchLabels ?? {};
  assert.deepEqual(Object.keys(selector).sort(), [
    "application",
    "postgres-operator.smoketurner.com/cluster",
    "postgres-operator.smoketurner.com/ha-mode",
  ]);
  const labels = spec?.template.metadata?.labels ?? {};
  assert.ok(Object.entries(selector).every(([key, value]) => labels[key] === value));
  assert.equal(spec?.podManagementPolicy, "Parallel");
});

Deno.test("a member of a cluster that was made before is not restarted for what only looks different", () => {
  const template = recordedSet.spec.template;
  const parameters = desiredPatroniConfigMap(cluster).data?.["spilo-config.yml"] ?? "";
  const pod = (configuration: string) => ({
    apiVersion: "v1",
    kind: "Pod",
    metadata: { name: "orders-0", labels: template.metadata.labels },
    spec: {
      containers: template.spec.containers.map(({ name, image, env }) => ({
        name,
        image,
        env: env.map((each) =>
          each.name === "SPILO_CONFIGURATION" ? { ...each, value: configuration } : each
        ),
      })),
    },
  });
  const respelt = JSON.stringify(parse(parameters));
  assert.equal(isOutdated(pod(respelt), cluster), false);
  const other = storedCluster({ ...recordedSpec, postgresqlParams: { work_mem: "16MB" } });
  assert.equal(isOutdated(pod(respelt), other), true);
  assert.equal(isOutdated(pod(respelt), storedCluster({ ...recordedSpec, version: "17" })), true);
  const resized = storedCluster({ ...recordedSpec, resources: { limits: { cpu: "2", memory: "2Gi" } } });
  assert.equal(isOutdated(pod(respelt), resized), false);
  assert.equal(pod(respelt).metadata.labels["team"], "shop");
  assert.equal(annotations.askedHash in pod(respelt).metadata, false);
});
