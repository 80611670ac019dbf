package dev.lora4j.llm.generate;

import dev.lora4j.UserError;
import dev.lora4j.llm.constrain.ConstrainedText;
import dev.lora4j.llm.decode.Decoder;
import dev.lora4j.llm.decode.Prefill;
import dev.lora4j.llm.model.KeyValueCache;
import dev.lora4j.llm.model.LanguageModel;
import dev.lora4j.nn.NotFinite;
import dev.lora4j.nn.runtime.Engine;
import dev.lora4j.nn.runtime.ThreadTeam;
import dev.lora4j.train.Workers;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.NoGradGuard;
import org.bytedeco.pytorch.Tensor;

/**
 * Consecutive generations that share a KV cache. Prefill skips the prefix that a prompt has in
 * common with the previous text: a conversation costs only its new turn. The cache depends on the
 * active adapters: call {@link #forget} when they change.
 */
public final class GenerationSession implements AutoCloseable {
  private static final int MAX_RESERVED_TOKENS = 256;

  private final LanguageModel model;
  private final Optional<Workers> workers;
  private Optional<KeyValueCache> cache = Optional.empty();
  private List<Long> cachedTokens = List.of();

  GenerationSession(LanguageModel model, Optional<Workers> workers) {
    this.model = model;
    this.workers = workers;
  }

  /** Generates as {@link Generator#generate(List, GenerationConfig, TokenListener)} does. */
  public synchronized Generation generate(
      List<Long> prompt, GenerationConfig config, TokenListener listener) {
    check(model, prompt);
    Engine.useOneThread();
    KeyValueCache kvCache =
        cacheFor(prompt.size() + Math.min(config.maxNewTokens(), MAX_RESERVED_TOKENS));
    int cached = Math.min(common(prompt), prompt.size() - 1); // at least one token gives the logits
    boolean stale = model.config().isCacheStale(cachedTokens.size(), prompt.size());
    kvCache.truncate(stale ? 0 : cached);
    Run run = new Run(config, kvCache, prompt);
    try (PointerScope scope = new PointerScope()) {
      if (workers.isEmpty()) {
        return run.run(listener);
      }
      Workers shared = workers.get();
      try (ThreadTeam team = ThreadTeam.open(shared.count(), part -> shared.run(part::accept))) {
        return run.run(listener);
      }
    } catch (NotFinite e) {
      throw e.in(model);
    } finally {
      cachedTokens = List.copyOf(run.text.subList(0, Math.toIntExact(kvCache.length())));
    }
  }

  private KeyValueCache cacheFor(long tokens) {
    KeyValueCache found = cache.orElseGet(() -> model.newCache(tokens));
    cache = Optional.of(found);
    return found;
  }

  private int common(List<Long> prompt) {
    int limit = Math.min(cachedTokens.size(), prompt.size());
    int common = 0;
    while (common < limit && cachedTokens.get(common).equals(prompt.get(common))) {
      common++;
    }
    return common;
  }

  /** Drops the KV cache: the next prompt is computed from its first token on. */
  public synchronized void forget() {
    cache.ifPresent(KeyValueCache::close);
    cache = Optional.empty();
    cachedTokens = List.of();
  }

  @Override
  public void close() {
    forget();
  }

  static void check(LanguageModel model, List<Long> prompt) {
    if (model.isTraining()) {
      throw new UserError("the model is in training mode; call train(false) before generating");
    }
    if (prompt.isEmpty()) {
      throw new UserError("the prompt has no tokens");
    }
    if (prompt.size() >= model.maxPositions()) {
      throw new UserError(
          "the prompt has %d tokens; the model's maximum sequence length is %d"
              .formatted(prompt.size(), model.maxPositions()));
    }
    for (long token : prompt) {
      if (token < 0 || token >= model.vocabularySize()) {
        throw new UserError(
            "token %d is not in the vocabulary, 0 to %d; does the tokenizer belong to another model?"
                .formatted(token, model.vocabularySize() - 1));
      }
    }
  }

  /** One generation. */
  private final class Run {
    private final GenerationConfig config;
    private final KeyValueCache cache;
    private final Sampler sampler;
    private final Optional<ConstrainedText> constrained;
    private final List<Long> text;
    private final int promptTokens;
    private final int cached;

    Run(GenerationConfig config, KeyValueCache cache, List<Long> prompt) {
      this.config = config;
      this.cache = cache;
      sampler = new Sampler(config.sampling());
      constrained = config.constraint().map(constraint -> constraint.begin(config.stopTokens()));
      text = new ArrayList<>(prompt);
      promptTokens = prompt.size();
      cached = Math.toIntExact(cache.length());
    }

    Generation run(TokenListener listener) {
      long start = System.nanoTime();
      read(text.stream().skip(cached).mapToLong(Long::longValue).toArray());
      long prefilled = System.nanoTime();
      Optional<FinishReason> finished = finished(listener);
      Optional<Decoder> decoder = Decoder.of(model, cache);
      try {
        while (finished.isEmpty()) {
          if (model.config().isCacheStale(cache.length(), text.size())) {
            decoder.ifPresent(Decoder::close);
            readAgain();
            decoder = Decoder.of(model, cache);
          } else {
            decoder.ifPresentOrElse(this::decodeLast, () -> read(last()));
          }
          finished = finished(listener);
        }
      } finally {
        decoder.ifPresent(Decoder::close);
      }
      return new Generation(
          text.subList(promptTokens, text.size()),
          finished.get(),
          promptTokens,
          cached,
          Duration.ofNanos(prefilled - start),
          Duration.ofNanos(System.nanoTime() - prefilled));
    }

    /** Prefills these tokens and samples the next. */
    private void read(long... tokens) {
      try (PointerScope scope = new PointerScope();
          NoGradGuard guard = new NoGradGuard()) {
        Tensor hidden = Prefill.read(model, tokens, cache); // [1, hidden]
        take(model.logits(hidden).select(0, 0));
      }
    }

    /** Prefills the whole text, whose earlier keys and values have changed. */
    private void readAgain() {
      cache.truncate(0);
      read(text.stream().mapToLong(Long::longValue).toArray());
    }

    private void decodeLast(Decoder decoder) {
      try (PointerScope scope = new PointerScope();
          NoGradGuard guard = new NoGradGuard()) {
        take(decoder.step(last()));
      }
    }

    private void take(Tensor logits) {
      long token = sampler.next(constrained.map(now -> now.mask(logits)).orElse(logits), text);
      constrained.ifPresent(now -> now.add(token));
      text.add(token);
    }

    private long last() {
      return text.get(text.size() - 1);
    }

    private Optional<FinishReason> finished(TokenListener listener) {
      boolean goOn = listener.onToken(last());
      if (config.stopTokens().contains(last())) {
        return Optional.of(FinishReason.STOP_TOKEN);
      }
      if (!goOn) {
        return Optional.of(FinishReason.INTERRUPTED);
      }
      if (constrained.map(ConstrainedText::isFinished).orElse(false)) {
        return Optional.of(FinishReason.COMPLETE);
      }
      if (text.size() - promptTokens >= config.maxNewTokens()) {
        return Optional.of(FinishReason.LENGTH);
      }
      return text.size() >= model.maxPositions()
          ? Optional.of(FinishReason.MAX_POSITIONS)
          : Optional.empty();
    }
  }
}
