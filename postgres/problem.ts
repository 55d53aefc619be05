/** What is wrong with a setting that a user gave. */

/** An error keeps a server from starting or the operator from its work; a warning is about what has no effect or is unwise. */
export type Severity = "error" | "warning";

export interface SettingProblem {
  readonly severity: Severity;
  /** Where the setting stands, such as `spec.postgresConfig.work_mem`, or the line of a ConfigMap. */
  readonly path: string;
  /** A sentence with value, reason and remedy. */
  readonly message: string;
}
