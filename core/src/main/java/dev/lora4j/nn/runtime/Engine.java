package dev.lora4j.nn.runtime;

import java.io.IOException;
import java.util.function.Supplier;
import org.bytedeco.javacpp.Loader;
import org.bytedeco.javacpp.Pointer;
import org.bytedeco.openblas.global.openblas;
import org.bytedeco.pytorch.global.torch;

/**
 * Loads the native libraries and applies the settings that lora4j needs.
 *
 * <p>The native libraries' own threads compete for the cores when operators are small, so every
 * operator runs on the thread that calls it, and work is split over threads by examples (see {@code
 * dev.lora4j.train.Workers}): 184 to 200 tokens/s instead of 45 to 52 on 2 cores.
 *
 * <p>Settings that outlast a call and affect other code in the process; there are no others:
 *
 * <ul>
 *   <li>BLAS computes on one thread, in the whole process: neither OpenBLAS nor MKL has a setting
 *       per thread.
 *   <li>Libtorch's intra-op thread count is 1 for the thread that starts the engine, for the worker
 *       threads, and for threads that train or generate. Other threads keep theirs; a thread that
 *       has never called libtorch begins with the count that was set last, on any thread.
 *   <li>{@link EngineSettings}: JavaCPP's memory limits and the BLAS library are system properties,
 *       set unless the program has set them; native libraries are extracted to a directory of each
 *       BLAS library within JavaCPP's. Where JavaCPP was in use before and ignores them, a warning
 *       is logged.
 * </ul>
 */
public final class Engine {
  private static final int MKL = 3;
  private static final boolean BY_MKL;
  private static final ContextVar<Boolean> BESIDE_OTHERS = ContextVar.ofThread();

  static {
    EngineSettings.apply();
    BY_MKL = NativeCache.guard(Engine::load);
    EngineSettings.warnIfIgnored(BY_MKL);
  }

  /**
   * Loads all native libraries. JavaCPP loads a library while it holds a lock, and initialising the
   * library needs the class {@link Pointer}, whose own initialiser waits for that lock. Two threads
   * in opposite order wait for each other, so {@code Pointer} comes first.
   */
  private static boolean load() {
    Loader.load(Pointer.class);
    openblas.blas_set_num_threads(1);
    CudaLibraries.skipIfUnused();
    torch.get_num_threads();
    return openblas.blas_get_vendor() == MKL;
  }

  private Engine() {}

  /** Loads the native libraries if they are not loaded yet; takes seconds the first time. */
  public static void start() {
    useOneThread();
  }

  /**
   * Runs work whose operators are split over several threads, on the calling thread: for a single
   * example, which leaves the other workers without work. Nothing else may compute meanwhile.
   */
  public static void onThreads(int threads, Runnable work) {
    if (BESIDE_OTHERS.get() != null) {
      work.run();
      return;
    }
    openblas.blas_set_num_threads(threads);
    torch.set_num_threads(threads);
    try {
      work.run();
    } finally {
      torch.set_num_threads(1);
      openblas.blas_set_num_threads(1);
    }
  }

  /**
   * Runs work beside other threads that compute: {@link #onThreads} splits none of its operators,
   * because that changes settings of the whole process.
   */
  public static <T> T besideOthers(Supplier<T> work) {
    BESIDE_OTHERS.set(true);
    try {
      return work.get();
    } finally {
      BESIDE_OTHERS.set(null);
    }
  }

  /** Makes the calling thread's operators run on that thread alone. */
  public static void useOneThread() {
    if (torch.get_num_threads() != 1) {
      torch.set_num_threads(1);
    }
  }

  /** Returns whether MKL multiplies matrices, not OpenBLAS. */
  public static boolean multipliesByMkl() {
    return BY_MKL;
  }

  /** Returns the version of the libtorch binding, {@code unknown} if its jar has none. */
  public static String version() {
    try {
      return Loader.getVersion("org.bytedeco", "pytorch");
    } catch (IOException e) {
      return "unknown";
    }
  }

  /** Seeds libtorch's random numbers; weights are those that {@code torch.manual_seed} gives. */
  public static void seed(long seed) {
    start();
    torch.manual_seed(seed);
  }
}
