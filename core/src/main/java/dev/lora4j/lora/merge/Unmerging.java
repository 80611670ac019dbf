package dev.lora4j.lora.merge;

/** The way a merge can be undone, which determines the memory that it keeps. */
public enum Unmerging {
  /** Restores each weight bit for bit from a copy. */
  EXACT,

  /** Subtracts the deltas, without copies, up to rounding; refused for a DoRA magnitude of zero. */
  BY_SUBTRACTION,

  /** Can't be undone; fastest, and keeps nothing. */
  NEVER
}
