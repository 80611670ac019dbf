package dev.lora4j.llm.model.transformer;

/** The norm of queries and keys, before they are rotated. */
public enum QueryKeyNorm {
  NONE,
  /** Each head is normalised on its own, as in Qwen 3. */
  EACH_HEAD,
  /** All heads are normalised together, as in OLMo 2. */
  ALL_HEADS
}
