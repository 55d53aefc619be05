/** The NetworkPolicy of a cluster: who may reach members and poolers, and whom they may reach. */
import { labelKeys } from "../../api/smoketurner/labels.ts";
import { ports } from "../../api/smoketurner/ports.ts";
import type { NetworkPeer } from "../../api/smoketurner/postgres_cluster/network_policy.ts";
import type { Applied } from "../../kube/client.ts";
import type { NetworkPolicy } from "./kinds.ts";
import { exporterPort } from "./desired_exporter.ts";
import { childMetadata, type Cluster, nameOf, namesOf, namespaceOf } from "./shape.ts";

type Spec = NonNullable<NetworkPolicy["spec"]>;
type Ingress = NonNullable<Spec["ingress"]>[number];
type Egress = NonNullable<Spec["egress"]>[number];
type Peer = NonNullable<Ingress["from"]>[number];

/** The ranges of private networks, RFC 1918. */
const PRIVATE_RANGES = ["10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16"];
const DNS = 53;
/** Where API servers and object stores listen unless their addresses say otherwise. */
const HTTPS = 443;
const API_SERVER = 6443;

/** @param operatorNamespaces where operators run that ask the members how they are. */
export function desiredNetworkPolicy(
  cluster: Cluster,
  operatorNamespaces: readonly string[],
): Applied<NetworkPolicy> {
  const own = { [labelKeys.cluster]: nameOf(cluster) };
  return {
    metadata: childMetadata(cluster, namesOf(cluster).networkPolicy),
    spec: {
      podSelector: { matchLabels: own },
      policyTypes: ["Ingress", "Egress"],
      ingress: ingress(cluster, own, operatorNamespaces),
      egress: egress(cluster, own),
    },
  };
}

const { postgresql, patroni, pgbouncer } = ports;

function ingress(
  cluster: Cluster,
  own: Record<string, string>,
  operatorNamespaces: readonly string[],
): Ingress[] {
  const { allowExternalAccess = false, allowFrom = [] } = cluster.spec.networkPolicy ?? {};
  const clients = tcp(...clientPorts(cluster));
  const exporter = exporterPort(cluster);
  return [
    { from: [namespace(namespaceOf(cluster))], ports: clients },
    { from: [{ podSelector: { matchLabels: own } }], ports: tcp(patroni.port) },
    // Whoever collects metrics may be in any namespace.
    ...(exporter === undefined ? [] : [{ from: [{ namespaceSelector: {} }], ports: tcp(exporter) }]),
    ...operatorNamespaces.map((name) => ({
      from: [namespace(name)],
      ports: tcp(postgresql.port, patroni.port),
    })),
    ...(allowExternalAccess
      ? [{ from: PRIVATE_RANGES.map((cidr) => ({ ipBlock: { cidr } })), ports: clients }]
      : []),
    ...allowFrom.map((peer) => ({ from: [peerOf(peer)], ports: clients })),
  ];
}

/** Whoever may talk to the servers may do so through their poolers. */
function clientPorts(cluster: Cluster): number[] {
  return cluster.spec.pgbouncer?.enabled ? [postgresql.port, pgbouncer.port] : [postgresql.port];
}

function egress(cluster: Cluster, own: Record<string, string>): Egress[] {
  const stores = storePorts(cluster);
  return [
    { to: [{ podSelector: { matchLabels: own } }], ports: tcp(postgresql.port, patroni.port) },
    { ports: [{ port: DNS, protocol: "UDP" }, { port: DNS, protocol: "TCP" }] },
    { ports: tcp(HTTPS, API_SERVER, ...stores) },
  ];
}

/** Ports of object stores that are none of the usual. */
function storePorts({ spec }: Cluster): number[] {
  const endpoints = [spec.backup?.destination?.endpoint, spec.restore?.source.s3.endpoint];
  const found = endpoints.flatMap((endpoint) => endpoint === undefined ? [] : portOf(endpoint));
  return [...new Set(found)].filter((port) => port !== HTTPS && port !== API_SERVER);
}

function portOf(endpoint: string): number[] {
  if (!URL.canParse(endpoint)) return [];
  const { port, protocol } = new URL(endpoint);
  return [port === "" ? (protocol === "http:" ? 80 : HTTPS) : Number(port)];
}

function tcp(...numbers: number[]) {
  return numbers.map((port) => ({ port, protocol: "TCP" }));
}

/** Kubernetes labels each namespace with its name. */
function namespace(name: string): Peer {
  return { namespaceSelector: { matchLabels: { "kubernetes.io/metadata.name": name } } };
}

function peerOf({ namespaceSelector, podSelector }: NetworkPeer): Peer {
  return {
    ...(namespaceSelector === undefined ? {} : { namespaceSelector: selectorOf(namespaceSelector) }),
    ...(podSelector === undefined ? {} : { podSelector: selectorOf(podSelector) }),
  };
}

type Selector = NonNullable<NetworkPeer["podSelector"]>;

function selectorOf({ matchLabels, matchExpressions }: Selector): NonNullable<Peer["podSelector"]> {
  return {
    ...(matchLabels === undefined ? {} : { matchLabels: { ...matchLabels } }),
    ...(matchExpressions === undefined ? {} : {
      matchExpressions: matchExpressions.map(({ key, operator, values = [] }) => ({
        key,
        operator,
        ...(values.length === 0 ? {} : { values: [...values] }),
      })),
    }),
  };
}
