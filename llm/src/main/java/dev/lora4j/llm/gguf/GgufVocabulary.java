package dev.lora4j.llm.gguf;

import dev.lora4j.CorruptFile;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalInt;

/** The vocabulary of a GGUF file: tokens, their types, merges and scores. */
final class GgufVocabulary {
  static final String TOKENS = "tokenizer.ggml.tokens";
  static final String TYPES = "tokenizer.ggml.token_type";
  static final String SCORES = "tokenizer.ggml.scores";
  static final String MERGES = "tokenizer.ggml.merges";

  /** The types of tokens, with their codes in a file. */
  enum Kind {
    NORMAL(1),
    UNKNOWN(2),
    CONTROL(3),
    USER_DEFINED(4),
    UNUSED(5),
    BYTE(6);

    private final int number;

    Kind(int number) {
      this.number = number;
    }

    int number() {
      return number;
    }
  }

  private final Metadata metadata;
  private final List<String> tokens;
  private final Kind[] kinds;
  private final Map<String, Integer> ids = new HashMap<>();

  GgufVocabulary(Metadata metadata) {
    this.metadata = metadata;
    tokens = metadata.texts(TOKENS).orElseThrow(() -> metadata.missing(TOKENS, "a list of texts"));
    kinds = kinds();
    for (int id = 0; id < tokens.size(); id++) {
      Integer other = ids.put(tokens.get(id), id);
      if (other != null) {
        throw new CorruptFile(
            metadata.file(),
            "%s: numbers %d and %d are both '%s'".formatted(TOKENS, other, id, tokens.get(id)));
      }
    }
  }

  private Kind[] kinds() {
    Kind[] all = new Kind[tokens.size()];
    Arrays.fill(all, Kind.NORMAL);
    double[] numbers = metadata.numbers(TYPES).orElse(new double[0]);
    if (numbers.length == 0) {
      return all;
    }
    checkLength(TYPES, numbers.length);
    for (int id = 0; id < all.length; id++) {
      for (Kind kind : Kind.values()) {
        if (kind.number == numbers[id]) {
          all[id] = kind;
        }
      }
    }
    return all;
  }

  private void checkLength(String key, int length) {
    if (length != tokens.size()) {
      throw metadata.wrong(key, "one for each of " + tokens.size() + " tokens", length);
    }
  }

  int size() {
    return tokens.size();
  }

  String token(int id) {
    return tokens.get(id);
  }

  Kind kind(int id) {
    return kinds[id];
  }

  boolean contains(String token) {
    return ids.containsKey(token);
  }

  OptionalInt id(String token) {
    Integer id = ids.get(token);
    return id == null ? OptionalInt.empty() : OptionalInt.of(id);
  }

  /** Returns the sentencepiece score of each token. */
  double[] scores() {
    double[] scores =
        metadata
            .numbers(SCORES)
            .orElseThrow(() -> metadata.missing(SCORES, "a number for each token"));
    checkLength(SCORES, scores.length);
    return scores;
  }

  /** Returns the BPE merges in order of rank, each as two tokens separated by a space. */
  List<String> merges() {
    List<String> merges =
        metadata.texts(MERGES).orElseThrow(() -> metadata.missing(MERGES, "a list of pairs"));
    for (int i = 0; i < merges.size(); i++) {
      String merge = merges.get(i);
      int space = merge.indexOf(' ', 1);
      String left = merge.substring(0, Math.max(0, space));
      String right = merge.substring(space + 1);
      if (space < 1 || !contains(left) || !contains(right) || !contains(left + right)) {
        throw metadata.wrong(
            MERGES, "two tokens that together are a third", "'" + merge + "' at " + i);
      }
    }
    return merges;
  }

  OptionalInt special(SpecialToken part) {
    return checked(part.key());
  }

  /** Returns the token id of a metadata key, checked against the vocabulary. */
  OptionalInt checked(String key) {
    OptionalInt id = metadata.whole(key);
    if (id.isPresent() && id.getAsInt() >= tokens.size()) {
      throw metadata.wrong(key, "a number below " + tokens.size(), id.getAsInt());
    }
    return id;
  }
}
