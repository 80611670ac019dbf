package dev.lora4j.llm.train;

import dev.lora4j.train.group.BlockSum;
import dev.lora4j.train.group.ProcessGroup;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.BrokenBarrierException;
import java.util.concurrent.CyclicBarrier;
import org.bytedeco.pytorch.Tensor;

/** A process group whose processes are threads of this one; it adds in the workers' order. */
final class LocalGroup {
  private final int size;
  private final CyclicBarrier barrier;
  private final List<byte[]> messages;
  private final List<List<Tensor>> blocks;

  LocalGroup(int size) {
    this.size = size;
    barrier = new CyclicBarrier(size);
    messages = new ArrayList<>(Collections.nCopies(size, new byte[0]));
    blocks = new ArrayList<>(Collections.nCopies(size, List.of()));
  }

  ProcessGroup process(int rank) {
    return new Member(rank);
  }

  private void await() {
    try {
      barrier.await();
    } catch (InterruptedException | BrokenBarrierException e) {
      throw new IllegalStateException("a process is gone", e);
    }
  }

  private final class Member implements ProcessGroup {
    private final int rank;

    Member(int rank) {
      this.rank = rank;
    }

    @Override
    public int rank() {
      return rank;
    }

    @Override
    public int size() {
      return size;
    }

    @Override
    public List<byte[]> gather(byte[] own) {
      messages.set(rank, own);
      await();
      List<byte[]> all = List.copyOf(messages);
      await();
      return all;
    }

    @Override
    public void sum(List<Tensor> own, int count, Tensor sum) {
      blocks.set(rank, own.stream().map(Tensor::clone).toList());
      await();
      List<Tensor> all = blocks.stream().flatMap(List::stream).toList();
      if (all.size() != count) {
        throw new IllegalStateException("%d blocks, not %d".formatted(all.size(), count));
      }
      BlockSum.inOrder(all, sum);
      await();
    }

    @Override
    public void close() {
      barrier.reset();
    }
  }
}
