package dev.lora4j.llm.task.score;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;

/**
 * The score of rankings, one for each query, averaged over the queries that have a relevant item.
 *
 * @param ndcg normalised discounted cumulative gain of the first ten, {@code Σ rel / log₂(rank +
 *     1)} divided by that of the best order (nDCG@10)
 * @param reciprocalRank mean reciprocal rank of the first relevant item within ten (MRR@10)
 * @param recallAt1 share of the relevant items that rank first
 * @param recallAt5 share of the relevant items among the first five
 * @param recallAt10 share of the relevant items among the first ten
 * @param queries number of queries with a relevant item
 */
public record RankingScore(
    double ndcg,
    double reciprocalRank,
    double recallAt1,
    double recallAt5,
    double recallAt10,
    long queries)
    implements TaskScore {
  private static final int DEPTH = 10;

  /** The items of one query: scores by the model, and relevances, 0 for none. */
  @SuppressWarnings("ArrayRecordComponent") // arrays, but instances are never compared
  public record Ranked(double[] scores, double[] relevances) {
    /** Relevances in the order of falling scores; the first of equal ones leads. */
    private double[] inOrder() {
      return IntStream.range(0, scores.length)
          .boxed()
          .sorted(Comparator.comparingDouble((Integer i) -> scores[i]).reversed())
          .mapToDouble(i -> relevances[i])
          .toArray();
    }

    private double[] best() {
      return IntStream.range(0, relevances.length)
          .mapToObj(i -> relevances[i])
          .sorted(Comparator.reverseOrder())
          .mapToDouble(Double::doubleValue)
          .toArray();
    }

    private boolean hasRelevant() {
      return IntStream.range(0, relevances.length).anyMatch(i -> relevances[i] > 0);
    }
  }

  public static RankingScore of(List<Ranked> all) {
    List<double[]> figures = new ArrayList<>();
    for (Ranked query : all) {
      if (query.hasRelevant()) {
        double[] order = query.inOrder();
        figures.add(
            new double[] {
              gain(order) / gain(query.best()),
              reciprocalRank(order),
              recall(order, 1),
              recall(order, 5),
              recall(order, DEPTH)
            });
      }
    }
    return new RankingScore(
        mean(figures, 0),
        mean(figures, 1),
        mean(figures, 2),
        mean(figures, 3),
        mean(figures, 4),
        figures.size());
  }

  @Override
  public Map<String, Double> metrics() {
    return Map.of("ndcg_at_10", ndcg, "mrr_at_10", reciprocalRank, "recall_at_1", recallAt1);
  }

  private static double mean(List<double[]> figures, int which) {
    return figures.stream().mapToDouble(one -> one[which]).average().orElse(0);
  }

  private static double gain(double... relevances) {
    double gain = 0;
    for (int i = 0; i < Math.min(DEPTH, relevances.length); i++) {
      gain += relevances[i] * Math.log(2) / Math.log(i + 2.0);
    }
    return gain;
  }

  private static double reciprocalRank(double... relevances) {
    for (int i = 0; i < Math.min(DEPTH, relevances.length); i++) {
      if (relevances[i] > 0) {
        return 1.0 / (i + 1);
      }
    }
    return 0;
  }

  private static double recall(double[] relevances, int depth) {
    long found = 0;
    long all = 0;
    for (int i = 0; i < relevances.length; i++) {
      all += relevances[i] > 0 ? 1 : 0;
      found += relevances[i] > 0 && i < depth ? 1 : 0;
    }
    return (double) found / all;
  }
}
