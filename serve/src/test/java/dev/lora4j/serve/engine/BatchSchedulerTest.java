package dev.lora4j.serve.engine;

import static org.assertj.core.api.Assertions.assertThat;

import dev.lora4j.llm.chat.ChatModel;
import dev.lora4j.llm.chat.SavedTextModel;
import dev.lora4j.llm.generate.FinishReason;
import dev.lora4j.llm.generate.Sampling;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Semaphore;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(60)
class BatchSchedulerTest {
  @TempDir Path directory;
  private InferenceEngine engine;

  @BeforeEach
  void start() {
    ChatModel model = ChatModel.open(SavedTextModel.chatty(directory.resolve("model")));
    engine =
        InferenceEngine.start(
            new ServedModel("base", model, 2, Optional.empty()),
            ServingLimits.defaults().maxBatch(2).maxQueue(64).cacheBytes(1 << 20));
  }

  @AfterEach
  void close() {
    engine.close();
  }

  private void submit(GenerationListener listener) {
    AdapterLease lease = engine.model().lease("base");
    engine
        .scheduler()
        .submit(
            new GenerationRequest(
                lease,
                List.of(1L, 2L, 3L),
                2,
                Set.of(),
                TokenChoice.of(Sampling.greedy()),
                Optional.empty(),
                listener));
  }

  /** Counts its end, and may be cancelled at any time. */
  private static class Client implements GenerationListener {
    final AtomicInteger ends = new AtomicInteger();
    final CountDownLatch ended = new CountDownLatch(1);
    volatile boolean cancelled;

    @Override
    public boolean onToken(GeneratedToken token) {
      return !cancelled;
    }

    @Override
    public boolean isCancelled() {
      return cancelled;
    }

    @Override
    public void onEnd(FinishReason reason) {
      ends.incrementAndGet();
      ended.countDown();
    }

    @Override
    public void onFailure(Throwable failure) {
      throw new AssertionError(failure);
    }
  }

  @Test
  void everyRequestEndsOnceWhileOthersAreCancelledInTheQueue() throws Exception {
    Semaphore room = new Semaphore(60);
    AtomicInteger done = new AtomicInteger();
    ExecutorService threads = Executors.newFixedThreadPool(4);
    for (int i = 0; i < 2_000; i++) {
      threads.execute(
          () -> {
            room.acquireUninterruptibly();
            Client client =
                new Client() {
                  @Override
                  public void onEnd(FinishReason reason) {
                    super.onEnd(reason);
                    room.release();
                  }
                };
            submit(client);
            client.cancelled = ThreadLocalRandom.current().nextInt(4) > 0;
            done.incrementAndGet();
          });
    }
    threads.shutdown();
    assertThat(threads.awaitTermination(50, TimeUnit.SECONDS)).isTrue();
    assertThat(room.tryAcquire(60, 20, TimeUnit.SECONDS)).as("all have ended, once").isTrue();
    assertThat(room.tryAcquire()).isFalse();
    assertThat(done).hasValue(2_000);
  }

  @Test
  void aListenerThatFailsAffectsNoOtherCompletion() throws Exception {
    GenerationListener failing =
        new GenerationListener() {
          @Override
          public void onStart() {
            throw new IllegalStateException("onStart");
          }

          @Override
          public boolean onToken(GeneratedToken token) {
            throw new IllegalStateException("onToken");
          }

          @Override
          public boolean isCancelled() {
            return false;
          }

          @Override
          public void onEnd(FinishReason reason) {
            throw new IllegalStateException("onEnd");
          }

          @Override
          public void onFailure(Throwable failure) {
            throw new IllegalStateException("onFailure");
          }
        };
    for (int i = 0; i < 3; i++) {
      submit(failing);
      Client client = new Client();
      submit(client);
      assertThat(client.ended.await(20, TimeUnit.SECONDS)).isTrue();
      assertThat(client.ends).hasValue(1);
    }
  }
}
