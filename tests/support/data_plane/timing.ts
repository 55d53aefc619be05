/** How long things take in a data plane with default settings, in seconds: as seen of real ones, with three instances. */
export const timing = {
  /** From a pod that is Ready to the record of its pooler. */
  registration: 2,
  /** From there to ACTIVE. */
  activation: 1,
  /** From there until an instance has its data, from its volume or from the first backup. */
  initialisation: 6,
  /** From enough instances with data to the first primary. */
  bootstrap: 4,
  /** From an instance with data, or a new primary, to a standby that streams. */
  streaming: 5,
  /** The same for one that was primary and was killed: its data is rewound first. */
  rewinding: 30,
  /** From a change of who streams or stops to the rule that says so. */
  cohort: 1,
  /** From SIGTERM to a record that says so. */
  shutdown: 0.5,
  /** From a primary that vanished to the certainty that it did. */
  detection: 5,
  /** From a lost primary to the election of the next one, and what chance adds. */
  grace: 4,
  jitter: 8,
  /** From handing over to being a standby. */
  demotion: 2,
  /** A full backup of a small database. */
  backup: 10,
} as const;
