/** The pieces that pods are put together from, as types. */
import type { Pod } from "../../kube/kinds.ts";

export type PodSpec = NonNullable<Pod["spec"]>;
export type Container = PodSpec["containers"][number];
export type EnvVar = NonNullable<Container["env"]>[number];
export type VolumeMount = NonNullable<Container["volumeMounts"]>[number];
export type Volume = NonNullable<PodSpec["volumes"]>[number];
