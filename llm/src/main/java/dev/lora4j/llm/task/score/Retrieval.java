package dev.lora4j.llm.task.score;

import dev.lora4j.llm.encoder.TokenSequence;
import dev.lora4j.llm.task.data.TaskExample;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * Retrieval of positives by their anchors: each anchor ranks all distinct positives and negatives
 * of the examples by cosine similarity; its own positives are relevant.
 */
final class Retrieval {
  private Retrieval() {}

  static RankingScore of(List<TaskExample> examples, List<float[][]> outputs) {
    Map<TokenSequence, float[]> corpus = new LinkedHashMap<>();
    Map<TokenSequence, float[]> anchors = new LinkedHashMap<>();
    Map<TokenSequence, List<TokenSequence>> relevant = new LinkedHashMap<>();
    for (int i = 0; i < examples.size(); i++) {
      List<TokenSequence> texts = examples.get(i).texts();
      for (int text = 1; text < texts.size(); text++) {
        corpus.put(texts.get(text), outputs.get(i)[text]);
      }
      anchors.put(texts.get(0), outputs.get(i)[0]);
      relevant.computeIfAbsent(texts.get(0), anchor -> new ArrayList<>()).add(texts.get(1));
    }
    List<RankingScore.Ranked> ranked = new ArrayList<>();
    anchors.forEach(
        (anchor, vector) ->
            ranked.add(ranked(vector, corpus, relevant.getOrDefault(anchor, List.of()))));
    return RankingScore.of(ranked);
  }

  private static RankingScore.Ranked ranked(
      float[] anchor, Map<TokenSequence, float[]> corpus, List<TokenSequence> relevant) {
    double[] scores = new double[corpus.size()];
    double[] relevances = new double[corpus.size()];
    int i = 0;
    for (Map.Entry<TokenSequence, float[]> text : corpus.entrySet()) {
      scores[i] = cosine(anchor, text.getValue());
      relevances[i] = relevant.contains(text.getKey()) ? 1 : 0;
      i++;
    }
    return new RankingScore.Ranked(scores, relevances);
  }

  /** The cosine similarity of two vectors; 0 for one of length 0. */
  static double cosine(float[] a, float[] b) {
    double ab = 0;
    double aa = 0;
    double bb = 0;
    for (int i = 0; i < a.length; i++) {
      ab += (double) a[i] * b[i];
      aa += (double) a[i] * a[i];
      bb += (double) b[i] * b[i];
    }
    return aa == 0 || bb == 0 ? 0 : ab / Math.sqrt(aa * bb);
  }
}
