package dev.lora4j.llm.embedding;

import java.util.List;
import java.util.Optional;

/**
 * How pairs are scored.
 *
 * @param instruction the task that a causal language model is told; empty for web search
 * @param adapters the active adapters, whose deltas add up; none for the base model
 */
public record RerankingOptions(Optional<String> instruction, List<String> adapters) {

  public RerankingOptions {
    adapters = List.copyOf(adapters);
  }

  /** The usual instruction, no adapter. */
  public static RerankingOptions standard() {
    return new RerankingOptions(Optional.empty(), List.of());
  }

  /** The same with this instruction. */
  public RerankingOptions instruction(String text) {
    return new RerankingOptions(Optional.of(text), adapters);
  }

  /** The same with these adapters active. */
  public RerankingOptions adapters(String... names) {
    return new RerankingOptions(instruction, List.of(names));
  }
}
