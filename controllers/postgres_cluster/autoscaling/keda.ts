/** KEDA's objects, for clusters of Kubernetes that have it: it then decides about the number of members. */
import { annotations } from "../../../api/smoketurner/annotations.ts";
import { credentialKeys } from "../../../api/smoketurner/secret_keys.ts";
import type { Applied } from "../../../kube/client.ts";
import { defineResource, writtenBy } from "../../../kube/resource.ts";
import type { KubeObject } from "../../../kube/types.ts";
import { FIELD_MANAGER } from "../../../api/smoketurner/group.ts";
import { childMetadata, type Cluster, namesOf } from "../shape.ts";
import {
  boundsOf,
  DEFAULT_CPU_PERCENT,
  IN_MEMBERS,
  IN_WINDOW_SECONDS,
  OUT_MEMBERS,
  OUT_WINDOW_SECONDS,
  RATE_SECONDS,
} from "./decide.ts";

/** A ScaledObject or TriggerAuthentication (keda.sh/v1alpha1), as far as it is written. */
export interface KedaObject extends KubeObject {
  spec?: Record<string, unknown>;
}

function keda(kind: string, plural: string) {
  return writtenBy(
    FIELD_MANAGER,
    defineResource<KedaObject>({ group: "keda.sh", version: "v1alpha1", kind, plural, namespaced: true }),
  );
}

export const ScaledObjects = keda("ScaledObject", "scaledobjects");
export const TriggerAuthentications = keda("TriggerAuthentication", "triggerauthentications");

const POLLING_SECONDS = 30;
const COOLDOWN_SECONDS = 300;
const ACTIVE_SESSIONS = "SELECT COUNT(*) FROM pg_stat_activity WHERE state = 'active'";

/** @param paused whether nobody may be added now, as a standby lags. */
export function desiredScaledObject(cluster: Cluster, paused: boolean): Applied<KedaObject> {
  const { scaling, replicas } = cluster.spec;
  if (scaling === undefined) throw new TypeError("Cannot build a ScaledObject as spec.scaling is absent");
  const { least, most } = boundsOf(scaling, replicas);
  const names = namesOf(cluster);
  const metadata = childMetadata(cluster, names.scaledObject);
  return {
    metadata: paused ? { ...metadata, annotations: { [annotations.pausedScaleOut]: "true" } } : metadata,
    spec: {
      scaleTargetRef: { apiVersion: "apps/v1", kind: "StatefulSet", name: names.statefulSet },
      minReplicaCount: least,
      maxReplicaCount: most,
      cooldownPeriod: COOLDOWN_SECONDS,
      pollingInterval: POLLING_SECONDS,
      advanced: { restoreToOriginalReplicaCount: true, horizontalPodAutoscalerConfig: { behavior } },
      triggers: triggersOf(cluster),
    },
  };
}

const behavior = {
  scaleDown: {
    stabilizationWindowSeconds: IN_WINDOW_SECONDS,
    policies: [{ type: "Pods", value: IN_MEMBERS, periodSeconds: RATE_SECONDS }],
    selectPolicy: "Min",
  },
  scaleUp: {
    stabilizationWindowSeconds: OUT_WINDOW_SECONDS,
    policies: [
      { type: "Pods", value: OUT_MEMBERS, periodSeconds: RATE_SECONDS },
      { type: "Percent", value: 100, periodSeconds: RATE_SECONDS },
    ],
    selectPolicy: "Max",
  },
};

function triggersOf(cluster: Cluster): Record<string, unknown>[] {
  const { cpu, connections } = cluster.spec.scaling?.metrics ?? {};
  const cpuTrigger = (target: number) => ({
    type: "cpu",
    metricType: "Utilization",
    metadata: { value: `${target}` },
  });
  const triggers: Record<string, unknown>[] = cpu === undefined ? [] : [cpuTrigger(cpu.targetUtilization)];
  if (connections !== undefined) {
    triggers.push({
      type: "postgresql",
      metadata: { targetQueryValue: `${connections.targetPerReplica}`, query: ACTIVE_SESSIONS },
      authenticationRef: { name: namesOf(cluster).triggerAuthentication },
    });
  }
  return triggers.length === 0 ? [cpuTrigger(DEFAULT_CPU_PERCENT)] : triggers;
}

/** How KEDA logs in to count sessions; undefined when it need not. */
export function desiredTriggerAuthentication(cluster: Cluster): Applied<KedaObject> | undefined {
  if (cluster.spec.scaling?.metrics?.connections === undefined) return undefined;
  const names = namesOf(cluster);
  return {
    metadata: childMetadata(cluster, names.triggerAuthentication),
    spec: {
      secretTargetRef: [{
        parameter: "connection",
        name: names.credentialsSecret,
        key: credentialKeys.connectionString,
      }],
    },
  };
}
