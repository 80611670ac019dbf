package dev.lora4j.models.generation;

import dev.lora4j.UserError;
import dev.lora4j.models.KeyValueCache;
import dev.lora4j.models.LanguageModel;
import dev.lora4j.models.Tokens;
import dev.lora4j.models.generation.Generation.End;
import dev.lora4j.nn.Crew;
import dev.lora4j.nn.Engine;
import dev.lora4j.nn.Ops;
import dev.lora4j.train.Workers;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Device;
import org.bytedeco.pytorch.NoGradGuard;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch.ScalarType;

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
  private static final int TOKENS_AHEAD = 256;

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
    check(prompt);
    Engine.useOneThread();
    int ahead = Math.min(config.maxNewTokens(), TOKENS_AHEAD);
    try (PointerScope scope = new PointerScope();
        KeyValueCache cache = model.newCache(prompt.size() + ahead)) {
      Run run = new Run(config, cache, prompt);
      if (workers.isEmpty()) {
        return run.run(listener);
      }
      Workers shared = workers.get();
      try (Crew crew = Crew.help(shared.count(), part -> shared.run(part::accept))) {
        return run.run(listener);
      }
    }
  }

  private void check(List<Long> prompt) {
    if (model.isTraining()) {
      throw new UserError("the model is in training mode; call train(false) before it generates");
    }
    if (prompt.isEmpty()) {
      throw new UserError("the prompt has no tokens");
    }
    if (prompt.size() >= model.maxPositions()) {
      throw new UserError(
          "the prompt has %d tokens; the model's longest text has %d"
              .formatted(prompt.size(), model.maxPositions()));
    }
    for (long token : prompt) {
      if (token < 0 || token >= model.vocabularySize()) {
        throw new UserError(
            "token %d is not in the vocabulary, which has 0 to %d"
                .formatted(token, model.vocabularySize() - 1));
      }
    }
  }

  /** The making of one text. */
  private final class Run {
    private final GenerationConfig config;
    private final KeyValueCache cache;
    private final Sampler sampler;
    private final List<Long> text;
    private final int promptTokens;
    private final Device device = model.device();

    Run(GenerationConfig config, KeyValueCache cache, List<Long> prompt) {
      this.config = config;
      this.cache = cache;
      sampler = new Sampler(config.sampling());
      text = new ArrayList<>(prompt);
      promptTokens = prompt.size();
    }

    Generation run(TokenListener listener) {
      long start = System.nanoTime();
      read(text.stream().mapToLong(Long::longValue).toArray());
      long prefilled = System.nanoTime();
      Optional<End> end = end(listener);
      while (end.isEmpty()) {
        read(last());
        end = end(listener);
      }
      return new Generation(
          text.subList(promptTokens, text.size()),
          end.get(),
          promptTokens,
          Duration.ofNanos(prefilled - start),
          Duration.ofNanos(System.nanoTime() - prefilled));
    }

    /** Reads these tokens and chooses the next. */
    private void read(long... tokens) {
      try (PointerScope scope = new PointerScope();
          NoGradGuard guard = new NoGradGuard()) {
        Tensor ids = Ops.tensor(tokens).view(1, tokens.length).to(device, ScalarType.Long);
        Tensor hidden = model.hidden(Tokens.of(ids), cache); // [1, tokens, hidden]
        Tensor lastRow = hidden.select(1, tokens.length - 1L); // [1, hidden]
        text.add(sampler.next(model.logits(lastRow).select(0, 0), text));
      }
    }

    private long last() {
      return text.get(text.size() - 1);
    }

    private Optional<End> end(TokenListener listener) {
      boolean goesOn = listener.onToken(last());
      if (config.stopTokens().contains(last())) {
        return Optional.of(End.STOP_TOKEN);
      }
      if (!goesOn) {
        return Optional.of(End.LISTENER);
      }
      if (text.size() - promptTokens >= config.maxNewTokens()) {
        return Optional.of(End.LENGTH);
      }
      return text.size() >= model.maxPositions()
          ? Optional.of(End.MAX_POSITIONS)
          : Optional.empty();
    }
  }
}
