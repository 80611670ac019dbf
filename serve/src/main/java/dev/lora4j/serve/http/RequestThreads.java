package dev.lora4j.serve.http;

import org.eclipse.jetty.util.VirtualThreads;
import org.eclipse.jetty.util.thread.QueuedThreadPool;

/**
 * The threads that handle requests: virtual ones from JDK 24 on, where one that waits for a monitor
 * lets others run.
 */
public final class RequestThreads {
  private static final int FIRST_JDK = 24;
  private static final String NAME = "lora4j-http";

  private RequestThreads() {}

  /**
   * Returns a pool that is not started.
   *
   * @param most number of platform threads, some of which serve connections
   */
  public static QueuedThreadPool pool(int most) {
    QueuedThreadPool pool = new QueuedThreadPool(most);
    pool.setName(NAME);
    pool.setDaemon(true);
    if (areVirtual()) {
      pool.setVirtualThreadsExecutor(VirtualThreads.getNamedVirtualThreadsExecutor(NAME + "-"));
    }
    return pool;
  }

  static boolean areVirtual() {
    return Runtime.version().feature() >= FIRST_JDK && VirtualThreads.areSupported();
  }
}
