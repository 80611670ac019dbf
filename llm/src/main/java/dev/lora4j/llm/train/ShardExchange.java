package dev.lora4j.llm.train;

import dev.lora4j.train.Workers;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.List;

/**
 * The exchange of losses and metrics between the processes of a group: each knows those of its own
 * workers' shards and learns those of all others.
 */
final class ShardExchange {
  private final Workers workers;
  private final double[] sums;
  private final List<MeanMetrics> metrics;

  /**
   * @param sums loss of each shard
   * @param metrics of each shard, or none
   */
  ShardExchange(Workers workers, double[] sums, List<MeanMetrics> metrics) {
    this.workers = workers;
    this.sums = sums;
    this.metrics = metrics;
  }

  /** Completes losses and metrics in place. Every process of the group calls it. */
  void complete() {
    try {
      List<byte[]> all = workers.group().gather(own());
      for (int rank = 0; rank < all.size(); rank++) {
        if (rank != workers.group().rank()) {
          read(rank, all.get(rank));
        }
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private byte[] own() throws IOException {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    DataOutputStream out = new DataOutputStream(bytes);
    int rank = workers.group().rank();
    for (int shard = first(rank); shard < end(rank); shard++) {
      out.writeDouble(sums[shard]);
      if (!metrics.isEmpty()) {
        metrics.get(shard).write(out);
      }
    }
    return bytes.toByteArray();
  }

  private void read(int rank, byte[] bytes) throws IOException {
    DataInputStream in = new DataInputStream(new ByteArrayInputStream(bytes));
    for (int shard = first(rank); shard < end(rank); shard++) {
      sums[shard] = in.readDouble();
      if (!metrics.isEmpty()) {
        metrics.get(shard).read(in);
      }
    }
  }

  private int first(int rank) {
    return rank * workers.own();
  }

  private int end(int rank) {
    return Math.min(sums.length, first(rank + 1));
  }
}
