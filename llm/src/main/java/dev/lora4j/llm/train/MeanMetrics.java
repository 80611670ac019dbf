package dev.lora4j.llm.train;

import java.util.LinkedHashMap;
import java.util.Map;

/** The means of named metrics, collected micro-batch by micro-batch. */
public final class MeanMetrics {
  private record Sum(double sum, long count) {
    Sum plus(Sum other) {
      return new Sum(sum + other.sum, count + other.count);
    }
  }

  private final Map<String, Sum> sums = new LinkedHashMap<>();

  public void add(String name, double value) {
    sums.merge(name, new Sum(value, 1), Sum::plus);
  }

  void addAll(MeanMetrics others) {
    others.sums.forEach((name, sum) -> sums.merge(name, sum, Sum::plus));
  }

  public Map<String, Double> means() {
    Map<String, Double> means = new LinkedHashMap<>();
    sums.forEach((name, sum) -> means.put(name, sum.sum() / sum.count()));
    return means;
  }
}
