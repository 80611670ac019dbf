package dev.lora4j.models;

import dev.lora4j.models.KeyValueCache.KeysAndValues;
import dev.lora4j.row.CostModel;
import dev.lora4j.row.Lockstep;
import java.util.Arrays;
import java.util.concurrent.atomic.AtomicIntegerArray;
import org.bytedeco.pytorch.Tensor;

/**
 * A prompt that several threads read, each a part of it. A part's tokens attend to those of the
 * parts before it, so in every layer a thread waits for the keys and values of the threads before
 * it, and for nobody else.
 */
final class PromptParts {
  /** To attend to so many tokens costs about as much as the products of a layer. */
  private final KeyValueCache cache;

  private final int[] begins; // of each part, and the end
  private final AtomicIntegerArray layersWritten;

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
    return tokens + tokens * tokens / (2 * CostModel.ATTENTION_TOKENS_IN_PREFILL);
  }

  /** How many of a text's tokens have that cost. */
  private static double tokensFor(double cost) {
    return CostModel.ATTENTION_TOKENS_IN_PREFILL
        * (Math.sqrt(1 + 2 * cost / CostModel.ATTENTION_TOKENS_IN_PREFILL) - 1);
  }

  /** Where a part begins in the prompt; that after the last, where the prompt ends. */
  int begin(int part) {
    return begins[part];
  }

  /** One of the parts. */
  Part part(int number, Lockstep team) {
    return new Part(number, team);
  }

  /** What a thread reads. */
  final class Part {
    private final int number;
    private final Lockstep team;

    private Part(int number, Lockstep team) {
      this.number = number;
      this.team = team;
    }

    /** Its tokens, of those of the whole prompt. */
    long[] of(long... prompt) {
      return Arrays.copyOfRange(prompt, begins[number], begins[number + 1]);
    }

    /** How many tokens there are before it, those in the cache included. */
    long past() {
      return cache.length() + begins[number];
    }

    /**
     * Writes its keys and values, and gives them and all before them, once they are there.
     *
     * @param newKeys {@code [1, groups, tokens, dim]}
     * @param newValues of the same shape
     */
    KeysAndValues append(int layer, Tensor newKeys, Tensor newValues) {
      KeysAndValues written = cache.write(layer, past(), newKeys, newValues);
      layersWritten.set(number, layer + 1);
      for (int i = 0; i < number; i++) {
        int before = i;
        team.await(() -> layersWritten.get(before) > layer);
      }
      return written;
    }
  }
}
