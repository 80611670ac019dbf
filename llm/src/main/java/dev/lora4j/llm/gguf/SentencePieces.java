package dev.lora4j.llm.gguf;

import dev.lora4j.llm.gguf.GgufVocabulary.Kind;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;

/** The BPE merges of a sentencepiece model, ranked by the scores of the merged tokens. */
final class SentencePieces {
  private record Pair(String left, String right, double score) {}

  private static final Comparator<Pair> BEST_FIRST =
      Comparator.comparingDouble(Pair::score)
          .thenComparing(pair -> pair.left().length())
          .thenComparing(pair -> pair.right().length())
          .reversed();

  private SentencePieces() {}

  /** Returns the merges in order of rank. */
  static List<String[]> merges(GgufVocabulary vocabulary) {
    double[] scores = vocabulary.scores();
    List<Pair> pairs = new ArrayList<>();
    for (int id = 0; id < vocabulary.size(); id++) {
      if (vocabulary.kind(id) == Kind.NORMAL) {
        addPairs(vocabulary, vocabulary.token(id), scores[id], pairs);
      }
    }
    pairs.sort(BEST_FIRST);
    return pairs.stream().map(pair -> new String[] {pair.left(), pair.right()}).toList();
  }

  private static void addPairs(
      GgufVocabulary vocabulary, String token, double score, List<Pair> pairs) {
    for (int split = 1; split < token.length(); split++) {
      String left = token.substring(0, split);
      String right = token.substring(split);
      if (isNormal(vocabulary, left) && isNormal(vocabulary, right)) {
        pairs.add(new Pair(left, right, score));
      }
    }
  }

  private static boolean isNormal(GgufVocabulary vocabulary, String token) {
    return vocabulary.id(token).stream().anyMatch(id -> vocabulary.kind(id) == Kind.NORMAL);
  }
}
