import assert from "node:assert/strict";
import { globalGatewayServiceName, multiadminWebName } from "../../../api/multigres/names.ts";
import type { Condition } from "../../../kube/conditions.ts";
import { isRecord } from "../../../kube/errors.ts";
import { Deployments, Services } from "../../../kube/kinds.ts";
import type { KubeRequest } from "../../../kube/transport.ts";
import { waitUntil } from "../../ground/wait_for.ts";
import { type ClusterStage, clusterTest } from "../../support/cluster_stage.ts";
import type { RunningOperator } from "../../support/operator.ts";
import { cluster, conditionOf, eventsOf, start, untilCondition } from "./support.ts";
import { SETTLED_MS, untilQuiet } from "../../support/quiet.ts";

const managed = { etcd: { replicas: 1, storage: { size: "1Gi" } } };

/** A cluster with an etcd of its own, and one with entrances. */
const both = (options: Readonly<Record<string, unknown>> = {}) =>
  [
    cluster("own", { globalTopoServer: managed, ...options }),
    cluster("open", {
      externalGateway: { enabled: true, externalIPs: ["192.0.2.7"] },
      externalAdminWeb: { enabled: true },
      ...options,
    }),
  ].join("---\n");

async function untilHealthy(stage: ClusterStage): Promise<void> {
  for (const name of ["own", "open"]) await stage.untilPhase(name, "Healthy");
}

/** Requests of an operator after it has begun to watch: lists are not among them. */
function asked({ transport }: RunningOperator): string[] {
  return transport.seen.filter((entry) => !entry.startsWith("WATCH "));
}

clusterTest(
  "settled clusters cost no request, and an operator that starts anew writes nothing",
  async (stage) => {
    await stage.apply(both());
    {
      await using operator = start(stage);
      await untilHealthy(stage);
      await untilQuiet(operator, SETTLED_MS);
      const before = asked(operator).length;
      await untilQuiet(operator, SETTLED_MS);
      assert.deepEqual(asked(operator).slice(before), []);
    }
    await using second = start(stage);
    await waitUntil("its first lists", () => second.manager.readiness().ready, (ready) => ready);
    await untilQuiet(second, SETTLED_MS);
    assert.deepEqual(second.transport.writes, []);
  },
);

/** What was said with each write of a cluster's status, in order. */
class Story {
  readonly #said: { readonly generation: unknown; readonly conditions: readonly Condition[] }[] = [];

  constructor(private readonly cluster: string) {}

  /** Listens to a request. */
  readonly hear = ({ method, path, body }: KubeRequest): void => {
    if (method !== "PATCH" || !path.includes(`/multigresclusters/${this.cluster}/status`)) return;
    const object: unknown = JSON.parse(body ?? "");
    const status = isRecord(object) ? object["status"] : undefined;
    assert.ok(isRecord(status) && Array.isArray(status["conditions"]));
    this.#said.push({ generation: status["observedGeneration"], conditions: status["conditions"] });
  };

  get writes(): number {
    return this.#said.length;
  }

  /** The values that a condition had, one after the other. */
  of(type: string): string[] {
    const values = this.#said.flatMap(({ conditions }) =>
      conditions.filter((each) => each.type === type).map(({ status }) => status)
    );
    return values.filter((value, at) => value !== values[at - 1]);
  }

  /** Conditions about another generation than the status that they stand in. */
  stale(): Condition[] {
    return this.#said.flatMap(({ generation, conditions }) =>
      conditions.filter(({ observedGeneration }) => observedGeneration !== generation)
    );
  }
}

clusterTest("no condition of a cluster that comes up goes back and forth", async (stage) => {
  const stories = { own: new Story("own"), open: new Story("open") };
  /** Gateways come after the first status, which would else begin with what they bring. */
  const isTooEarly = ({ method, path }: KubeRequest) =>
    method === "PATCH" &&
    Object.entries(stories).some(([name, { writes }]) =>
      writes === 0 && path.includes(`/deployments/${name}-`) && path.includes("-multigateway-")
    );
  await stage.apply(both());
  await using _operator = start(stage, {
    prepare: (transport) => {
      transport.onRequest = (request) => {
        for (const story of Object.values(stories)) story.hear(request);
        return isTooEarly(request) ? { kind: "drop" } : undefined;
      };
    },
  });
  await untilHealthy(stage);
  const seen = await untilCondition(stage, "open", ["GatewayExternalReady", "True/EndpointReady"]);
  assert.equal(seen.status?.gateway?.externalEndpoint, "192.0.2.7");
  const path: Readonly<Record<string, string[]>> = {
    Available: ["False", "True"],
    SpecAccepted: ["True"],
    ImageRolloutPending: ["False"],
    GatewayExternalReady: ["False", "True"],
    AdminWebExternalReady: ["False"],
  };
  for (const [type, values] of Object.entries(path)) {
    assert.deepEqual(stories.open.of(type), values, type);
    if (!type.endsWith("ExternalReady")) assert.deepEqual(stories.own.of(type), values, type);
  }
  for (const story of Object.values(stories)) {
    assert.ok(["True", "False,True"].includes(story.of("TopologyRegistered").join()));
    assert.deepEqual(story.stale(), []);
    assert.ok(story.writes <= 12, `${story.writes} writes of status`);
  }
  console.log(`status writes until Healthy: ${stories.own.writes} and ${stories.open.writes}`);
});

