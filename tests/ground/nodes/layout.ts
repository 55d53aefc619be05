/**
 * Where things are on real nodes: addresses, names, folders. One such ground runs on a machine at a time, so they are fixed.
 *
 * ```
 * this machine 10.212.0.1 ── veth ── 10.212.0.2 node 1 (control plane, names, volumes) 10.212.1.1 ── bridge ── node 2, 3
 * ```
 *
 * No node has a default route: what runs in it reaches the other nodes and this machine, and nothing else.
 */
import { join } from "node:path";

/** This machine, as nodes see it. */
export const HOST_ADDRESS = "10.212.0.1";

/** The first node: the API server and the cluster's names are served here. */
export const FIRST_ADDRESS = "10.212.0.2";

/** The first node on the bridge to the others. */
export const HUB_ADDRESS = "10.212.1.1";

/** Network of the veth pair between this machine and the first node. */
export const LINK_NETWORK = "10.212.0.0/30";
export const NODE_NETWORK = "10.212.1.0/24";
export const POD_NETWORK = "10.210.0.0/16";
export const SERVICE_NETWORK = "10.211.0.0/16";

/** All of them, for whoever may reach the ground. */
export const NETWORKS = ["10.210.0.0/15", "10.212.0.0/16"] as const;

/** ClusterIP of the API server: the first of the range. */
export const API_SERVICE_ADDRESS = "10.211.0.1";
/** ClusterIP of the cluster's names. */
export const NAMES_SERVICE_ADDRESS = "10.211.0.10";

export const API_PORT = 26443;
export const API_SERVER = `https://${FIRST_ADDRESS}:${API_PORT}`;

/** The end of the veth pair that stays on this machine. */
export const HOST_LINK = "matriarch0";

/** Most nodes that one machine is asked to carry. */
export const MOST_NODES = 3;

/** What a node is called, from 1. */
export function nodeName(index: number): string {
  return `matriarch-node-${index}`;
}

/** Address of a node: the first is on the link to this machine, the others are on the bridge. */
export function nodeAddress(index: number): string {
  return index === 1 ? FIRST_ADDRESS : `10.212.1.${index}`;
}

/** Folders of a node. */
export interface NodeFolders {
  /** State: images, volumes, logs of pods. */
  readonly state: string;
  /** Configuration of its programs. */
  readonly configuration: string;
}

export function nodeFolders(folder: string, index: number): NodeFolders {
  const own = join(folder, `node-${index}`);
  return { state: join(own, "state"), configuration: join(own, "etc") };
}

/** Where volumes are, seen from inside of each node: the same path leads to another folder on each. */
export function volumeFolder(folder: string): string {
  return join(folder, "volumes");
}

/** A file that tells programs outside of pods where the names of the cluster are asked for. */
export function namesFile(folder: string): string {
  return join(folder, "resolv.conf");
}
