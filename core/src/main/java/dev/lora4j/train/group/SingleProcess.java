package dev.lora4j.train.group;

import java.util.List;
import org.bytedeco.pytorch.Tensor;

/** The group of one process, which adds its workers' blocks in their order. */
record SingleProcess() implements ProcessGroup {
  @Override
  public int rank() {
    return 0;
  }

  @Override
  public int size() {
    return 1;
  }

  @Override
  public List<byte[]> gather(byte[] own) {
    return List.of(own);
  }

  @Override
  public void sum(List<Tensor> own, int blocks, Tensor sum) {
    BlockSum.inOrder(own, sum);
  }

  @Override
  public void close() {}
}