clusterTest(
  "events tell transitions, each once, and what was filled in once for each generation",
  async (stage) => {
    const told = async () =>
      (await eventsOf(stage, "MultigresCluster", "own")).map(({ type, reason, message, count }) => ({
        line: `${type} ${reason}`,
        message: message ?? "",
        count: count ?? 1,
      }));
    await stage.apply(both());
    await using operator = start(stage);
    await untilHealthy(stage);
    await untilQuiet(operator);
    const first = await told();
    assert.ok(first.every(({ line }) => line.startsWith("Normal ")), JSON.stringify(first));
    assert.ok(first.every(({ count }) => count === 1), JSON.stringify(first));
    const implied = (events: typeof first) =>
      events.filter(({ line }) => line === "Normal ImplicitDefault").reduce(
        (sum, { count }) => sum + count,
        0,
      );
    const filledIn = implied(first);
    assert.ok(filledIn > 0);
    const phases = first.filter(({ line }) => line === "Normal PhaseChange").map(({ message }) => message);
    assert.match(phases.at(-1) ?? "", /is now Healthy: Ready/);
    assert.equal(phases.length, 1, phases.join("; "));

    await stage.apply(both({ logLevels: { multiadmin: "debug" } }));
    await untilHealthy(stage);
    await untilQuiet(operator);
    assert.equal(implied(await told()), 2 * filledIn);
  },
);

/** An entrance, and what its Service and the status say. */
async function entrance({ client, namespace, cluster }: ClusterStage) {
  const { status, ...rest } = await cluster("c");
  const { spec } = await client.get(Services, { namespace, name: globalGatewayServiceName("c") });
  return {
    type: spec?.type,
    endpoint: status?.gateway?.externalEndpoint,
    condition: conditionOf({ ...rest, ...(status === undefined ? {} : { status }) }, "GatewayExternalReady"),
  };
}

clusterTest(
  "an entrance opens, waits for its address, is told, and closes without a trace",
  async (stage) => {
    const { client, namespace } = stage;
    const open = (externalGateway: unknown) => stage.apply(cluster("c", { externalGateway }));
    const until = (expected: Awaited<ReturnType<typeof entrance>>) =>
      waitUntil(
        JSON.stringify(expected),
        () => entrance(stage),
        (seen) => JSON.stringify(seen) === JSON.stringify(expected),
      );
    await open(null);
    await using _operator = start(stage);
    await stage.untilPhase("c", "Healthy");
    await open({ enabled: true });
    await until({ type: "LoadBalancer", endpoint: "", condition: "False/AwaitingEndpoint" });
    const path = { namespace, name: globalGatewayServiceName("c") };
    const ingress = [{ hostname: "db.example.org" }];
    await client.patch(Services, path, { status: { loadBalancer: { ingress } } }, "status");
    await until({ type: "LoadBalancer", endpoint: "db.example.org", condition: "True/EndpointReady" });
    await open({ enabled: true, externalIPs: ["192.0.2.9"] });
    await until({ type: "ClusterIP", endpoint: "192.0.2.9", condition: "True/EndpointReady" });
    await open({ enabled: false });
    await until({ type: "ClusterIP", endpoint: undefined, condition: "undefined/undefined" });
  },
);

clusterTest("the entrance to the admin pages is not ready before a pod of theirs is", async (stage) => {
  const { client, namespace } = stage;
  const admin = (replicas: number) =>
    cluster("c", {
      externalAdminWeb: { enabled: true, externalIPs: ["192.0.2.8"] },
      multiadminWeb: { spec: { replicas } },
    });
  await stage.apply(admin(0));
  await using _operator = start(stage);
  await untilCondition(stage, "c", ["AdminWebExternalReady", "False/NoReadyAdminWeb"]);
  await stage.apply(admin(1));
  await untilCondition(stage, "c", ["AdminWebExternalReady", "True/EndpointReady"]);
  const { status } = await client.get(Deployments, { namespace, name: multiadminWebName("c") });
  assert.equal(status?.readyReplicas, 1);
});
