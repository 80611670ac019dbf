package dev.lora4j.llm.train;

import java.io.DataInput;
import java.io.DataOutput;
import java.io.IOException;
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

  void write(DataOutput out) throws IOException {
    out.writeInt(sums.size());
    for (Map.Entry<String, Sum> entry : sums.entrySet()) {
      out.writeUTF(entry.getKey());
      out.writeDouble(entry.getValue().sum());
      out.writeLong(entry.getValue().count());
    }
  }

  /** Adds the metrics that another process has written. */
  void read(DataInput in) throws IOException {
    int count = in.readInt();
    for (int i = 0; i < count; i++) {
      sums.merge(in.readUTF(), new Sum(in.readDouble(), in.readLong()), Sum::plus);
    }
  }

  public Map<String, Double> means() {
    Map<String, Double> means = new LinkedHashMap<>();
    sums.forEach((name, sum) -> means.put(name, sum.sum() / sum.count()));
    return means;
  }
}
