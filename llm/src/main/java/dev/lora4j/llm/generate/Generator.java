package dev.lora4j.llm.generate;

import dev.lora4j.UserError;
import dev.lora4j.llm.model.LanguageModel;
import dev.lora4j.train.Workers;
import java.util.List;
import java.util.Optional;

/**
 * Generates tokens with a language model in evaluation mode: prefill of the prompt, then decoding
 * token by token, with the adapters that the calling thread uses. Several threads may generate with
 * one model at once, each in a session of its own and with its own adapters.
 */
public final class Generator {
  private final LanguageModel model;
  private final Optional<Workers> workers;

  /** A generator that uses the calling thread only: best where several generations run at once. */
  public Generator(LanguageModel model) {
    this(model, Optional.empty());
  }

  private Generator(LanguageModel model, Optional<Workers> workers) {
    this.model = model;
    this.workers = workers;
  }

  /** A generator that splits the work of one generation at a time among the caller's workers. */
  public static Generator sharedBy(Workers workers, LanguageModel model) {
    return new Generator(model, Optional.of(workers));
  }

  /** Generates without a listener. */
  public Generation generate(List<Long> prompt, GenerationConfig config) {
    return generate(prompt, config, token -> true);
  }

  /**
   * Generates the completion of a prompt.
   *
   * @param prompt token ids, at least one
   * @param listener receives each token, stop tokens included
   * @throws UserError if the prompt is empty or too long, or a token is not in the vocabulary
   * @throws dev.lora4j.nn.NotFinite if the logits are not finite, naming a weight that is not
   */
  public Generation generate(List<Long> prompt, GenerationConfig config, TokenListener listener) {
    try (GenerationSession session = session()) {
      return session.generate(prompt, config, listener);
    }
  }

  /**
   * Checks a prompt without running the model.
   *
   * @throws UserError in the cases of {@link #generate(List, GenerationConfig, TokenListener)}
   */
  public void requireReadable(List<Long> prompt) {
    GenerationSession.check(model, prompt);
  }

  /** A session for prompts with common prefixes, such as a conversation's; the caller closes it. */
  public GenerationSession session() {
    return new GenerationSession(model, workers);
  }
}
