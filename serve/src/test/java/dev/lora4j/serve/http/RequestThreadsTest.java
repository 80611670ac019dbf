package dev.lora4j.serve.http;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.concurrent.CompletableFuture;
import org.eclipse.jetty.util.VirtualThreads;
import org.eclipse.jetty.util.thread.QueuedThreadPool;
import org.junit.jupiter.api.Test;

class RequestThreadsTest {
  @Test
  void theyAreVirtualFromJdk24On() {
    boolean expected = Runtime.version().feature() >= 24;

    QueuedThreadPool pool = RequestThreads.pool(8);

    assertThat(RequestThreads.areVirtual()).isEqualTo(expected);
    assertThat(pool.getVirtualThreadsExecutor() != null).isEqualTo(expected);
    if (expected) {
      CompletableFuture<Boolean> virtual = new CompletableFuture<>();
      pool.getVirtualThreadsExecutor()
          .execute(() -> virtual.complete(VirtualThreads.isVirtualThread()));
      assertThat(virtual.join()).isTrue();
    }
  }
}
