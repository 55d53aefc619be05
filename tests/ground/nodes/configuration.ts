/** What the programs of a node are told. */
import { join } from "node:path";
import { credentialFile } from "./control_plane.ts";
import { NAMES_SERVICE_ADDRESS, nodeAddress, nodeName, POD_NETWORK } from "./layout.ts";

/** What every pod's sandbox runs; its image comes with the others. */
export const SANDBOX_IMAGE = "matriarch.test/sandbox:1";

/** Where the container runtime answers, in a node. */
export const RUNTIME_SOCKET = "/run/containerd/containerd.sock";

/**
 * `restrict_oom_score_adj`: root of a virtual machine may lack the right to make a process less likely to be killed, and runc
 * would fail for it.
 */
export function containerdConfig(configuration: string, state: string): string {
  const cri = 'plugins."io.containerd.grpc.v1.cri"';
  return `version = 2
root = "${state}/containerd"
state = "/run/containerd"
disabled_plugins = [
  "io.containerd.snapshotter.v1.aufs",
  "io.containerd.snapshotter.v1.btrfs",
  "io.containerd.snapshotter.v1.devmapper",
  "io.containerd.snapshotter.v1.zfs",
]
[grpc]
  address = "${RUNTIME_SOCKET}"
[${cri}]
  restrict_oom_score_adj = true
  sandbox_image = "${SANDBOX_IMAGE}"
  [${cri}.containerd]
    snapshotter = "overlayfs"
    default_runtime_name = "runc"
    [${cri}.containerd.runtimes.runc]
      runtime_type = "io.containerd.runc.v2"
      [${cri}.containerd.runtimes.runc.options]
        SystemdCgroup = false
  [${cri}.cni]
    bin_dir = "/usr/lib/cni"
    conf_dir = "${join(configuration, "cni")}"
`;
}

/** A bridge of its own for the pods of each node. */
export function cniConfig(podNetwork: string): string {
  const ipam = {
    type: "host-local",
    dataDir: "/run/cni-ipam",
    ranges: [[{ subnet: podNetwork }]],
    routes: [{ dst: "0.0.0.0/0" }],
  };
  const bridge = { type: "bridge", bridge: "pods0", isGateway: true, ipMasq: false, hairpinMode: true, ipam };
  const portmap = { type: "portmap", capabilities: { portMappings: true } };
  return JSON.stringify({ cniVersion: "1.0.0", name: "ground", plugins: [bridge, portmap] });
}

export function kubeletConfig(folder: string, index: number, configuration: string): string {
  const file = (name: string) => credentialFile(folder, name);
  return JSON.stringify({
    apiVersion: "kubelet.config.k8s.io/v1beta1",
    kind: "KubeletConfiguration",
    // Machines whose control groups are still of the first version may carry nodes, too.
    failCgroupV1: false,
    cgroupDriver: "cgroupfs",
    cgroupRoot: `/${nodeName(index)}`,
    address: nodeAddress(index),
    containerRuntimeEndpoint: `unix://${RUNTIME_SOCKET}`,
    authentication: {
      anonymous: { enabled: false },
      webhook: { enabled: true },
      x509: { clientCAFile: file("ca.crt") },
    },
    authorization: { mode: "Webhook" },
    tlsCertFile: file(`${nodeName(index)}.crt`),
    tlsPrivateKeyFile: file(`${nodeName(index)}.key`),
    clusterDNS: [NAMES_SERVICE_ADDRESS],
    clusterDomain: "cluster.local",
    // No name servers: nobody outside is asked.
    resolvConf: join(configuration, "resolv.conf"),
    volumePluginDir: "/var/lib/kubelet/plugins",
    failSwapOn: false,
    maxPods: 100,
    // Images come from a file once; a full disk of the machine must neither remove them nor evict pods.
    imageGCHighThresholdPercent: 100,
    evictionHard: {
      "memory.available": "200Mi",
      "nodefs.available": "1%",
      "nodefs.inodesFree": "1%",
      "imagefs.available": "1%",
    },
    nodeStatusUpdateFrequency: "5s",
  });
}

/** The settings for connections are the machine's, so nothing of them is touched. */
export function proxyConfig(folder: string, index: number): string {
  return JSON.stringify({
    apiVersion: "kubeproxy.config.k8s.io/v1alpha1",
    kind: "KubeProxyConfiguration",
    clientConnection: { kubeconfig: credentialFile(folder, "kube-proxy.kubeconfig") },
    mode: "nftables",
    clusterCIDR: POD_NETWORK,
    hostnameOverride: nodeName(index),
    bindAddress: nodeAddress(index),
    healthzBindAddress: "127.0.0.1:10256",
    metricsBindAddress: "127.0.0.1:10249",
    nodePortAddresses: [`${nodeAddress(index)}/32`],
    conntrack: { maxPerCore: 0, tcpEstablishedTimeout: "0s", tcpCloseWaitTimeout: "0s" },
  });
}
