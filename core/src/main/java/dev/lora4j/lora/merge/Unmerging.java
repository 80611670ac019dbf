package dev.lora4j.lora.merge;

/** The way in which a merge is undone, which determines the memory that it needs. */
public enum Unmerging {
  /** Restores each weight bit for bit from a copy. */
  EXACT,

  /** Subtracts the deltas, without copies, up to rounding; refused for a DoRA magnitude of zero. */
  BY_SUBTRACTION,

  /** Can't be undone; fastest, and keeps nothing. */
  NEVER
}
