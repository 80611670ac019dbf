package dev.lora4j.lora.format;

/** The check of an adapter's base fingerprint against the present base. */
public enum BaseCheck {
  /**
   * Requires the same base, in any dtype. Adapters without a fingerprint, such as PEFT's, are not
   * checked.
   */
  SAME_BASE,

  /** Requires the tensors that both bases contain to be equal; either may contain others. */
  SAME_WHERE_BOTH_HAVE,

  /** Accepts any base that has the layers. */
  ANY_BASE
}
