package dev.lora4j.train.group;

import java.util.List;
import org.bytedeco.pytorch.Tensor;

/**
 * The processes that take the steps of one run together. Each has the same model, the same data and
 * an equal part of the workers, in the order of the ranks. All processes make the same calls in the
 * same order; a call returns when every process has made it, and fails if a process is gone.
 */
public interface ProcessGroup extends AutoCloseable {

  /** The group of this process alone. */
  ProcessGroup SINGLE = new SingleProcess();

  /** Number of this process, from 0. */
  int rank();

  /** Number of processes. */
  int size();

  /** Returns the bytes of every process, by rank. */
  List<byte[]> gather(byte[] own);

  /**
   * Adds up the blocks of all processes, with equal results in all of them.
   *
   * @param own blocks of this process's workers in their order, {@code [n]} each; possibly none
   * @param blocks number of blocks in all processes: the first workers have one each
   * @param sum {@code [n]}, receives the sum; may be the first of the blocks
   */
  void sum(List<Tensor> own, int blocks, Tensor sum);

  @Override
  void close();
}
