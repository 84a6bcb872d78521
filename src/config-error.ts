/** A setting that stops the start. Its message is the one line that the operator reads. */
export class ConfigError extends Error {}
