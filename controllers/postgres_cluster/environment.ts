/** Environment variables, as builders write them. */
import type { StatefulSet } from "../../kube/kinds.ts";

export type PodSpec = NonNullable<NonNullable<StatefulSet["spec"]>["template"]["spec"]>;
export type Container = PodSpec["containers"][number];
export type EnvVar = NonNullable<Container["env"]>[number];

export function plain(name: string, value: string): EnvVar {
  return { name, value };
}

/** From the pod itself. */
export function fromField(name: string, fieldPath: string): EnvVar {
  return { name, valueFrom: { fieldRef: { apiVersion: "v1", fieldPath } } };
}

export function fromSecret(name: string, secret: string, key: string, optional = false): EnvVar {
  return { name, valueFrom: { secretKeyRef: { name: secret, key, optional } } };
}
