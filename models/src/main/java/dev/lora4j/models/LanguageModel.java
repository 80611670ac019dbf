package dev.lora4j.models;

import static java.util.Objects.requireNonNull;

import dev.lora4j.nn.Child;
import dev.lora4j.nn.Crew;
import dev.lora4j.nn.Module;
import dev.lora4j.nn.Ops;
import dev.lora4j.row.CostModel;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicReference;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.NoGradGuard;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch.ScalarType;
import org.jspecify.annotations.Nullable;

/**
 * A causal language model: tokens to hidden states, hidden states to logits of the next token. The
 * two halves can be called one by one, since only tokens that carry a loss need logits.
 *
 * <p>Names of its modules are those of Hugging Face's transformers, so that checkpoints and PEFT's
 * adapters fit. Threads may share it while they do not change it.
 */
public abstract class LanguageModel extends Module {
  private static final String HEAD = "lm_head";

  /**
   * What the model makes of each token.
   *
   * @return {@code [batch, tokens, hidden]}
   */
  public final Tensor hidden(Tokens tokens) {
    return whole(passage(tokens));
  }

  /** The same in pieces. */
  public final Passage passage(Tokens tokens) {
    return passage(tokens, Attention.over(tokens));
  }

  /**
   * The same for tokens that follow those in the cache, which takes them in. There is no gradient.
   *
   * @param tokens the next ones of each row
   * @return {@code [batch, tokens, hidden]}
   */
  public final Tensor hidden(Tokens tokens, KeyValueCache cache) {
    try (NoGradGuard guard = new NoGradGuard()) {
      Tensor hidden = whole(passage(tokens, Attention.continuing(tokens, cache)));
      cache.advance(tokens.length());
      return hidden;
    }
  }

  /**
   * Reads a text's next tokens into the cache, together with the calling thread's crew, of which
   * each thread has a part of them. There is no gradient.
   *
   * @param ids at least one
   * @param cache of one row
   * @return what the model makes of the last token, {@code [1, hidden]}
   */
  public final Tensor read(long[] ids, KeyValueCache cache) {
    int parts =
        device().is_cpu() ? Math.min(Crew.threads(), ids.length / CostModel.PREFILL_MIN_TOKENS) : 1;
    if (parts < 2) {
      try (NoGradGuard guard = new NoGradGuard()) {
        Tensor all = Ops.tensor(ids).view(1, ids.length).to(device(), ScalarType.Long);
        Tokens tokens = Tokens.of(all);
        Tensor last = lastOf(passage(tokens, Attention.continuing(tokens, cache)), ids.length);
        cache.advance(ids.length);
        return last;
      }
    }
    PromptParts prompt = new PromptParts(cache, ids.length, parts);
    AtomicReference<@Nullable Tensor> last = new AtomicReference<>();
    Crew.walk(
        (thread, team) -> {
          if (thread < parts) {
            Tensor ofPart = lastOfPart(prompt.part(thread, team), ids);
            if (thread == parts - 1) {
              last.set(ofPart);
            } else {
              ofPart.deallocate();
            }
          }
        });
    cache.advance(ids.length);
    return Ops.giveToScope(requireNonNull(last.get()));
  }

  private Tensor lastOfPart(PromptParts.Part part, long... ids) {
    try (PointerScope scope = new PointerScope();
        NoGradGuard guard = new NoGradGuard()) {
      Tokens tokens = Tokens.of(part.of(ids));
      return Ops.keep(lastOf(passage(tokens, Attention.of(part, tokens)), tokens.length()));
    }
  }

  private Tensor lastOf(Passage passage, long tokens) {
    Tensor last = Ops.tensor(new long[] {tokens - 1}).to(device(), ScalarType.Long);
    return passage.finishAt(last, through(passage, passage.layers() - 1));
  }

  private static Tensor whole(Passage passage) {
    return passage.finish(through(passage, passage.layers()));
  }

  private static Tensor through(Passage passage, int layers) {
    Tensor x = passage.begin();
    for (int i = 0; i < layers; i++) {
      x = passage.layer(i, x);
    }
    return x;
  }

  /**
   * Reads single tokens in a quicker way than {@link #hidden(Tokens, KeyValueCache)}, with the
   * adapters and the crew that the calling thread has now, until the pointer scope closes that is
   * open; empty if there is no such way for this model as it is.
   *
   * @param cache of one row, which has read something already
   */
  public Optional<TokenReader> tokenReader(KeyValueCache cache) {
    return Optional.empty();
  }

  /** A forward whose layers attend as this says. */
  abstract Passage passage(Tokens tokens, Attention attention);

  /**
   * The scores of each token as the next one.
   *
   * @param hidden {@code [rows…, hidden]}
   * @return {@code [rows…, vocabulary]}
   */
  public final Tensor logits(Tensor hidden) {
    return head().forward(hidden);
  }

  /**
   * @param ids {@code [batch, tokens]}, int64
   * @return logits {@code [batch, tokens, vocabulary]}
   */
  @Override
  public final Tensor forward(Tensor ids) {
    return logits(hidden(Tokens.of(ids)));
  }

  /** The layer from hidden states to logits; its occupant's weight is {@code [vocab, hidden]}. */
  public abstract Child head();

  @Override
  public final Optional<String> headPath() {
    return Optional.of(HEAD);
  }

  /** Whether the head's weight is the embedding's. */
  public abstract boolean hasTiedHead();

  /** Number of tokens in the vocabulary. */
  public abstract int vocabularySize();

  /** The longest text, in tokens, that the model was made for. */
  public abstract int maxPositions();

  /** Number of layers. */
  abstract int layerCount();

  /** An empty cache of this model's shape; the caller frees it. */
  public final KeyValueCache newCache() {
    return new KeyValueCache(layerCount());
  }

  /**
   * An empty cache with memory for so many tokens from the beginning.
   *
   * @param capacity it grows by itself when more come
   */
  public final KeyValueCache newCache(long capacity) {
    return new KeyValueCache(layerCount(), capacity);
  }
}
