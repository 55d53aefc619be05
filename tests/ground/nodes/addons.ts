/** Names and volumes of the cluster: programs of the first node, not pods. */
import { join } from "node:path";
import type { GroundClient, Manifest } from "../client.ts";
import { waitFor } from "../wait_for.ts";
import { credentialFile } from "./control_plane.ts";
import { FIRST_ADDRESS, NAMES_SERVICE_ADDRESS, namesFile, nodeFolders, volumeFolder } from "./layout.ts";
import { type Machine, spawnIn } from "./machine.ts";
import type { NodeBinaries } from "./programs.ts";

/** What makes and removes the folders of volumes runs in. */
export const HELPER_IMAGE = "matriarch.test/helper:1";

const namesConfig = (kubeconfig: string) =>
  `.:53 {
    bind ${FIRST_ADDRESS}
    errors
    ready ${FIRST_ADDRESS}:8181
    kubernetes cluster.local in-addr.arpa {
        kubeconfig ${kubeconfig} ground
        pods insecure
        ttl 5
    }
    cache 5
}
`;

const core = [""];
const look = ["get", "list", "watch"];

/** Rights of programs that Kubernetes has no role for. */
const rights: Readonly<Record<string, readonly Manifest[]>> = {
  "coredns": [
    { apiGroups: core, resources: ["endpoints", "services", "pods", "namespaces"], verbs: look },
    { apiGroups: ["discovery.k8s.io"], resources: ["endpointslices"], verbs: look },
  ],
  "local-path-provisioner": [
    {
      apiGroups: core,
      resources: ["nodes", "persistentvolumeclaims", "configmaps", "pods/log"],
      verbs: look,
    },
    { apiGroups: core, resources: ["pods"], verbs: [...look, "create", "delete"] },
    {
      apiGroups: core,
      resources: ["persistentvolumes"],
      verbs: [...look, "create", "patch", "update", "delete"],
    },
    { apiGroups: core, resources: ["events"], verbs: ["create", "patch"] },
    { apiGroups: ["storage.k8s.io"], resources: ["storageclasses"], verbs: look },
  ],
};

const rbac = "rbac.authorization.k8s.io";
const storage = "local-path-storage";

function binding(name: string, role: string): Manifest {
  return {
    apiVersion: `${rbac}/v1`,
    kind: "ClusterRoleBinding",
    metadata: { name: `ground:${name}` },
    roleRef: { apiGroup: rbac, kind: "ClusterRole", name: role },
    subjects: [{ kind: "User", name: `system:${name}`, apiGroup: rbac }],
  };
}

function objects(folder: string): Manifest[] {
  const roles = Object.entries(rights).flatMap(([name, rules]) => [
    { apiVersion: `${rbac}/v1`, kind: "ClusterRole", metadata: { name: `ground:${name}` }, rules },
    binding(name, `ground:${name}`),
  ]);
  const dns = [{ name: "dns", port: 53, protocol: "UDP" }, { name: "dns-tcp", port: 53, protocol: "TCP" }];
  return [
    binding("kube-proxy", "system:node-proxier"),
    ...roles,
    { apiVersion: "v1", kind: "Namespace", metadata: { name: storage } },
    { apiVersion: "v1", kind: "ServiceAccount", metadata: { name: "helper", namespace: storage } },
    {
      apiVersion: "v1",
      kind: "ConfigMap",
      metadata: { name: "local-path-config", namespace: storage },
      data: volumeScripts(folder),
    },
    {
      apiVersion: "storage.k8s.io/v1",
      kind: "StorageClass",
      metadata: {
        name: "local-path",
        annotations: { "storageclass.kubernetes.io/is-default-class": "true" },
      },
      provisioner: "rancher.io/local-path",
      volumeBindingMode: "WaitForFirstConsumer",
      reclaimPolicy: "Delete",
    },
    {
      apiVersion: "v1",
      kind: "Service",
      metadata: { name: "kube-dns", namespace: "kube-system" },
      spec: { clusterIP: NAMES_SERVICE_ADDRESS, ports: dns },
    },
    {
      apiVersion: "discovery.k8s.io/v1",
      kind: "EndpointSlice",
      metadata: {
        name: "kube-dns-node",
        namespace: "kube-system",
        labels: { "kubernetes.io/service-name": "kube-dns" },
      },
      addressType: "IPv4",
      ports: dns,
      endpoints: [{ addresses: [FIRST_ADDRESS], conditions: { ready: true } }],
    },
  ];
}

/** The files of the provisioner: it wants them in a ConfigMap, and the first one on disk as well. */
function volumeScripts(folder: string): Record<string, string> {
  const paths = [volumeFolder(folder)];
  return {
    "config.json": JSON.stringify({ nodePathMap: [{ node: "DEFAULT_PATH_FOR_NON_LISTED_NODES", paths }] }),
    "helperPod.yaml": JSON.stringify({
      apiVersion: "v1",
      kind: "Pod",
      metadata: { name: "helper-pod" },
      spec: { containers: [{ name: "helper-pod", image: HELPER_IMAGE, imagePullPolicy: "IfNotPresent" }] },
    }),
    "setup": '#!/bin/sh\nset -eu\nmkdir -m 0777 -p "$VOL_DIR"\n',
    "teardown": '#!/bin/sh\nset -eu\nrm -rf "$VOL_DIR"\n',
  };
}

/** Starts both and waits until names are served. */
export async function startAddons(
  folder: string,
  first: Machine,
  binaries: NodeBinaries,
  client: GroundClient,
): Promise<void> {
  for (const object of objects(folder)) await client.apply(object);
  const { configuration } = nodeFolders(folder, 1);
  const log = (name: string) => join(folder, "node-1", `${name}.log`);
  const corefile = join(configuration, "Corefile");
  await Deno.writeTextFile(
    namesFile(folder),
    `nameserver ${FIRST_ADDRESS}\nsearch svc.cluster.local cluster.local\noptions ndots:5\n`,
  );
  await Deno.writeTextFile(corefile, namesConfig(credentialFile(folder, "coredns.kubeconfig")));
  spawnIn(first, binaries.coredns, ["-conf", corefile], log("coredns"));
  const volumesFile = join(configuration, "volumes.json");
  await Deno.writeTextFile(volumesFile, volumeScripts(folder)["config.json"] ?? "");
  spawnIn(first, binaries["local-path-provisioner"], [
    "start",
    `--kubeconfig=${credentialFile(folder, "local-path-provisioner.kubeconfig")}`,
    `--config=${volumesFile}`,
    `--namespace=${storage}`,
    "--configmap-name=local-path-config",
    `--helper-image=${HELPER_IMAGE}`,
    "--service-account-name=helper",
  ], log("local-path-provisioner"));
  await waitFor("names to be served", async () => {
    const answer = await fetch(`http://${FIRST_ADDRESS}:8181/ready`, { signal: AbortSignal.timeout(1000) });
    await answer.body?.cancel();
    return answer.ok;
  });
}
