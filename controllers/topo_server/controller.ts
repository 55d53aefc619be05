/** Keeps the etcd of a TopoServer as it should be. */
import { clusterLabel, ownedSelector } from "../../api/multigres/labels.ts";
import { type TopoServer, TopoServers } from "../../api/multigres/topo_server.ts";
import type { Cache } from "../../kube/cache.ts";
import { type Controller, type Outcome, type ReconcileContext, settled } from "../../kube/controller.ts";
import {
  PersistentVolumeClaims,
  PodDisruptionBudgets,
  Pods,
  Services,
  StatefulSets,
  StorageClasses,
} from "../../kube/kinds.ts";
import { keyOf } from "../../kube/store.ts";
import { trimPod } from "../../kube/trim.ts";
import type { Frozen, KubeObject, Stored } from "../../kube/types.ts";
import { appliedNotice } from "../applied_notice.ts";
import { outcomeOf } from "../outcome.ts";
import { restOfOwn } from "../status_rest.ts";
import { observe } from "./observe.ts";
import { plan } from "./plan.ts";
import { CLAIM } from "./shape.ts";
import { noticesOf, statusOf } from "./status.ts";

const own = { labels: ownedSelector };

export const topoServerController: Controller<TopoServer> = {
  name: "toposerver",
  statusRestMs: restOfOwn,
  watched: { resource: TopoServers.resource },
  owns: [
    { resource: StatefulSets, ...own },
    { resource: Services, ...own },
    { resource: PodDisruptionBudgets, ...own },
  ],
  sources: [
    { watched: { resource: Pods, ...own, trim: trimPod }, keys: ownerOfPod },
    { watched: { resource: PersistentVolumeClaims, labels: clusterLabel }, keys: ownerOfClaim },
    { watched: { resource: StorageClasses, optional: true }, keys: usersOfClass },
  ],
  decode: (raw) => TopoServers.decode(raw),
  reconcile,
};

async function reconcile(topoServer: TopoServer & Stored, context: ReconcileContext): Promise<Outcome> {
  // The garbage collector removes the children; the claims stay, as they hold the topology.
  if (topoServer.metadata.deletionTimestamp !== undefined) return settled;

  const result = await context.act(plan(observe(topoServer, context)));

  const after = observe(topoServer, context);
  const status = statusOf(after, result, context.clock);
  for (const notice of appliedNotice(topoServer.status, result.written)) context.record(notice);
  await context.writeStatus(status, noticesOf(topoServer, status));
  return outcomeOf(result);
}

/** A StatefulSet has the name of its TopoServer, and its pods name it as their owner. */
function ownerOfPod(pod: Frozen<KubeObject>): string[] {
  const owner = pod.metadata.ownerReferences?.find((reference) => reference.kind === "StatefulSet");
  return owner === undefined ? [] : [keyIn(pod, owner.name)];
}

/** `data-<name>-<ordinal>` leads to `<name>`. */
function ownerOfClaim(claim: Frozen<KubeObject>): string[] {
  const parts = new RegExp(`^${CLAIM}-(.+)-\\d+$`).exec(claim.metadata.name);
  return parts?.[1] === undefined ? [] : [keyIn(claim, parts[1])];
}

function usersOfClass(storageClass: Frozen<KubeObject>, cache: Cache): string[] {
  const { name } = storageClass.metadata;
  return [...cache.store(TopoServers.resource).values()]
    .filter((topoServer) => topoServer.spec.etcd?.storage?.class === name)
    .map((topoServer) => keyOf(topoServer.metadata));
}

function keyIn({ metadata }: Frozen<KubeObject>, name: string): string {
  return keyOf(metadata.namespace === undefined ? { name } : { namespace: metadata.namespace, name });
}
