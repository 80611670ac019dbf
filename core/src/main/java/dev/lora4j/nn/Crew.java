package dev.lora4j.nn;

import dev.lora4j.row.Lockstep;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.IntConsumer;
import org.jspecify.annotations.Nullable;

/**
 * Threads that help one thread to read and write a text, for as long as it is open: each reads a
 * part of the prompt, and computes some of every single token. It is for texts that are written one
 * at a time; where many are, each had better keep to its thread.
 */
public final class Crew implements AutoCloseable {
  private static final ContextVar<Crew> OF_THREAD = ContextVar.ofThread();

  /** Runs the parts of a task at the same time and waits for them. */
  @FunctionalInterface
  public interface Runner {
    /**
     * @param part gets the numbers from 0 on, each on a thread of its own
     */
    void run(IntConsumer part);
  }

  private final int size;
  private final Runner runner;
  private final @Nullable Crew before;

  private Crew(int size, Runner runner) {
    this.size = size;
    this.runner = runner;
    before = OF_THREAD.get();
  }

  /**
   * Lets them help the calling thread, which closes the crew again.
   *
   * @param size how many parts the runner runs
   */
  public static Crew help(int size, Runner runner) {
    Crew crew = new Crew(size, runner);
    OF_THREAD.set(crew);
    return crew;
  }

  /** What each thread of a crew does, in the same steps as the others. */
  @FunctionalInterface
  public interface Walk {
    /**
     * @param part the thread's number, from 0 on
     */
    void walk(int part, Lockstep team);
  }

  /** How many threads {@link #walk} lets walk. */
  public static int threads() {
    Crew crew = ofThisThread();
    return crew == null ? 1 : crew.size;
  }

  /**
   * Lets the calling thread and those that help it walk together, and waits for them. They see the
   * calling thread's {@link ExecutionContext}, and nobody helps any of them.
   */
  public static void walk(Walk walk) {
    Crew crew = ofThisThread();
    if (crew == null) {
      walk.walk(0, new Lockstep(1));
      return;
    }
    OF_THREAD.set(null);
    try {
      crew.walkTogether(walk);
    } finally {
      OF_THREAD.set(crew);
    }
  }

  private void walkTogether(Walk walk) {
    Lockstep team = new Lockstep(size);
    ExecutionContext context = ExecutionContext.inherited();
    AtomicReference<@Nullable Throwable> first = new AtomicReference<>();
    runner.run(
        part -> {
          try {
            context.run(() -> walk.walk(part, team));
          } catch (RuntimeException | Error e) {
            first.compareAndSet(null, e);
            team.giveUp();
          }
        });
    rethrow(first.get());
  }

  /** The others' failures only follow from the first one. */
  private static void rethrow(@Nullable Throwable first) {
    if (first instanceof RuntimeException e) {
      throw e;
    }
    if (first instanceof Error e) {
      throw e;
    }
  }

  static @Nullable Crew ofThisThread() {
    return OF_THREAD.get();
  }

  int size() {
    return size;
  }

  void run(IntConsumer part) {
    runner.run(part);
  }

  /** They help no more. */
  @Override
  public void close() {
    OF_THREAD.set(before);
  }
}
