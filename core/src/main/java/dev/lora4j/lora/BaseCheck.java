package dev.lora4j.lora;

/** Whether an adapter that says which base it was made on must find that one. */
public enum BaseCheck {
  /** Bit for bit that base. An adapter that says nothing, as PEFT's don't, is not checked. */
  SAME_BASE,

  /** Any base that has the layers, such as the same one in another dtype. */
  ANY_BASE
}
