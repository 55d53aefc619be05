/** Something that was asked for cannot be done. The message is one line: object, value, remedy. */
export class PluginError extends Error {
  override readonly name = "PluginError";
}

/** What was waited for did not come in time. */
export class TooLateError extends Error {
  override readonly name = "TooLateError";
}
