/** Who the members are towards the API server, and what they may do there: Patroni keeps its state in Kubernetes. */
import { type LabelSet, patroniLabels } from "../../api/smoketurner/labels.ts";
import type { Applied } from "../../kube/client.ts";
import type { Role, RoleBinding, ServiceAccount } from "./kinds.ts";
import { childMetadata, type Cluster, nameOf, namesOf, namespaceOf } from "./shape.ts";

const EVERYTHING = ["get", "list", "watch", "create", "update", "patch", "delete"];

function metadata(cluster: Cluster) {
  const labels: LabelSet = patroniLabels(nameOf(cluster));
  return childMetadata(cluster, namesOf(cluster).patroniIdentity, labels);
}

export function desiredServiceAccount(cluster: Cluster): Applied<ServiceAccount> {
  return { metadata: metadata(cluster) };
}

/** Endpoints hold leader and configuration; pods are members, and bear their roles. */
export function desiredRole(cluster: Cluster): Applied<Role> {
  return {
    metadata: metadata(cluster),
    rules: [
      { apiGroups: [""], resources: ["endpoints"], verbs: EVERYTHING },
      { apiGroups: [""], resources: ["configmaps"], verbs: EVERYTHING },
      { apiGroups: [""], resources: ["pods"], verbs: ["get", "list", "watch"] },
      { apiGroups: [""], resources: ["pods"], verbs: ["patch"] },
    ],
  };
}

export function desiredRoleBinding(cluster: Cluster): Applied<RoleBinding> {
  const name = namesOf(cluster).patroniIdentity;
  return {
    metadata: metadata(cluster),
    roleRef: { apiGroup: "rbac.authorization.k8s.io", kind: "Role", name },
    subjects: [{ kind: "ServiceAccount", name, namespace: namespaceOf(cluster) }],
  };
}
