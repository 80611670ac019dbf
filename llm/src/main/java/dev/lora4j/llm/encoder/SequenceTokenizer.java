package dev.lora4j.llm.encoder;

import dev.lora4j.UserError;
import dev.lora4j.llm.tokenizer.EncodedText;
import dev.lora4j.llm.tokenizer.Tokenizer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.atomic.AtomicLong;
import java.util.stream.IntStream;

/**
 * Encodes texts and pairs of texts with the special tokens around them, truncated to a maximum
 * number of tokens. Of a pair, the longer text is truncated first, as Hugging Face's {@code
 * longest_first} does. Thread-safe; the tokenizer stays the caller's.
 */
public final class SequenceTokenizer {
  private final Tokenizer tokenizer;
  private final int maxTokens;
  private final AtomicLong truncated = new AtomicLong();

  /** Tokens of one text: their first index and the one after the last. */
  private record Run(int from, int to) {
    int length() {
      return to - from;
    }

    Run cut(int length) {
      return new Run(from, from + length);
    }
  }

  /**
   * @param maxTokens special tokens included
   */
  public SequenceTokenizer(Tokenizer tokenizer, int maxTokens) {
    this.tokenizer = tokenizer;
    this.maxTokens = maxTokens;
  }

  /** Encodes a text. */
  public TokenSequence encode(String text) {
    return fitted(tokenizer.encodeText(text));
  }

  /** Encodes a pair of texts, such as a query and a document. */
  public TokenSequence encode(String first, String second) {
    return fitted(tokenizer.encodePair(first, second));
  }

  /** Returns the number of texts and pairs that were truncated so far. */
  public long truncated() {
    return truncated.get();
  }

  public int maxTokens() {
    return maxTokens;
  }

  private TokenSequence fitted(EncodedText text) {
    int[] ids = text.ids();
    if (ids.length <= maxTokens) {
      return new TokenSequence(ids, text.typeIds());
    }
    truncated.incrementAndGet();
    List<Run> runs = runs(text);
    int room = maxTokens - ids.length + runs.stream().mapToInt(Run::length).sum();
    if (room < 1) {
      throw new UserError(
          "max_seq_length = %d leaves no room for a text between its special tokens"
              .formatted(maxTokens));
    }
    List<Run> cut = cut(runs, room);
    int[] kept =
        IntStream.range(0, ids.length)
            .filter(i -> text.added()[i] || cut.stream().anyMatch(r -> r.from() <= i && i < r.to()))
            .toArray();
    return new TokenSequence(
        Arrays.stream(kept).map(i -> ids[i]).toArray(),
        Arrays.stream(kept).map(i -> text.typeIds()[i]).toArray());
  }

  /** Finds the texts between the special tokens. */
  private static List<Run> runs(EncodedText text) {
    List<Run> runs = new ArrayList<>();
    int from = -1;
    for (int i = 0; i <= text.ids().length; i++) {
      boolean ends =
          from >= 0
              && (i == text.ids().length
                  || text.added()[i]
                  || text.typeIds()[i] != text.typeIds()[i - 1]);
      if (ends) {
        runs.add(new Run(from, i));
        from = -1;
      }
      if (from < 0 && i < text.ids().length && !text.added()[i]) {
        from = i;
      }
    }
    return runs;
  }

  private static List<Run> cut(List<Run> runs, int room) {
    if (runs.size() != 2) {
      Run first = runs.get(0);
      return List.of(first.cut(Math.min(first.length(), room)));
    }
    int one = runs.get(0).length();
    int other = runs.get(1).length();
    int shorter = Math.min(one, other);
    int longer = Math.max(shorter, room - shorter);
    if (shorter > room || shorter + longer > room) {
      shorter = room / 2;
      longer = room - shorter;
    }
    return one > other
        ? List.of(runs.get(0).cut(longer), runs.get(1).cut(shorter))
        : List.of(runs.get(0).cut(shorter), runs.get(1).cut(longer));
  }
}
