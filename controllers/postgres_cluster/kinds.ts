/** The kinds that belong to a PostgresCluster, as the Patroni family sees and writes them. */
import type {
  V1Endpoints,
  V1NetworkPolicy,
  V1Role,
  V1RoleBinding,
  V1ServiceAccount,
} from "@kubernetes/client-node";
import { FIELD_MANAGER } from "../../api/smoketurner/group.ts";
import { labelKeys } from "../../api/smoketurner/labels.ts";
import { type Certificate, Certificates as AllCertificates } from "../../certs/cert_manager.ts";
import type { Watched } from "../../kube/cache.ts";
import * as kinds from "../../kube/kinds.ts";
import { defineResource, type Resource, writtenBy } from "../../kube/resource.ts";
import type { KubeObject, Wire } from "../../kube/types.ts";

type Builtin<T> = KubeObject & Omit<Wire<T>, "apiVersion" | "kind" | "metadata">;

export type Endpoints = Builtin<V1Endpoints>;
export type NetworkPolicy = Builtin<V1NetworkPolicy>;
export type Role = Builtin<V1Role>;
/** A binding as it is applied: all of it but its name may be left out. */
export type RoleBinding = KubeObject & Partial<Builtin<V1RoleBinding>>;
export type ServiceAccount = Builtin<V1ServiceAccount>;

/** Every object of the family bears the name of its cluster, whatever labels users add. */
const selection = { labels: labelKeys.cluster } as const;

function ours<T extends KubeObject>(resource: Resource<T>): Resource<T> {
  return writtenBy(FIELD_MANAGER, resource);
}

function builtin<T extends KubeObject>(group: string, kind: string, plural: string): Resource<T> {
  return ours(defineResource<T>({ group, version: "v1", kind, plural, namespaced: true }));
}

export const ConfigMaps = ours(kinds.ConfigMaps);
export const Deployments = ours(kinds.Deployments);
export const PersistentVolumeClaims = ours(kinds.PersistentVolumeClaims);
export const PodDisruptionBudgets = ours(kinds.PodDisruptionBudgets);
export const Pods = ours(kinds.Pods);
export const Secrets = ours(kinds.Secrets);
export const Services = ours(kinds.Services);
export const StatefulSets = ours(kinds.StatefulSets);

export const EndpointsKind = builtin<Endpoints>("", "Endpoints", "endpoints");
export const NetworkPolicies = builtin<NetworkPolicy>(
  "networking.k8s.io",
  "NetworkPolicy",
  "networkpolicies",
);
export const Roles = builtin<Role>("rbac.authorization.k8s.io", "Role", "roles");
export const RoleBindings = builtin<RoleBinding>("rbac.authorization.k8s.io", "RoleBinding", "rolebindings");
export const ServiceAccounts = builtin<ServiceAccount>("", "ServiceAccount", "serviceaccounts");

/** A Certificate with what the members' certificates need besides. */
export interface MemberCertificate extends Certificate {
  spec?: NonNullable<Certificate["spec"]> & {
    renewBefore?: string;
    secretTemplate?: { labels: Record<string, string> };
    privateKey?: {
      algorithm: "RSA" | "ECDSA";
      size: number;
      encoding?: string;
      rotationPolicy?: string;
    };
  };
}

export const Certificates = ours(defineResource<MemberCertificate>({ ...AllCertificates }));

/** A watch of one of these kinds. */
export function watched<T extends KubeObject>(
  resource: Resource<T>,
  more: Omit<Watched<T>, "resource" | "labels"> = {},
): Watched<T> {
  return { resource, ...selection, ...more };
}
