package dev.lora4j.llm.model.transformer;

/** The norm of queries and keys, before they are rotated. */
public enum QueryKeyNorm {
  NONE,
  /** Of each head on its own, as in Qwen 3. */
  EACH_HEAD,
  /** Of all heads together, as in OLMo 2. */
  ALL_HEADS
}
