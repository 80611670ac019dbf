package dev.lora4j.spark.exchange;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.lora4j.nn.kernel.Ops;
import dev.lora4j.nn.runtime.Engine;
import dev.lora4j.train.group.BlockSum;
import dev.lora4j.train.group.ProcessGroup;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.function.Function;
import java.util.stream.IntStream;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Tensor;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;

/** Three processes with two workers each, as threads of this one. */
@EnabledOnOs(value = OS.LINUX, disabledReason = "Gloo's native library is there for Linux")
class GlooGroupTest {
  private static final int PROCESSES = 3;
  private static final int WORKERS = 2;
  private static final int LENGTH = 1001; // not divisible

  private static <T> List<T> inEach(Reduction reduction, Function<ProcessGroup, T> work)
      throws Exception {
    return inEach(reduction, Duration.ofMinutes(5), work);
  }

  private static <T> List<T> inEach(
      Reduction reduction, Duration timeout, Function<ProcessGroup, T> work) throws Exception {
    Engine.start();
    CompletableFuture<String> text = new CompletableFuture<>();
    List<String> hosts = List.of("localhost", "localhost", "localhost");
    ExecutorService processes = Executors.newFixedThreadPool(PROCESSES);
    try {
      List<Future<T>> results = new ArrayList<>();
      for (int i = 0; i < PROCESSES; i++) {
        int rank = i;
        results.add(
            processes.submit(
                () -> {
                  try (GlooGroup group =
                      GlooGroup.join(
                          new GlooGroup.Place(rank, hosts, WORKERS, reduction, timeout),
                          own -> {
                            if (rank == 0) {
                              text.complete(own);
                            }
                            return text.join();
                          })) {
                    return work.apply(group);
                  }
                }));
      }
      List<T> all = new ArrayList<>();
      for (Future<T> result : results) {
        all.add(result.get());
      }
      return all;
    } finally {
      processes.shutdownNow();
    }
  }

  private static float[] block(int worker) {
    Random random = new Random(worker);
    float[] values = new float[LENGTH];
    IntStream.range(0, LENGTH).forEach(i -> values[i] = (float) (random.nextGaussian() * 1e3));
    return values;
  }

  private static Tensor tensor(int worker) {
    return Ops.tensor(block(worker), LENGTH);
  }

  /** The sum of the first blocks in the workers' order. */
  private static float[] expected(int blocks) {
    try (PointerScope scope = new PointerScope()) {
      Tensor sum = Ops.zeros(LENGTH);
      BlockSum.inOrder(IntStream.range(0, blocks).mapToObj(GlooGroupTest::tensor).toList(), sum);
      return Ops.floats(sum);
    }
  }

  private static float[] sum(ProcessGroup group, int blocks) {
    try (PointerScope scope = new PointerScope()) {
      int first = group.rank() * WORKERS;
      List<Tensor> own =
          IntStream.range(first, Math.min(blocks, first + WORKERS))
              .mapToObj(GlooGroupTest::tensor)
              .toList();
      Tensor sum = own.isEmpty() ? Ops.zeros(LENGTH) : own.get(0);
      group.sum(own, blocks, sum);
      return Ops.floats(sum);
    }
  }

  @Test
  void orderedSumHasTheBitsOfOneProcess() throws Exception {
    for (int blocks = 1; blocks <= PROCESSES * WORKERS; blocks++) {
      int count = blocks;
      for (float[] found : inEach(Reduction.ORDERED, group -> sum(group, count))) {
        assertThat(found).isEqualTo(expected(count));
      }
    }
  }

  @Test
  void fastSumIsCloseAndEqualInAllProcesses() throws Exception {
    List<float[]> found = inEach(Reduction.FAST, group -> sum(group, 5));

    assertThat(found.get(1)).isEqualTo(found.get(0));
    assertThat(found.get(2)).isEqualTo(found.get(0));
    float[] expected = expected(5);
    for (int i = 0; i < LENGTH; i++) {
      assertThat(found.get(0)[i]).isCloseTo(expected[i], within(1e-2f));
    }
  }

  /** The others join the group, but not the exchange. */
  @Test
  void aProcessThatDoesNotAnswerIsWaitedForUpToTheTimeout() throws Exception {
    CompletableFuture<Void> ended = new CompletableFuture<>();
    List<String> found =
        inEach(
            Reduction.FAST,
            Duration.ofSeconds(3),
            group -> {
              if (group.rank() > 0) {
                ended.join();
                return "";
              }
              try {
                return "received " + group.gather(new byte[1]).size();
              } catch (IllegalStateException e) {
                return e.getMessage();
              } finally {
                ended.complete(null);
              }
            });

    assertThat(found.get(0)).contains("no answer of the other executors within 3s", "the timeout");
  }

  @Test
  void messagesOfAnyLengthArrive() throws Exception {
    List<List<byte[]>> found =
        inEach(
            Reduction.FAST,
            group -> {
              byte[] own = new byte[1 + group.rank() * 1000];
              Arrays.fill(own, (byte) group.rank());
              return group.gather(own);
            });

    for (List<byte[]> all : found) {
      for (int rank = 0; rank < PROCESSES; rank++) {
        assertThat(all.get(rank)).hasSize(1 + rank * 1000).containsOnly((byte) rank);
      }
    }
  }
}
