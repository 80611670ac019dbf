package dev.lora4j.spark.exchange;

import dev.lora4j.train.group.ProcessGroup;
import java.util.List;
import org.bytedeco.pytorch.Tensor;

/** A process group that measures the time in its calls. */
public final class TimedGroup implements ProcessGroup {
  private final ProcessGroup group;
  private long nanos;

  /** Measures a group, which is closed with this one. */
  public TimedGroup(ProcessGroup group) {
    this.group = group;
  }

  /** Returns the time since the last call of this method, in seconds. */
  public double lap() {
    double seconds = nanos / 1e9;
    nanos = 0;
    return seconds;
  }

  @Override
  public int rank() {
    return group.rank();
  }

  @Override
  public int size() {
    return group.size();
  }

  @Override
  public List<byte[]> gather(byte[] own) {
    long start = System.nanoTime();
    try {
      return group.gather(own);
    } finally {
      nanos += System.nanoTime() - start;
    }
  }

  @Override
  public void sum(List<Tensor> own, int blocks, Tensor sum) {
    long start = System.nanoTime();
    try {
      group.sum(own, blocks, sum);
    } finally {
      nanos += System.nanoTime() - start;
    }
  }

  @Override
  public void close() {
    group.close();
  }
}
