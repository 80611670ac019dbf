package dev.lora4j.models;

import dev.lora4j.models.KeyValueCache.KeysAndValues;
import java.util.concurrent.atomic.AtomicIntegerArray;
import org.bytedeco.pytorch.Tensor;

/**
 * A prompt that several threads read, each a part of it. A part's tokens attend to those of the
 * parts before it, so in every layer a thread waits for the keys and values of the threads before
 * it, and for nobody else.
 */
final class PromptParts {
  /** To attend to so many tokens costs about as much as the products of a layer. */
  private static final double TOKENS_WORTH_A_LAYER = 1024;

  private static final int LOOKS_BEFORE_YIELD = 1_000;

  private final KeyValueCache cache;
  private final int[] begins; // of each part, and the end
  private final AtomicIntegerArray layersWritten;
  private volatile boolean broken;

  /** Parts of about the same cost. */
  PromptParts(KeyValueCache cache, int tokens, int parts) {
    this.cache = cache;
    begins = new int[parts + 1];
    layersWritten = new AtomicIntegerArray(parts);
    double past = cache.length();
    double before = costOf(past);
    double whole = costOf(past + tokens) - before;
    for (int i = 1; i < parts; i++) {
      begins[i] = (int) Math.round(tokensFor(before + whole * i / parts) - past);
    }
    begins[parts] = tokens;
    cache.makeRoom(tokens);
  }

  /** Of a text's first tokens, in products of one token with a layer. */
  private static double costOf(double tokens) {
    return tokens + tokens * tokens / (2 * TOKENS_WORTH_A_LAYER);
  }

  /** How many of a text's tokens have that cost. */
  private static double tokensFor(double cost) {
    return TOKENS_WORTH_A_LAYER * (Math.sqrt(1 + 2 * cost / TOKENS_WORTH_A_LAYER) - 1);
  }

  int count() {
    return layersWritten.length();
  }

  /** Where a part begins in the prompt; that of the count is the prompt's end. */
  int begin(int part) {
    return begins[part];
  }

  /** How many tokens there are before a part, those in the cache included. */
  long past(int part) {
    return cache.length() + begins[part];
  }

  /**
   * Writes a part's keys and values, and gives them and all before them, once they are there.
   *
   * @param newKeys {@code [1, groups, tokens, dim]}
   * @param newValues of the same shape
   */
  KeysAndValues append(int part, int layer, Tensor newKeys, Tensor newValues) {
    KeysAndValues written = cache.write(layer, past(part), newKeys, newValues);
    layersWritten.set(part, layer + 1);
    for (int before = 0; before < part; before++) {
      await(before, layer);
    }
    return written;
  }

  @SuppressWarnings("ThreadPriorityCheck") // a hint; correctness does not rest on it
  private void await(int part, int layer) {
    for (int looks = 0; layersWritten.get(part) <= layer; looks++) {
      if (broken) {
        throw new IllegalStateException("another thread could not read its part of the prompt");
      }
      if (looks < LOOKS_BEFORE_YIELD) {
        Thread.onSpinWait();
      } else {
        Thread.yield();
      }
    }
  }

  /** Lets no thread wait any more, since one does not go on. */
  void giveUp() {
    broken = true;
  }
}
