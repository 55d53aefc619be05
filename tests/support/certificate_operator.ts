/** An operator that does nothing but keep the certificates of MultigresClusters, on a real API server. */
import { type MultigresCluster, MultigresClusters } from "../../api/multigres/multigres_cluster.ts";
import { certificateSteps, ownedCertificates } from "../../controllers/multigres_cluster/certificates.ts";
import type { KubeClient } from "../../kube/client.ts";
import { type Clock, systemClock } from "../../kube/clock.ts";
import { mergeConditions } from "../../kube/conditions.ts";
import type { Controller, Outcome, ReconcileContext } from "../../kube/controller.ts";
import { type Secret, Secrets } from "../../kube/kinds.ts";
import type { Stored } from "../../kube/types.ts";
import { sharedCluster } from "../ground/ground.ts";
import { delay, waitUntil } from "../ground/wait_for.ts";
import { withNamespace } from "../ground/with_namespace.ts";
import { viewOf } from "./cluster_view.ts";
import { clusterSpec } from "./multigres_specs.ts";
import {
  installKinds,
  type OperatorOptions,
  type RunningOperator,
  startOperator,
  steadyClient,
} from "./operator.ts";

const certificateController: Controller<MultigresCluster> = {
  name: "certificates",
  watched: { resource: MultigresClusters.resource },
  owns: ownedCertificates,
  decode: (raw) => MultigresClusters.decode(raw),
  reconcile,
};

async function reconcile(cluster: MultigresCluster & Stored, context: ReconcileContext): Promise<Outcome> {
  const { name, namespace = "", generation } = cluster.metadata;
  const view = { ...viewOf(cluster.spec, { name, namespace }), owner: cluster };
  const { steps, cleanup, statement, checkAfterSeconds } = await certificateSteps(view, context);
  const acted = await context.act(steps);
  const cleaned = await context.act(cleanup);
  const statements = statement === undefined ? [] : [statement];
  const conditions = mergeConditions(cluster.status?.conditions, statements, {
    generation,
    clock: context.clock,
  });
  await context.writeStatus({ conditions });
  for (const result of [acted, cleaned]) {
    if (result.kind === "failed") return { kind: "failed", error: result.error };
  }
  return checkAfterSeconds === undefined
    ? { kind: "settled" }
    : { kind: "again", afterSeconds: checkAfterSeconds };
}

/** The clock of the machine, put forward by hand. */
export class TurnedClock implements Clock {
  #days = 0;

  turn(days: number): void {
    this.#days += days;
  }

  now(): Date {
    return new Date(Date.now() + this.#days * 86_400_000);
  }

  monotonic = () => systemClock.monotonic();
  after = (milliseconds: number, callback: () => void) => systemClock.after(milliseconds, callback);
}

/** A namespace with an operator, and a cluster called `orders`. */
export interface CertificateStage {
  readonly namespace: string;
  readonly client: KubeClient;
  readonly operator: RunningOperator;
  readonly clock: TurnedClock;
  /** Makes the cluster be so. */
  apply(
    spec: Readonly<Record<string, unknown>>,
    annotations?: Readonly<Record<string, string>>,
  ): Promise<void>;
  /** Has the operator look at the cluster again. */
  touch(): Promise<void>;
  /** Waits until the condition has this reason. @returns its message. */
  untilReason(reason: string): Promise<string>;
  /** The Secrets that are there, by name. */
  secrets(): Promise<ReadonlyMap<string, Secret>>;
  /** One of them, once it is as wanted. */
  untilSecret(name: string, accept: (secret: Secret) => boolean): Promise<Secret>;
}

const NAME = "orders";

export interface ScenarioOptions extends Pick<OperatorOptions, "prepare"> {
  /** Done before the operator starts. */
  readonly before?: (client: KubeClient) => Promise<void>;
}

/** A test with a stage of its own. */
export function certificateScenario(
  name: string,
  run: (stage: CertificateStage) => Promise<void>,
  { prepare, before }: ScenarioOptions = {},
): void {
  Deno.test(name, (t) =>
    withNamespace(t, async ({ namespace }) => {
      using client = steadyClient(sharedCluster().connection);
      await installKinds(client);
      await before?.(client);
      const clock = new TurnedClock();
      await using operator = startCertificateOperator(namespace, clock, prepare);
      await run(stageOf({ namespace, client, operator, clock }));
    }));
}

export function startCertificateOperator(
  namespace: string,
  clock: Clock,
  prepare?: OperatorOptions["prepare"],
): RunningOperator {
  return startOperator(sharedCluster().connection, {
    setUp: (manager) => manager.add(certificateController),
    namespaces: [namespace],
    clock,
    ...(prepare === undefined ? {} : { prepare }),
  });
}

type Parts = Pick<CertificateStage, "namespace" | "client" | "operator" | "clock">;

function stageOf(parts: Parts): CertificateStage {
  const { namespace, client } = parts;
  const key = { namespace, name: NAME };
  const condition = async () => {
    const { status, metadata } = await client.get(MultigresClusters.resource, key);
    return status?.conditions?.find(({ type, observedGeneration }) =>
      type === "CertificatesReady" && observedGeneration === metadata.generation
    );
  };
  const secrets = async () =>
    new Map(
      (await client.listAll(Secrets, { namespace })).map((secret) => [secret.metadata.name, secret] as const),
    );
  let touches = 0;
  return {
    ...parts,
    apply: async (spec, annotations = {}) => {
      const metadata = { ...key, annotations: { ...annotations } };
      await client.apply(MultigresClusters.resource, { metadata, spec: structuredClone(clusterSpec(spec)) });
    },
    touch: async () => {
      const annotations = { touched: `${++touches}` };
      await client.patch(MultigresClusters.resource, key, { metadata: { annotations } });
      await delay(500);
    },
    untilReason: async (reason) => {
      const seen = await waitUntil(`reason ${reason}`, condition, (each) => each?.reason === reason);
      return seen?.message ?? "";
    },
    secrets,
    untilSecret: async (name, accept) => {
      const look = async () => (await secrets()).get(name);
      const found = await waitUntil(`Secret ${name}`, look, (each) => each !== undefined && accept(each));
      if (found === undefined) throw new Error(`Cannot find Secret ${name}`);
      return found;
    },
  };
}
