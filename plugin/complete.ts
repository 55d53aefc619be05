/** What the completion scripts call the plugin with, before the words so far. */
export const COMPLETE = "__complete";
