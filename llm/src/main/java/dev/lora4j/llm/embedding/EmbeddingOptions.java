package dev.lora4j.llm.embedding;

import dev.lora4j.UserError;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;

/**
 * How texts are embedded: {@code EmbeddingOptions.standard().promptNamed("query")}.
 *
 * @param prompt a text to put before each text; empty for the model's default prompt
 * @param promptName name of one of the model's prompts, instead
 * @param dimensions number of components, for models that were trained to allow fewer (Matryoshka)
 * @param adapters the active adapters, whose deltas add up; none for the base model
 */
public record EmbeddingOptions(
    Optional<String> prompt,
    Optional<String> promptName,
    OptionalInt dimensions,
    List<String> adapters) {

  public EmbeddingOptions {
    adapters = List.copyOf(adapters);
    if (prompt.isPresent() && promptName.isPresent()) {
      throw new UserError("give a prompt or the name of one, not both");
    }
  }

  /** The model's default prompt, all components, no adapter. */
  public static EmbeddingOptions standard() {
    return new EmbeddingOptions(Optional.empty(), Optional.empty(), OptionalInt.empty(), List.of());
  }

  /** The same with this prompt. */
  public EmbeddingOptions prompt(String text) {
    return new EmbeddingOptions(Optional.of(text), Optional.empty(), dimensions, adapters);
  }

  /** The same with the model's prompt of this name. */
  public EmbeddingOptions promptNamed(String name) {
    return new EmbeddingOptions(Optional.empty(), Optional.of(name), dimensions, adapters);
  }

  /** The same with this number of components, taken before the normalisation. */
  public EmbeddingOptions dimensions(int count) {
    return new EmbeddingOptions(prompt, promptName, OptionalInt.of(count), adapters);
  }

  /** The same with these adapters active. */
  public EmbeddingOptions adapters(String... names) {
    return new EmbeddingOptions(prompt, promptName, dimensions, List.of(names));
  }
}
