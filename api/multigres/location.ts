/** Where a cell is: exactly one of zone, zone ID and region, each a label that nodes carry. */
import { optional } from "../schema/fields.ts";
import type { ValidationRule } from "../schema/metadata.ts";
import { text } from "../schema/values.ts";

/** The node label that each way to locate a cell selects by. */
export const locationNodeLabels = {
  zone: "topology.kubernetes.io/zone",
  zoneId: "topology.k8s.aws/zone-id",
  region: "topology.kubernetes.io/region",
} as const;

export type LocationField = keyof typeof locationNodeLabels;

/** A label value has at most 63 characters. */
const location = text({ min: 1, max: 63 });

export const locationFields = {
  region: optional(
    location,
    "Region of the cell: pods run on nodes with this value of the label topology.kubernetes.io/region. " +
      "Excludes zone and zoneId.",
  ),
  zone: optional(
    location,
    "Zone of the cell by name, such as us-east-1a: pods run on nodes with this value of the label " +
      "topology.kubernetes.io/zone. Excludes zoneId and region.",
  ),
  zoneId: optional(
    location,
    "Zone of the cell by ID, such as use1-az1, which means the same place in every account: pods run on nodes with " +
      "this value of the label topology.k8s.aws/zone-id. Excludes zone and region.",
  ),
} as const;

/** One of the three must be given, and not two. `where` tells the messages of the kinds apart. */
export function locationRules(where: string): ValidationRule[] {
  const given = ["zone", "zoneId", "region"].map((field) => `(has(self.${field}) ? 1 : 0)`).join(" + ");
  return [
    { rule: `${given} <= 1`, message: `${where} can have only one of zone, zoneId and region` },
    { rule: `${given} >= 1`, message: `${where} needs one of zone, zoneId and region` },
  ];
}

/** What a cell says about its place; undefined when it says nothing, which the API server does not let pass. */
export function locationOf(
  cell: { readonly zone?: string; readonly zoneId?: string; readonly region?: string },
): { readonly field: LocationField; readonly value: string; readonly nodeLabel: string } | undefined {
  for (const field of ["zoneId", "zone", "region"] as const) {
    const value = cell[field];
    if (value !== undefined) return { field, value, nodeLabel: locationNodeLabels[field] };
  }
  return undefined;
}
