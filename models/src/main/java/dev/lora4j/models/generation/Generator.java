package dev.lora4j.models.generation;

import dev.lora4j.UserError;
import dev.lora4j.models.LanguageModel;
import dev.lora4j.train.Workers;
import java.util.List;
import java.util.Optional;

/**
 * Lets a language model write: it reads the prompt at once, then one token after the other, with
 * the adapters that the calling thread uses.
 *
 * <pre>{@code
 * Generation text = new Generator(model).generate(prompt, GenerationConfig.greedy(64), token -> true);
 * }</pre>
 *
 * <p>Several threads may generate with one model, each with adapters of its own. The model must be
 * in evaluation mode, as one that was loaded is.
 */
public final class Generator {
  private final LanguageModel model;
  private final Optional<Workers> workers;

  /** Keeps to the calling thread: right where several texts are written at once. */
  public Generator(LanguageModel model) {
    this(model, Optional.empty());
  }

  private Generator(LanguageModel model, Optional<Workers> workers) {
    this.model = model;
    this.workers = workers;
  }

  /**
   * Shares the large products among workers: the fastest way to one text at a time.
   *
   * @param workers the caller's, who closes them; they can't do anything else meanwhile
   */
  public static Generator sharedBy(Workers workers, LanguageModel model) {
    return new Generator(model, Optional.of(workers));
  }

  /** Generates without a listener. */
  public Generation generate(List<Long> prompt, GenerationConfig config) {
    return generate(prompt, config, token -> true);
  }

  /**
   * Generates the text that follows a prompt.
   *
   * @param prompt tokens, at least one
   * @param listener hears each token, the stop token too
   * @throws UserError if the prompt is empty, too long, or has a token that the model does not know
   */
  public Generation generate(List<Long> prompt, GenerationConfig config, TokenListener listener) {
    try (Session session = session()) {
      return session.generate(prompt, config, listener);
    }
  }

  /**
   * Checks a prompt without reading it.
   *
   * @throws UserError as {@link #generate(List, GenerationConfig, TokenListener)} would
   */
  public void requireReadable(List<Long> prompt) {
    Session.check(model, prompt);
  }

  /** For texts that begin alike, such as the turns of a conversation; the caller closes it. */
  public Session session() {
    return new Session(model, workers);
  }
}
