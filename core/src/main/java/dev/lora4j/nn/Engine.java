package dev.lora4j.nn;

import java.io.IOException;
import org.bytedeco.javacpp.Loader;
import org.bytedeco.openblas.global.openblas;
import org.bytedeco.pytorch.global.torch;

/**
 * Wakes libtorch up, in the one way that suits this library.
 *
 * <p>The libraries' own threads fight over the cores when operators are small, so every operator
 * runs on the thread that calls it; work is split over threads by examples instead (see {@code
 * dev.lora4j.train.Workers}).
 */
public final class Engine {
  private static final int MKL = 3;
  private static final boolean BY_MKL;

  static {
    // Mapped files count as memory in use, so JavaCPP's own limit would refuse large checkpoints.
    System.setProperty("org.bytedeco.javacpp.maxphysicalbytes", "0");
    System.setProperty("org.bytedeco.javacpp.maxbytes", "0");
    Blas.choose();
    openblas.blas_set_num_threads(1);
    BY_MKL = openblas.blas_get_vendor() == MKL;
  }

  private Engine() {}

  /** Loads the native libraries if they are not loaded yet; takes seconds the first time. */
  public static void start() {
    useOneThread();
  }

  /** Makes operators that the calling thread runs stay on it. */
  public static void useOneThread() {
    if (torch.get_num_threads() != 1) {
      torch.set_num_threads(1);
    }
  }

  /** Whether matrices are multiplied by MKL; else it is OpenBLAS that does it. */
  public static boolean multipliesByMkl() {
    return BY_MKL;
  }

  /** The version of libtorch's binding, as far as its jar says. */
  public static String version() {
    try {
      return Loader.getVersion("org.bytedeco", "pytorch");
    } catch (IOException e) {
      return "unknown";
    }
  }

  /**
   * Seeds libtorch's random numbers: initialisation and dropout follow from it. Layers draw in the
   * order in which PyTorch's do, so that one seed gives the weights that {@code torch.manual_seed}
   * gives there.
   */
  public static void seed(long seed) {
    start();
    torch.manual_seed(seed);
  }
}
