package dev.lora4j.llm.decode;

import dev.lora4j.llm.model.KeyValueCache.KeysAndValues;
import dev.lora4j.llm.model.KeyValueStore;
import dev.lora4j.nn.runtime.CostModel;
import dev.lora4j.nn.runtime.TeamBarrier;
import java.util.Arrays;
import java.util.concurrent.atomic.AtomicIntegerArray;
import org.bytedeco.pytorch.Tensor;

/** A chunked prefill: in each layer, a thread's chunk waits only for the chunks before it. */
final class PipelinedPrefill {
  private final KeyValueStore cache;

  private final int[] starts; // of each chunk, and the end
  private final AtomicIntegerArray layersWritten;

  /** Splits tokens into chunks of about the same cost. */
  PipelinedPrefill(KeyValueStore cache, int tokens, int chunks) {
    this.cache = cache;
    starts = new int[chunks + 1];
    layersWritten = new AtomicIntegerArray(chunks);
    double past = cache.length();
    double before = costOf(past);
    double total = costOf(past + tokens) - before;
    for (int i = 1; i < chunks; i++) {
      starts[i] = (int) Math.round(tokensFor(before + total * i / chunks) - past);
    }
    starts[chunks] = tokens;
    cache.makeRoom(tokens);
  }

  /** Cost of a text's first tokens, in products of one token with a layer. */
  private static double costOf(double tokens) {
    return tokens + tokens * tokens / (2 * CostModel.ATTENTION_TOKENS_IN_PREFILL);
  }

  private static double tokensFor(double cost) {
    return CostModel.ATTENTION_TOKENS_IN_PREFILL
        * (Math.sqrt(1 + 2 * cost / CostModel.ATTENTION_TOKENS_IN_PREFILL) - 1);
  }

  /** First token of a chunk; the end of the prompt for the chunk after the last. */
  int start(int chunk) {
    return starts[chunk];
  }

  Chunk chunk(int number, TeamBarrier team) {
    return new Chunk(number, team);
  }

  /** The tokens of one thread. */
  final class Chunk {
    private final int number;
    private final TeamBarrier team;

    private Chunk(int number, TeamBarrier team) {
      this.number = number;
      this.team = team;
    }

    /** The tokens of the chunk. */
    long[] of(long... prompt) {
      return Arrays.copyOfRange(prompt, starts[number], starts[number + 1]);
    }

    /** Number of tokens before the chunk, including those in the cache. */
    long past() {
      return cache.length() + starts[number];
    }

    /** Number of tokens of the text, with those of the later chunks. */
    long end() {
      return cache.length() + starts[starts.length - 1];
    }

    /**
     * Writes the chunk's keys and values, waits for the earlier chunks, and returns all up to its
     * end.
     */
    KeysAndValues append(int layer, Tensor newKeys, Tensor newValues) {
      cache.write(layer, past(), newKeys, newValues);
      layersWritten.set(number, layer + 1);
      for (int i = 0; i < number; i++) {
        int before = i;
        team.await(() -> layersWritten.get(before) > layer);
      }
      return cache.read(layer, past() + newKeys.size(2));
    }
  }
}
