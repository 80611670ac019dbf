package dev.lora4j.serve.engine;

import java.util.concurrent.ThreadFactory;

/**
 * Threads that do not keep the program running.
 *
 * @param name the name of each
 */
public record DaemonThreads(String name) implements ThreadFactory {
  @Override
  public Thread newThread(Runnable work) {
    Thread thread = new Thread(work, name);
    thread.setDaemon(true);
    return thread;
  }
}
