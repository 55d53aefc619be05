/** Ways into a cluster from outside. */
import type { ExternalServiceConfig } from "../../api/multigres/cluster_components.ts";
import { caution, failure, type Finding } from "./finding.ts";
import type { ClusterView } from "./view.ts";

export function entranceFindings({ spec }: ClusterView): Finding[] {
  return [
    ...entrance(spec.externalGateway, "spec.externalGateway"),
    ...entrance(spec.externalAdminWeb, "spec.externalAdminWeb"),
  ];
}

function entrance(config: ExternalServiceConfig | undefined, path: string): Finding[] {
  if (config?.enabled !== true) return [];
  const addresses = config.externalIPs ?? [];
  if (addresses.length === 0) {
    const message =
      `${path} is enabled without externalIPs: its address depends on a load balancer controller. ` +
      `Without one, list addresses in ${path}.externalIPs.`;
    return [caution("EntranceHasAddress", path, message)];
  }
  return addresses.flatMap((address, index) => {
    if (isAddress(address)) return [];
    const field = `${path}.externalIPs[${index}]`;
    const message = `Cannot open ${path} at ${address} (${field}) as it is no IP address: ` +
      "write one such as 203.0.113.7 or 2001:db8::7.";
    return [failure("AddressParses", field, message)];
  });
}

/** An IPv4 address in decimal without leading zeros, or an IPv6 address: what a Service takes. */
export function isAddress(text: string): boolean {
  if (text.includes(":")) return URL.canParse(`http://[${text}]/`);
  const parts = text.split(".");
  return parts.length === 4 &&
    parts.every((part) => /^(0|[1-9][0-9]{0,2})$/.test(part) && Number(part) <= 255);
}
