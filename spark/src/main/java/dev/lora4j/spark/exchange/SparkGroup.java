package dev.lora4j.spark.exchange;

import dev.lora4j.nn.kernel.Ops;
import dev.lora4j.train.group.BlockSum;
import dev.lora4j.train.group.ProcessGroup;
import java.nio.ByteBuffer;
import java.nio.FloatBuffer;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.stream.Stream;
import org.apache.spark.BarrierTaskContext;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.NoGradGuard;
import org.bytedeco.pytorch.Tensor;

/**
 * A process group by the messages of a barrier stage, which go through the driver: it needs no
 * native library and no port, but Spark looks for the answer only once a second.
 */
public final class SparkGroup implements ProcessGroup {
  private static final int MAX_ANSWER = 32 << 20; // bytes; Spark's limit of a message is 128 MiB

  private final BarrierTaskContext context;
  private final Reduction reduction;

  /** The group of the tasks of a barrier stage. */
  public SparkGroup(BarrierTaskContext context, Reduction reduction) {
    this.context = context;
    this.reduction = reduction;
  }

  @Override
  public int rank() {
    return context.partitionId();
  }

  @Override
  public int size() {
    return context.numPartitions();
  }

  @Override
  public List<byte[]> gather(byte[] own) {
    return Stream.of(context.allGather(Base64.getEncoder().encodeToString(own)))
        .map(Base64.getDecoder()::decode)
        .toList();
  }

  @Override
  public void sum(List<Tensor> own, int blocks, Tensor sum) {
    try (PointerScope scope = new PointerScope();
        NoGradGuard guard = new NoGradGuard()) {
      if (reduction == Reduction.FAST) {
        BlockSum.inOrder(own, sum);
        add(List.of(sum), size(), sum);
      } else {
        add(own, blocks, sum);
      }
    }
  }

  /** Adds all processes' blocks in the order of their ranks, piece by piece. */
  private void add(List<Tensor> own, int blocks, Tensor sum) {
    List<float[]> values = own.stream().map(Ops::floats).toList();
    int length = Math.toIntExact(sum.numel());
    int piece = Math.max(1, MAX_ANSWER / Float.BYTES / Math.max(1, blocks));
    float[] total = new float[length];
    for (int from = 0; from < length; from += piece) {
      int count = Math.min(piece, length - from);
      add(gather(bytes(values, from, count)), total, from, count);
    }
    sum.copy_(Ops.tensor(total, length));
  }

  private static byte[] bytes(List<float[]> values, int from, int count) {
    ByteBuffer bytes = ByteBuffer.allocate(values.size() * count * Float.BYTES);
    FloatBuffer floats = bytes.asFloatBuffer();
    values.forEach(block -> floats.put(block, from, count));
    return bytes.array();
  }

  private static void add(List<byte[]> all, float[] total, int from, int count) {
    List<Tensor> blocks = new ArrayList<>();
    try (PointerScope scope = new PointerScope()) {
      for (byte[] bytes : all) {
        float[] values = new float[bytes.length / Float.BYTES];
        ByteBuffer.wrap(bytes).asFloatBuffer().get(values);
        Tensor received = Ops.tensor(values, values.length);
        for (int i = 0; i < values.length; i += count) {
          blocks.add(received.narrow(0, i, count));
        }
      }
      Tensor sum = Ops.zeros(count);
      BlockSum.inOrder(blocks, sum);
      System.arraycopy(Ops.floats(sum), 0, total, from, count);
    }
  }

  @Override
  public void close() {}
}
