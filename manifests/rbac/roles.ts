/** Roles and their bindings, made from the table of rights. */
import { type Module, modules, resourceName, type Right, type Scope } from "./rights.ts";

/** Where an installation is, and what its objects are called. */
export interface Installation {
  readonly namespace: string;
  readonly accounts: Readonly<Record<Module["account"], string>>;
  /** Whether the operator watches its own namespace alone: then it has no rights in others. */
  readonly singleNamespace: boolean;
}

/** The usual one; guards and samples count on these names. */
export const usualInstallation: Installation = {
  namespace: "multigres-operator",
  accounts: { operator: "multigres-operator-controller-manager", gc: "multigres-operator-gc" },
  singleNamespace: false,
};

export interface PolicyRule {
  readonly apiGroups: readonly string[];
  readonly resources: readonly string[];
  readonly resourceNames?: readonly string[];
  readonly verbs: readonly string[];
}

interface Metadata {
  readonly name: string;
  readonly namespace?: string;
  readonly labels: Readonly<Record<string, string>>;
}

/** One object of `rbac.authorization.k8s.io/v1`, or a ServiceAccount. */
export type RbacObject =
  | {
    readonly apiVersion: "rbac.authorization.k8s.io/v1";
    readonly kind: "ClusterRole" | "Role";
    readonly metadata: Metadata;
    readonly rules: readonly PolicyRule[];
  }
  | {
    readonly apiVersion: "rbac.authorization.k8s.io/v1";
    readonly kind: "ClusterRoleBinding" | "RoleBinding";
    readonly metadata: Metadata;
    readonly roleRef: { readonly apiGroup: string; readonly kind: string; readonly name: string };
    readonly subjects: readonly {
      readonly kind: string;
      readonly name: string;
      readonly namespace: string;
    }[];
  }
  | { readonly apiVersion: "v1"; readonly kind: "ServiceAccount"; readonly metadata: Metadata };

const API_GROUP = "rbac.authorization.k8s.io";
const labels = { "app.kubernetes.io/name": "multigres-operator", "app.kubernetes.io/component": "rbac" };

/** Rules of one role: rights that differ only in their kind stand together, in the order of the table. */
export function rulesOf({ rights }: Module): PolicyRule[] {
  const rules = new Map<string, { right: Right; resources: string[] }>();
  for (const right of rights) {
    const key = JSON.stringify([right.resource.group, right.verbs, right.names]);
    const rule = rules.get(key);
    if (rule === undefined) rules.set(key, { right, resources: [resourceName(right)] });
    else rule.resources.push(resourceName(right));
  }
  return [...rules.values()].map(({ right: { resource, names, verbs }, resources }) => ({
    apiGroups: [resource.group],
    resources,
    ...(names === undefined ? {} : { resourceNames: names }),
    verbs,
  }));
}

function isClusterWide(scope: Scope, { singleNamespace }: Installation): boolean {
  switch (scope) {
    case "cluster":
      return true;
    case "own":
      return false;
    case "watched":
      return !singleNamespace;
  }
}

/** ServiceAccounts, and a role with its binding for each module. */
export function rbacObjects(installation: Installation): RbacObject[] {
  return [
    accountObject("operator", installation),
    accountObject("gc", installation),
    ...modules.flatMap((module) => roleAndBinding(module, installation)),
  ];
}

/** A ServiceAccount. */
export function accountObject(
  account: Module["account"],
  { namespace, accounts }: Installation,
): RbacObject {
  return {
    apiVersion: "v1",
    kind: "ServiceAccount",
    metadata: { name: accounts[account], namespace, labels },
  };
}

/** The role of one module, and who bears it. */
export function roleAndBinding(module: Module, installation: Installation): RbacObject[] {
  const { namespace, accounts } = installation;
  const wide = isClusterWide(module.scope, installation);
  const name = `multigres-operator-${module.name}`;
  const metadata = { name, ...(wide ? {} : { namespace }), labels };
  const kind = wide ? "ClusterRole" : "Role";
  return [
    { apiVersion: "rbac.authorization.k8s.io/v1", kind, metadata, rules: rulesOf(module) },
    {
      apiVersion: "rbac.authorization.k8s.io/v1",
      kind: `${kind}Binding`,
      metadata,
      roleRef: { apiGroup: API_GROUP, kind, name },
      subjects: [{ kind: "ServiceAccount", name: accounts[module.account], namespace }],
    },
  ];
}
