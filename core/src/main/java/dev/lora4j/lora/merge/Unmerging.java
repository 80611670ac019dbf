package dev.lora4j.lora.merge;

/** How a merge is undone, and so how much memory it needs. */
public enum Unmerging {
  /** Restores each weight bit for bit from a copy. */
  EXACT,

  /** Subtracts the deltas, without copies, up to rounding; refused for a DoRA magnitude of zero. */
  BY_SUBTRACTION,

  /** Can't be undone; fastest, and keeps nothing. */
  NEVER
}
