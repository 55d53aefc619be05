/** The command line of each program of a control plane. Plain data, so that every choice stands in one place. */
import { join } from "node:path";

/** Where a control plane keeps its files and which ports it has. */
export interface Layout {
  /** A folder of its own: certificates, data, logs. */
  readonly folder: string;
  readonly etcdPort: number;
  readonly etcdPeerPort: number;
  readonly apiPort: number;
}

/** Service addresses; outside of what clusters of developers commonly use. */
const serviceRange = "10.255.0.0/16";

/** Turns `{ "a-b": "c" }` into `["--a-b=c"]`. */
export function flags(values: Record<string, string | number | boolean>): string[] {
  return Object.entries(values).map(([name, value]) => `--${name}=${value}`);
}

/** The address where clients find etcd. */
export function etcdEndpoint(layout: Layout): string {
  return `http://127.0.0.1:${layout.etcdPort}`;
}

/** Without fsync: the data lives as long as the folder does, and a crash of the machine may take both. */
export function etcdArguments(layout: Layout): string[] {
  const peer = `http://127.0.0.1:${layout.etcdPeerPort}`;
  return flags({
    "name": "ground",
    "data-dir": join(layout.folder, "etcd"),
    "listen-client-urls": etcdEndpoint(layout),
    "advertise-client-urls": etcdEndpoint(layout),
    "listen-peer-urls": peer,
    "initial-advertise-peer-urls": peer,
    "initial-cluster": `ground=${peer}`,
    "unsafe-no-fsync": true,
    "quota-backend-bytes": 4 * 1024 ** 3,
    "log-level": "warn",
  });
}

/**
 * Nodes are fake, so the admission plug-in that taints new nodes until a controller clears them is off.
 * @param audited whether requests are written to `audit.log`, as `audit-policy.yaml` says
 */
export function apiServerArguments(layout: Layout, audited: boolean): string[] {
  const file = (name: string) => join(layout.folder, name);
  const audit = { "audit-policy-file": file("audit-policy.yaml"), "audit-log-path": file("audit.log") };
  return flags({
    "etcd-servers": etcdEndpoint(layout),
    "bind-address": "127.0.0.1",
    "advertise-address": "127.0.0.1",
    "secure-port": layout.apiPort,
    "tls-cert-file": file("apiserver.crt"),
    "tls-private-key-file": file("apiserver.key"),
    "client-ca-file": file("ca.crt"),
    "service-account-issuer": "https://kubernetes.default.svc",
    "service-account-key-file": file("service-account.pub"),
    "service-account-signing-key-file": file("service-account.key"),
    "authorization-mode": "RBAC",
    "service-cluster-ip-range": serviceRange,
    "endpoint-reconciler-type": "none",
    "disable-admission-plugins": "TaintNodesByCondition",
    // As in clusters that are strict: whoever names an owner must be allowed to hold up its end.
    "enable-admission-plugins": "OwnerReferencesPermissionEnforcement",
    "allow-privileged": true,
    "profiling": false,
    ...(audited ? audit : {}),
  });
}

/** By default both throttle themselves to 20 requests a second: a test would measure that limit, not the operator. */
export const generousLimits = { "kube-api-qps": 1000, "kube-api-burst": 2000 };

/** Every controller but the one that evicts pods from nodes which miss heartbeats: fake nodes miss them under load. */
export function controllerManagerArguments(layout: Layout): string[] {
  const file = (name: string) => join(layout.folder, name);
  return flags({
    "kubeconfig": file("controller-manager.kubeconfig"),
    "secure-port": 0,
    "leader-elect": false,
    "controllers": "*,-node-lifecycle-controller",
    "root-ca-file": file("ca.crt"),
    "service-account-private-key-file": file("service-account.key"),
    // As kubeadm sets it: each controller has an account of its own, which admission can tell apart.
    "use-service-account-credentials": true,
    "concurrent-deployment-syncs": 20,
    "concurrent-replicaset-syncs": 20,
    "concurrent-statefulset-syncs": 20,
    "concurrent-gc-syncs": 40,
    ...generousLimits,
  });
}

export function schedulerArguments(layout: Layout): string[] {
  return flags({
    "kubeconfig": join(layout.folder, "scheduler.kubeconfig"),
    "secure-port": 0,
    "leader-elect": false,
    ...generousLimits,
  });
}

/** The fake kubelet: `stages` are the files that say how nodes, pods and volumes move on. */
export function kwokArguments(layout: Layout, stages: readonly string[]): string[] {
  return [
    ...flags({
      "kubeconfig": join(layout.folder, "kwok.kubeconfig"),
      "manage-nodes-with-label-selector": "matriarch.test/fake=true",
      "node-lease-duration-seconds": 0,
    }),
    ...stages.map((path) => `--config=${path}`),
  ];
}
