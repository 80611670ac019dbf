package dev.lora4j.lora.format;

/** Whether an adapter that says which base it was made on must find that one. */
public enum BaseCheck {
  /**
   * That base, whatever its numbers are kept in. An adapter that says nothing, as PEFT's don't, is
   * not checked.
   */
  SAME_BASE,

  /**
   * Where both bases have a tensor of a name, it must be the same: a file may hold more or less.
   */
  SAME_WHERE_BOTH_HAVE,

  /** Any base that has the layers. */
  ANY_BASE
}
