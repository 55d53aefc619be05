/** What a check says of a spec: what keeps it from being taken, and what its user should know. */

/** Why something is said: one word a rule, fit for a metric label and a condition's reason. */
export type Rule =
  | "AddressParses"
  | "BackupVolumeShared"
  | "BufferTimesFit"
  | "CellExists"
  | "CellsGiven"
  | "DurabilityKnown"
  | "DurabilityReachable"
  | "EntranceHasAddress"
  | "EtcdMembersFixed"
  | "LimitCoversRequest"
  | "NodesMatch"
  | "PoolIsNew"
  | "PoolNameFits"
  | "SameUser"
  | "SettingAllowed"
  | "SettingsFit"
  | "StorageClassExists"
  | "StorageClassGiven"
  | "StorageGrowsOnly"
  | "TemplateExists"
  | "TemplateFits"
  | "TemplateUnused"
  | "TopologyIsOwn"
  | "TopologySurvivesLoss";

/** An error keeps the object out; a warning is told and lets it pass. */
export interface Finding<R extends string = Rule> {
  readonly severity: "error" | "warning";
  readonly rule: R;
  /** Field of the object that is spoken of, such as `spec.cells[0].cellTemplate`. */
  readonly path: string;
  /** A sentence with field, value and remedy. */
  readonly message: string;
}

export function failure<R extends string>(rule: R, path: string, message: string): Finding<R> {
  return { severity: "error", rule, path, message };
}

export function caution<R extends string>(rule: R, path: string, message: string): Finding<R> {
  return { severity: "warning", rule, path, message };
}

export function errorsOf<R extends string>(findings: readonly Finding<R>[]): Finding<R>[] {
  return findings.filter((finding) => finding.severity === "error");
}

/** Each finding once: several cells may name the same missing template. */
export function distinct<R extends string>(findings: readonly Finding<R>[]): Finding<R>[] {
  return [...new Map(findings.map((finding) => [identityOf(finding), finding])).values()];
}

/** Two findings of the same identity say the same. */
export function identityOf(finding: Finding<string>): string {
  return `${finding.rule}\n${finding.path}\n${finding.message}`;
}
