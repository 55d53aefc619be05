/** How nodes are joined to this machine and to each other. */
import {
  FIRST_ADDRESS,
  HOST_ADDRESS,
  HOST_LINK,
  HUB_ADDRESS,
  LINK_NETWORK,
  NETWORKS,
  NODE_NETWORK,
  nodeAddress,
  POD_NETWORK,
  SERVICE_NETWORK,
} from "./layout.ts";
import { type Machine, shellIn } from "./machine.ts";
import { shell } from "./shell.ts";

/** Interface of a node towards the others. */
const LINK = "node0";
/** Bridge of the first node, to the others. */
const HUB = "hub0";

/** Gives a node its network. */
export async function setUpNetwork(machine: Machine, first: Machine | undefined): Promise<void> {
  await shellIn(machine, "ip link set lo up");
  if (first === undefined) await joinFirst(machine);
  else await joinOther(machine, first);
  // Nothing ever has the address of a Service. An empty bridge gives what runs in the node itself a route to them, so that
  // its packets come by the rules of kube-proxy.
  await shellIn(
    machine,
    `ip link add services0 type bridge
     ip link set services0 up
     ip route add "$1" dev services0 src "$2"
     echo 1 >/proc/sys/net/ipv4/ip_forward
     echo 1 >/proc/sys/net/bridge/bridge-nf-call-iptables`,
    SERVICE_NETWORK,
    nodeAddress(machine.index),
  );
}

/** What is not there is unreachable, and never a matter of the machine's default route. */
async function joinFirst(machine: Machine): Promise<void> {
  await shell(
    `for network in $3; do ip route replace unreachable "$network" metric 4294967295; done
     ip link add "$2" type veth peer name matriarch1
     ip link set matriarch1 netns "$1"
     ip addr add "$4/30" dev "$2"
     ip link set "$2" up`,
    `${machine.pid}`,
    HOST_LINK,
    NETWORKS.join(" "),
    HOST_ADDRESS,
  );
  await shellIn(
    machine,
    `ip link set matriarch1 name ${LINK}
     ip addr add "$1/30" dev ${LINK}
     ip link set ${LINK} up
     ip link add ${HUB} type bridge
     ip addr add "$2/24" dev ${HUB}
     ip link set ${HUB} up`,
    FIRST_ADDRESS,
    HUB_ADDRESS,
  );
  await shell(
    'link=$1; gateway=$2; shift 2; for network in "$@"; do ip route replace "$network" via "$gateway" dev "$link"; done',
    HOST_LINK,
    FIRST_ADDRESS,
    POD_NETWORK,
    SERVICE_NETWORK,
    NODE_NETWORK,
  );
}

async function joinOther(machine: Machine, first: Machine): Promise<void> {
  await shellIn(machine, `ip link add ${LINK} type veth peer name "$1"`, portOf(machine));
  // Process numbers are this machine's, so only the network is entered.
  await shell(
    `nsenter -t "$1" -n ip link set "$2" netns "$3"
     nsenter -t "$3" -n ip link set "$2" master ${HUB}
     nsenter -t "$3" -n ip link set "$2" up`,
    `${machine.pid}`,
    portOf(machine),
    `${first.pid}`,
  );
  await shellIn(
    machine,
    `ip addr add "$1/24" dev ${LINK}
     ip link set ${LINK} up
     ip route add "$2" via "$4"
     ip route add "$3" via "$4"`,
    nodeAddress(machine.index),
    LINK_NETWORK,
    POD_NETWORK,
    HUB_ADDRESS,
  );
}

function portOf({ index }: Machine): string {
  return `port${index}`;
}

/** Leads the pods of a node to it, from the first one. */
export async function routePods(machine: Machine, first: Machine, network: string): Promise<void> {
  const script = `ip route replace "$1" via "$2" dev ${HUB}`;
  await shellIn(first, script, network, nodeAddress(machine.index));
}

/** Cuts a node other than the first off from everybody, or joins it again. */
export async function setLink(machine: Machine, first: Machine, state: "up" | "down"): Promise<void> {
  await shellIn(first, 'ip link set "$1" "$2"', portOf(machine), state);
}
